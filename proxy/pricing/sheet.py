"""The price sheet of the `genai-prices` package, read by our own rules.

The package prices whatever it finds: a tier without a row as standard, a part without a price as
the whole it belongs to. Here such an answer has no price. Dates, times of day and thresholds are
the package's. What it cannot say is looked for here: DeepSeek's peak hours are those of working
days (its price page), Anthropic's `inference_geo` and OpenAI's regional hosts cost a tenth more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import version
from typing import Final, NamedTuple, TypeAlias

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    TieredPrices,
    TimeOfDateConstraint,
)

from proxy.pricing.rates import FREE, Rates, Tariff, Tiers, scaled

SOURCE: Final = f"genai-prices {version('genai-prices')}"

#: Clients choose the names, so they are not remembered without end.
REMEMBERED_MAX: Final = 2_048
NAME_MAX: Final = 200

_MTOK: Final = 10**6
_Price: TypeAlias = Decimal | TieredPrices
_Prices: TypeAlias = Mapping[str, _Price]


class Terms(NamedTuple):
    """On what an answer is priced beside its usage, in lower case."""

    service_tier: str = ""
    speed: str = ""
    #: Anthropic's `inference_geo`.
    geo: str = ""
    #: The upstream's region or location, as `overlay.place` tells it.
    place: str = ""

    @property
    def wanted(self) -> list[tuple[str, str]]:
        """Which rows of prices it takes beside the standard ones, as the sheet names them."""
        rows: list[tuple[str, str]] = []
        if self.service_tier == "batch":
            rows.append(("processing", "batch"))
        elif self.service_tier not in STANDARD:
            rows.append(("service_tier", self.service_tier))
        if self.speed not in STANDARD:
            rows.append(("speed", self.speed))
        return rows


#: What providers call the tier that has no name: OpenAI, Anthropic, Groq.
STANDARD: Final = frozenset(("", "default", "standard", "on_demand"))
#: What Google's answers call their tiers.
_TIERS: Final = {
    "on_demand_priority": "priority",
    "on_demand_flex": "flex",
    "traffic_type_unspecified": "",
    "unspecified": "",
}
#: A tier that has another's rates where the sheet has no row of its own.
SAME_AS: Final = {"fast": "priority"}
#: Units that no usage counts; a model that is charged by them has no price.
_UNCOUNTED: Final = frozenset((
    "input_mchars", "input_document_kpages", "input_annotated_document_kpages",
    "input_text_messages_kcount", "output_citation_mtok", "rerank_searches_kcount",
))  # fmt: skip
#: Moving pictures are counted by no usage; mostly they cost what text does.
_VIDEO: Final = frozenset(("input_video_mtok", "output_video_mtok", "cache_video_read_mtok"))
#: The first that the sheet has is the rate of each kind of token.
_RATES: Final[dict[str, tuple[str, ...]]] = {
    "prompt": ("input_text_mtok", "input_mtok"),
    "cached": ("cache_text_read_mtok", "cache_read_mtok", "input_text_mtok", "input_mtok"),
    "cache_write": (
        "cache_text_write_5m_mtok", "cache_write_5m_mtok", "cache_text_write_mtok",
        "cache_write_mtok",
    ),
    "cache_write_1h": ("cache_text_write_1h_mtok", "cache_write_1h_mtok"),
    "audio_input": ("input_audio_mtok",),
    "audio_cached": ("cache_audio_read_mtok",),
    "image_input": ("input_image_mtok", "input_mtok"),
    "image_cached": ("cache_image_read_mtok",),
    "completion": ("output_text_mtok", "output_mtok"),
    "reasoning": ("output_text_reasoning_mtok", "output_reasoning_mtok", "output_mtok"),
    "audio_output": ("output_audio_mtok",),
    "image_output": ("output_image_mtok", "output_mtok"),
}  # fmt: skip
#: Groq bills at least ten seconds of audio (its price page).
_AUDIO_SECONDS_MIN: Final = {("groq", "whisper-large-v3"), ("groq", "whisper-large-v3-turbo")}


def tier_of(said: str) -> str:
    """The name of a tier, as rows of prices have it, of one that an answer names in lower case."""
    return _TIERS.get(said, said)


def find(provider: str, model: str) -> tuple[ModelInfo, bool] | None:
    """The sheet's model of this name, and whether it stands among the provider's own.

    `provider` is looked up by the id that genai-prices has for it, exactly: one that only sounds
    like OpenAI does not charge OpenAI's prices. Not through the package's own look-up, which
    remembers every name that it was ever asked for.
    """
    providers = get_snapshot().providers
    for candidate in providers:
        if candidate.id == provider:
            info = candidate.find_model(model, all_providers=providers)
            return None if info is None else (info, any(info is own for own in candidate.models))
    return None


def names(provider: str) -> frozenset[str]:
    """The names that the sheet has for a provider's models."""
    return frozenset(model.id for known in _named(provider) for model in known.models)


def _named(provider: str) -> list[Provider]:
    return [known for known in get_snapshot().providers if known.id == provider]


def is_listed(provider: str, model: str) -> bool:
    """Whether the sheet has this very name: of names that begin like one there is no end."""
    known = _names.get(provider)
    if known is None:
        known = _names[provider] = names(provider)
    return model in known


#: By provider, of which there are as many as the operator configured.
_names: dict[str, frozenset[str]] = {}


def listed_name(provider: str, model: str) -> str | None:
    """The name that the sheet has for `model`, of which there are few.

    Many names may stand for one model: the sheet has `claude-3-5-haiku` and whatever begins so.
    """
    return None if len(model) > NAME_MAX else _listed_name(provider, model)


@lru_cache(maxsize=REMEMBERED_MAX)
def _listed_name(provider: str, model: str) -> str | None:
    found = find(provider, model)
    return None if found is None else found[0].id


def terms_of(provider: str, model: str) -> list[Terms]:
    """The terms for which the sheet has rows, the standard ones first."""
    found = find(provider, model)
    known = [Terms()]
    for variant in (found[0].price_variants or ()) if found is not None and found[1] else ():
        ((key, value),) = variant.when.items() if len(variant.when) == 1 else (("", ""),)
        terms = {
            "service_tier": Terms(value),
            "processing": Terms(value),
            "speed": Terms(speed=value),
        }.get(key)
        if terms is not None and terms.wanted and terms not in known:
            known.append(terms)
    return known


def context_length(provider: str, model: str) -> int | None:
    """How many tokens the model takes at most, where the sheet says it."""
    found = find(provider, model)
    return None if found is None else found[0].context_window


def tariff(provider: str, model: str, terms: Terms, at: float) -> Tariff | None:
    """What `model` costs at `at` (Unix seconds); None where the sheet does not know it.

    On terms for which it has no row, the tariff is empty.
    """
    found = find(provider, model)
    if found is None:
        return None
    info, own = found
    moment = datetime.fromtimestamp(at, UTC)
    prices = _prices_at(provider, info, moment)
    changed = _variant(info if own else None, terms, moment)
    known = prices is not None and changed is not None
    tiers = _tiers(provider, info, {**(prices or {}), **(changed or {})}) if known else ()
    return Tariff(tiers, SOURCE, since=at, until=_until(info, moment))


def _prices_at(provider: str, info: ModelInfo, at: datetime) -> _Prices | None:
    # As ModelInfo.get_prices: the last that is active, and the first where none is.
    if isinstance(info.prices, ModelPrice):
        return _said(info.prices)
    for price in reversed(info.prices):
        if _is_active(provider, price, at):
            return _said(price.prices)
    return _said(info.prices[0].prices) if info.prices else None


def _is_active(provider: str, price: ConditionalPrice, at: datetime) -> bool:
    if price.constraint is None:
        return True
    by_hour = isinstance(price.constraint, TimeOfDateConstraint)
    if by_hour and provider == "deepseek" and at.weekday() >= _SATURDAY:
        # Its hours lie within one day both there and in UTC.
        return False
    return price.constraint.active(at)


_SATURDAY: Final = 5


def _said(price: ModelPrice) -> _Prices:
    return {
        key: value
        for key, value in vars(price).items()
        if isinstance(value, Decimal | TieredPrices)
    }


def _variant(info: ModelInfo | None, terms: Terms, at: datetime) -> _Prices | None:
    """What the answer's terms change of the prices; None where no row says it."""
    wanted = terms.wanted
    if not wanted:
        return {}
    if len(wanted) > 1 or info is None:
        return None
    ((key, value),) = wanted
    for name in (value, SAME_AS.get(value, value)):
        for variant in info.price_variants or ():
            active = variant.constraint is None or variant.constraint.active(at)
            if active and variant.when == {key: name}:
                return _said(variant.prices)
    return None


def _tiers(provider: str, info: ModelInfo, prices: _Prices) -> Tiers:
    # The negative start holds for every prompt, the empty one included.
    starts = {-1}
    for value in prices.values():
        if isinstance(value, TieredPrices):
            starts.update(tier.start for tier in value.tiers)
    return tuple(
        (start, _rates(provider, info, {key: _at(price, start) for key, price in prices.items()}))
        for start in sorted(starts, reverse=True)
    )


def _at(price: _Price, start: int) -> Decimal:
    """The price of a prompt that is longer than `start`."""
    if isinstance(price, TieredPrices):
        due = [tier.price for tier in price.tiers if tier.start <= start]
        return due[-1] if due else price.base
    return price


def _rates(provider: str, info: ModelInfo, prices: Mapping[str, Decimal]) -> Rates:
    if not prices:
        return FREE
    tokens = {
        name: next((scaled(prices[key], _MTOK) for key in keys if key in prices), None)
        for name, keys in _RATES.items()
    }
    if provider == "google":
        # Its models that have no price for audio take it at the price of text.
        tokens["audio_input"] = _first(tokens["audio_input"], tokens["prompt"])
        tokens["audio_output"] = _first(tokens["audio_output"], tokens["completion"])
    for kind in ("audio", "image"):
        if tokens[f"{kind}_cached"] is None and tokens[f"{kind}_input"] == tokens["prompt"]:
            tokens[f"{kind}_cached"] = tokens["cached"]
    hours = prices.get("audio_hours", prices.get("input_audio_hours"))
    searches = prices.get("web_searches_kcount")
    return replace(
        Rates().tokens(tokens),
        request=scaled(prices.get("requests_kcount", 0), 1_000),
        web_search=None if searches is None else scaled(searches, 1_000),
        audio_second=None if hours is None else scaled(hours, 3_600),
        audio_seconds_min=10 if (provider, info.id) in _AUDIO_SECONDS_MIN else 0,
        uncounted=not _UNCOUNTED.isdisjoint(prices),
        video_apart=not _VIDEO.isdisjoint(prices),
    )


def _first(*rates: int | None) -> int | None:
    return next((rate for rate in rates if rate is not None), None)


def midnight(at: float) -> float:
    """The end of the day (UTC) of `at`, when the sheet may have other prices."""
    return at - at % _DAY_S + _DAY_S


_DAY_S: Final = 86_400


def _until(info: ModelInfo, at: datetime) -> float:
    """When the sheet may have other prices: at midnight, or at an hour that it names."""
    ends = [midnight(at.timestamp())]
    for price in info.prices if isinstance(info.prices, list) else ():
        if isinstance(price.constraint, TimeOfDateConstraint):
            for hour in (price.constraint.start_time, price.constraint.end_time):
                moment = datetime.combine(at.date(), hour.replace(tzinfo=None), UTC)
                if moment > at:
                    ends.append(moment.timestamp())
    return min(ends)
