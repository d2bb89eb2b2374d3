"""PRICES_FILE: the operator's own prices, which replace the sheet's.

    [prices."openai/gpt-4o*"]               # of one provider; * stands for anything, ? for one
    input = 2.5                             # USD per million tokens
    output = 10
    cache_read = 1.25
    [[prices."openai/gpt-4o*".tiers]]       # of requests whose prompt is longer
    over = 200000
    input = 5
    [prices."openai/gpt-4o*".service_tiers.flex]
    input = 1.25
    output = 5

    [prices."azure/my-deployment"]
    same_as = "openai/gpt-4o"

The pattern with the longest literal start counts, and an entry replaces the sheet's whole. A part
of the tokens without a rate of its own costs what the whole it belongs to does.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from config import ConfigError
from proxy.pricing import overlay, sheet
from proxy.pricing.rates import Rates, Tiers, scaled
from proxy.pricing.sheet import Terms

SOURCE: Final = "prices_file"

_MTOK: Final = 10**6
_MOST_USD: Final = 10**6
_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}/[\x21-\x7e]{1,200}")


def _money(value: object) -> Decimal:
    # `bool` is an `int` to Python, and no price.
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        dollars = Decimal(value)
        if dollars.is_finite() and 0 <= dollars <= _MOST_USD:
            return dollars
    raise PydanticCustomError("usd", "must be a number of USD from 0 to 1000000")


_Usd = Annotated[Decimal | None, BeforeValidator(_money)]
_Count = Annotated[int | None, Field(ge=1, le=10**9)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class _Rates(_Strict):
    """USD per million tokens; of `request`, `web_search` and `audio_minute`, USD each."""

    input: _Usd = None
    output: _Usd = None
    cache_read: _Usd = None
    cache_write: _Usd = None
    cache_write_1h: _Usd = None
    audio_input: _Usd = None
    audio_output: _Usd = None
    image_input: _Usd = None
    image_output: _Usd = None
    request: _Usd = None
    web_search: _Usd = None
    audio_minute: _Usd = None

    def said(self) -> dict[str, Decimal]:
        """The rates that are given."""
        return {
            name: value
            for name in _Rates.model_fields
            if (value := getattr(self, name)) is not None
        }


class _Tier(_Rates):
    over: Annotated[int, Field(ge=1, le=10**9)]


class _ServiceTier(_Rates):
    tiers: list[_Tier] = []

    def made(self) -> Tiers:
        """The rates by the length of the prompt, the longest first."""
        said = self.said()
        starts = {tier.over: said | tier.said() for tier in self.tiers}
        starts[-1] = said
        return tuple((start, _rates(starts[start])) for start in sorted(starts, reverse=True))

    def problems(self) -> list[tuple[str, str]]:
        overs = [tier.over for tier in self.tiers]
        wrong = [("tiers", "each must have another `over`")] if len(set(overs)) < len(overs) else []
        empty = [number for number, tier in enumerate(self.tiers) if not tier.said()]
        return wrong + [(f"tiers.{number}", "names no rate") for number in empty]


class _Entry(_ServiceTier):
    service_tiers: dict[str, _ServiceTier] = {}
    same_as: str | None = None
    context_length: _Count = None
    max_output: _Count = None

    def problems(self) -> list[tuple[str, str]]:
        found = super().problems()
        if not self.model_fields_set:
            found.append(("", "says nothing: neither a rate nor a size"))
        for name, tier in self.service_tiers.items():
            if name.lower() in sheet.STANDARD:
                found.append(
                    (f"service_tiers.{name}", "is the standard price, which the entry has")
                )
            found += [(f"service_tiers.{name}.{key}", reason) for key, reason in tier.problems()]
            if not tier.said():
                found.append((f"service_tiers.{name}", "names no rate"))
        found += [(f"service_tiers.{name}", _TWICE) for name in _twice(self.service_tiers)]
        if self.same_as is None:
            return found
        if self.said() or self.tiers or self.service_tiers:
            found.append(("same_as", "takes every rate from there: no rate may stand beside it"))
        if not _is_known(self.same_as):
            found.append(("same_as", "names no model that the price sheet knows"))
        return found


class _File(_Strict):
    #: Entries, which are read one by one: what is wrong with one hides nothing of the others.
    prices: dict[str, Any] = {}


def _is_known(name: str) -> bool:
    provider, _, model = name.partition("/")
    if sheet.find(provider, model) is not None:
        return True
    return any(row.prices is not None for row in overlay.rows(provider, model))


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """What the file says of the models that a pattern fits."""

    pattern: str
    tiers: Tiers
    service_tiers: Mapping[str, Tiers]
    same_as: tuple[str, str] | None
    context_length: int | None
    max_output: int | None

    @classmethod
    def of(cls, pattern: str, entry: _Entry) -> Self:
        """The entry as it is used."""
        provider, _, model = (entry.same_as or "").partition("/")
        return cls(
            pattern=pattern,
            tiers=entry.made(),
            service_tiers={name.lower(): one.made() for name, one in entry.service_tiers.items()},
            same_as=(provider, model) if entry.same_as else None,
            context_length=entry.context_length,
            max_output=entry.max_output,
        )

    @property
    def prices(self) -> bool:
        """Whether it says anything of prices; an entry may have a model's sizes alone."""
        rates = any(one != Rates() for _, one in self.tiers)
        return rates or bool(self.service_tiers) or self.same_as is not None

    def at(self, terms: Terms) -> Tiers | None:
        """The rates of an answer on these terms; None where none are given."""
        wanted = terms.wanted
        if not wanted:
            return self.tiers
        if len(wanted) > 1:
            return None
        key, name = wanted[0]
        # Anthropic's `speed` has words of its own: its "fast" is not OpenAI's.
        other = sheet.SAME_AS.get(name, "") if key == "service_tier" else ""
        return self.service_tiers.get(name) or self.service_tiers.get(other)


@dataclass(frozen=True, slots=True)
class PriceFile:
    """The entries of a file, the one that counts before others first."""

    entries: tuple[tuple[re.Pattern[str], PriceEntry], ...] = ()
    path: Path | None = field(default=None, compare=False)

    def entry(self, provider: str, model: str) -> PriceEntry | None:
        """What the file says of a model."""
        name = f"{provider}/{model.lower()}"
        return next((entry for pattern, entry in self.entries if pattern.fullmatch(name)), None)


def read(path: Path | None) -> PriceFile:
    """The file as it is now. Raises config.ConfigError with every problem of it."""
    return PriceFile() if path is None else parsed(text_of(path), path)


def text_of(path: Path) -> str:
    """What stands in the file. Raises config.ConfigError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError((_problem(path, "the file", str(exc)),)) from exc


def parsed(text: str, path: Path) -> PriceFile:
    """What the text of the file at `path` says. Raises config.ConfigError with every problem."""
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError, InvalidOperation) as exc:
        # Beside what is no TOML: numbers and nesting beyond what Python reads.
        reason = "a number is beyond all bounds" if isinstance(exc, InvalidOperation) else str(exc)
        raise ConfigError((_problem(path, "the file", reason),)) from exc
    try:
        given = _File.model_validate(document).prices
    except ValidationError as exc:
        raise ConfigError(tuple(_problem(path, *one) for one in _told(exc))) from exc
    entries: dict[str, _Entry] = {}
    problems: list[str] = []
    for pattern, said in given.items():
        found = _pattern_problems(pattern)
        try:
            entry = entries[pattern] = _Entry.model_validate(said)
            found += entry.problems()
        except ValidationError as exc:
            found += _told(exc)
        problems += [
            _problem(path, f"prices.{pattern}{key and '.'}{key}", reason) for key, reason in found
        ]
    problems += [_problem(path, f"prices.{pattern}", _TWICE) for pattern in _twice(given)]
    if problems:
        raise ConfigError(tuple(problems))
    ordered = sorted(entries.items(), key=lambda item: _literalness(item[0]), reverse=True)
    return PriceFile(
        tuple((_expression(pattern), PriceEntry.of(pattern, entry)) for pattern, entry in ordered),
        path,
    )


def strangers(file: PriceFile, providers: Collection[str]) -> list[str]:
    """What to say of entries of providers that there are not: they price nothing.

    No mistake that stops a start: one file may serve several installations.
    """
    said = []
    for _, entry in file.entries:
        name = entry.pattern.partition("/")[0]
        if name not in providers:
            near = get_close_matches(name, providers, n=1)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            said.append(
                f"PRICES_FILE: {file.path}: prices.{entry.pattern}: it prices nothing, since no "
                f'provider has the name "{name}"{hint}'
            )
    return sorted(said)


#: What pydantic says in words of its own.
_WORDS: Final = {"extra_forbidden": "is no key that is known here", "missing": "must be given"}


def _told(exc: ValidationError) -> list[tuple[str, str]]:
    """Where, and what is wrong there."""
    errors: list[Any] = exc.errors(include_input=False, include_url=False)
    return [(".".join(map(str, one["loc"])), _WORDS.get(one["type"], one["msg"])) for one in errors]


_TWICE: Final = "stands there twice: upper and lower case are the same"


def _twice(names: Iterable[str]) -> list[str]:
    """Those that are one with a name before them."""
    seen: set[str] = set()
    again = []
    for name in names:
        again += [name] if name.lower() in seen else []
        seen.add(name.lower())
    return again


def _pattern_problems(pattern: str) -> list[tuple[str, str]]:
    if _PATTERN.fullmatch(pattern):
        return []
    return [("", 'must be "provider/model", in whose model * and ? may stand')]


def _problem(path: Path, key: str, reason: str) -> str:
    return f"PRICES_FILE: {path}: {key}: {reason}. Allowed: see docs/prices.md."


_WILD: Final = re.compile(r"[*?]")


def _literalness(pattern: str) -> tuple[int, bool, int]:
    """The longest literal start counts, and a name before a pattern that begins like it."""
    literal = _WILD.split(pattern, maxsplit=1)[0]
    return len(literal), literal == pattern, len(pattern)


def _expression(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    text = "".join(parts.get(one) or re.escape(one.lower()) for one in pattern)
    return re.compile(text, re.DOTALL)


def _rates(said: Mapping[str, Decimal]) -> Rates:
    def tokens(*names: str) -> int | None:
        return next((scaled(said[name], _MTOK) for name in names if name in said), None)

    def each(name: str, per: int = 1) -> int | None:
        return scaled(said[name], per) if name in said else None

    rates = Rates(
        prompt=tokens("input"),
        cached=tokens("cache_read", "input"),
        cache_write=tokens("cache_write", "input"),
        # Never for the price of five minutes, which is less.
        cache_write_1h=tokens("cache_write_1h", *(() if "cache_write" in said else ("input",))),
        audio_input=tokens("audio_input", "input"),
        image_input=tokens("image_input", "input"),
        completion=tokens("output"),
        reasoning=tokens("output"),
        audio_output=tokens("audio_output", "output"),
        image_output=tokens("image_output", "output"),
        request=each("request") or 0,
        web_search=each("web_search"),
        audio_second=each("audio_minute", 60),
    )
    return replace(
        rates,
        # A cached token is no dearer for being a picture's, unless pictures have a price.
        audio_cached=rates.cached if "audio_input" not in said else None,
        image_cached=rates.cached if "image_input" not in said else None,
    )
