"""Where the sheet is known to be wrong or silent, against three other sources.

Compared on the day that each row names: genai-prices 0.2.3, LiteLLM 1.110.2, model-prices 0.0.5,
models.dev, and the providers' price pages. Where they differ and nothing decides between them, the
model has no price: a number that is surely wrong is worse than none. A row is read before the
sheet, and goes once the sheet has caught up with it (`tests/proxy/pricing/test_overlay.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Final, NamedTuple

from proxy.pricing.rates import Rates, scaled

_COMPARED: Final = date(2026, 11, 28)
_MTOK: Final = 10**6


class Row(NamedTuple):
    """What is said of the models `provider/name`, in which `*` stands for anything.

    `prices` (USD per million tokens) replace the sheet's; `is_open`: no price is known. `open`:
    parts of a usage that have no known price; `needs`: parts that a true usage has.
    """

    models: tuple[str, ...]
    source: str
    checked: date = _COMPARED
    prices: Mapping[str, Decimal] | None = None
    is_open: bool = False
    open: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()


_OPENAI_PRICES: Final = "https://developers.openai.com/api/docs/pricing"

ROWS: Final = (
    Row(
        (
            "openai/gpt-4o-search-preview*",
            "openai/gpt-4o-mini-search-preview*",
            "openai/gpt-5-search-api*",
        ),
        "LiteLLM has a price per request beside the tokens ($0.025, $0.01), the sheet has none",
        is_open=True,
    ),
    Row(
        ("openai/gpt-4o-audio-preview*", "openai/gpt-4o-mini-audio*"),
        "the sheet has the prices of text alone; " + _OPENAI_PRICES,
        open=frozenset(("audio_input", "audio_output")),
    ),
    Row(
        ("openai/gpt-4o-transcribe*", "openai/gpt-4o-mini-transcribe*"),
        "audio costs more than text, and an answer that does not tell them apart has no price; "
        + _OPENAI_PRICES,
        needs=frozenset(("audio_input",)),
    ),
    Row(
        ("openai/gpt-image-1.5*", "openai/chatgpt-image-latest"),
        "images cost more than text, and an answer that does not tell them apart has no price; "
        + _OPENAI_PRICES,
        needs=frozenset(("image_output",)),
    ),
    Row(
        ("openai/gpt-5-image*", "openai/gpt-5.4-image*"),
        "taken from OpenRouter, whose price of images the sheet lacks",
        open=frozenset(("image_output",)),
    ),
    Row(
        ("openai/ft:gpt-4o*", "openai/gpt-4o-mini-2024-07-18.ft-*"),
        "the sheet takes cached tokens for others; LiteLLM has half the price",
        open=frozenset(("cached",)),
    ),
    Row(
        ("openai/gpt-4o*", "openai/chatgpt-4o*", "openai/gpt-4.1*"),
        "a search costs $10, $25 or the tokens found, by the tool that the request names; the "
        "sources differ; " + _OPENAI_PRICES,
        open=frozenset(("web_searches",)),
    ),
    Row(
        ("google/*",),
        "searches have a daily allowance that is free, which no answer tells; "
        "https://ai.google.dev/gemini-api/docs/pricing",
        open=frozenset(("web_searches",)),
    ),
    Row(
        ("perplexity/sonar*",),
        "the price of a request depends on the size of the search's context; the answer's own "
        "usage.cost.total_cost is exact; https://docs.perplexity.ai/guides/pricing",
        is_open=True,
    ),
    Row(
        (
            "mistral/mistral-large-latest",
            "mistral/mistral-large",
            "mistral/mistral-medium",
            "mistral/magistral-small-latest",
            "mistral/magistral-medium-latest",
        ),
        "aliases whose model has changed: the sheet's price differs from LiteLLM's, model-prices' "
        "and models.dev's",
        is_open=True,
    ),
    Row(
        ("deepseek/deepseek-chat", "deepseek/deepseek-reasoner"),
        "every source has another price",
        is_open=True,
    ),
    Row(
        ("x-ai/grok-code-fast-1*",),
        "the sheet has $0.2 and $1.5, LiteLLM $1 and $2",
        is_open=True,
    ),
    Row(
        ("anthropic/claude-mythos-5-1*",),
        "LiteLLM 1.110.2 and model-prices 0.0.5 agree; the sheet has no row",
        prices={"prompt": Decimal(10), "cached": Decimal("0.25"), "completion": Decimal(50)},
        open=frozenset(("cache_write",)),
    ),
    Row(
        tuple(
            f"aws/{region}.amazon.nova*" for region in ("eu", "apac", "jp", "us-gov")
        ),
        "5 to 31 % dearer than in the United States, whose price the sheet has for all; "
        "https://aws.amazon.com/bedrock/pricing",
        is_open=True,
    ),
)  # fmt: skip


def rows(provider: str, model: str) -> list[Row]:
    """What is said of a model, the first row first."""
    # The sheet takes OpenAI's row for what Azure has none of.
    maker = "openai" if provider == "azure" else provider
    name = f"{maker}/{model.lower()}"
    return [row for row in ROWS if any(fnmatchcase(name, known) for known in row.models)]


def reasons(provider: str, model: str) -> list[str]:
    """Why a model has no price, where the overlay takes it away."""
    return [row.source for row in rows(provider, model) if row.is_open]


def changed(rates: Rates, said: list[Row]) -> Rates:
    """The sheet's rates as the overlay has them."""
    return replace(
        rates,
        open=rates.open.union(*(row.open for row in said)),
        needs=rates.needs.union(*(row.needs for row in said)),
    )


def rates_of(row: Row) -> Rates:
    """The rates of a row that has prices of its own."""
    prices = {name: scaled(dollars, _MTOK) for name, dollars in (row.prices or {}).items()}
    whole = {"reasoning": prices["completion"], "image_input": prices["prompt"]}
    return Rates().tokens({**prices, **whole})


_TENTH_MORE: Final = Fraction(11, 10)
_STANDARD: Final = Fraction(1)
#: Hosts of OpenAI's that process in one region, and the models that cost more there.
_OPENAI_REGION: Final = re.compile(r"([a-z]++)\.api\.openai\.com")
_OPENAI_REGIONAL: Final = re.compile(r"gpt-(?:5[.-][4-9]|[6-9])")
#: Regions whose prices the sheet has. Claude costs the same in all but the government's.
_BEDROCK_REGION: Final = re.compile(r"bedrock-runtime(?:-fips)?\.([a-z0-9-]++)\.")
_BEDROCK_LISTED: Final = ("", "us-east-1", "us-east-2", "us-west-2")
_BEDROCK_APART: Final = ("us-gov", "cn-", "us-iso")
_VERTEX_LOCATION: Final = re.compile(rb"/locations/([^/]++)/")
#: Claude before 4.5 costs the same everywhere, or did; nothing says which.
_VERTEX_BEFORE: Final = re.compile(r"claude-(?:[123]|4-[os]|(?:opus|sonnet)-4(?:-[01]|@|$))")


def place(provider: str, host: str, *path: bytes) -> str:
    """What of an upstream's place can change a price: a region, a location, mostly nothing."""
    if provider == "openai" and host != "api.openai.com":
        region = _OPENAI_REGION.fullmatch(host)
        return "" if region is None else region[1]
    if provider == "aws":
        endpoint = _BEDROCK_REGION.search(host)
        return "" if endpoint is None else endpoint[1]
    if provider == "google":
        location = _VERTEX_LOCATION.search(b"".join(path))
        return "" if location is None else location[1].decode("latin-1")
    return ""


def is_in_path(provider: str) -> bool:
    """Whether what `place` tells of an upstream may depend on the path of the request."""
    return provider == "google"


def factor(provider: str, model: str, place: str, geo: str) -> Fraction | None:
    """How many times the sheet's price a token costs in `place`; None where it is unknown.

    `geo` is Anthropic's `inference_geo`. Sources: the providers' price pages, and LiteLLM 1.110.2,
    on 2026-11-28.
    """
    if provider == "anthropic":
        return _BY_GEO.get(geo)
    if provider == "openai" and place and _OPENAI_REGIONAL.match(model):
        return _TENTH_MORE if place in ("eu", "us") else None
    if provider == "google" and "claude" in model and place not in ("", "global"):
        return None if _VERTEX_BEFORE.search(model) else _TENTH_MORE
    if provider == "aws":
        apart = place.startswith(_BEDROCK_APART) or model.startswith("us-gov.")
        same = "anthropic." in model or place in _BEDROCK_LISTED
        return None if apart or not same else _STANDARD
    return _STANDARD


_BY_GEO: Final = {"": _STANDARD, "global": _STANDARD, "not_available": _STANDARD, "us": _TENTH_MORE}
