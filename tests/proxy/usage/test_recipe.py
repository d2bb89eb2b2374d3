"""The recipe "Adding a usage field or dialect" of docs/architecture.md, from answer to entry.

Each test fails while a step is missing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, get_args, get_type_hints
from uuid import uuid4

import msgspec
import pytest

from models.entry import Entry
from proxy.entries import Entries
from proxy.pricing.prices import Prices
from proxy.pricing.rates import Rates
from proxy.providers.endpoints import Dialect, Route
from proxy.usage.accumulator import Usage, UsageAccumulator
from proxy.usage.json_usage import JsonUsageReader
from proxy.usage.meter import SAY_THEIR_END, Meter
from proxy.usage.odd_usage import _MEANS, read_usage
from proxy.usage.reported import Reported, Word
from tests.proxy.rows import a_grant, a_request, an_exchange
from tests.proxy.usage import own_answers
from tests.proxy.usage.test_readers import PLAIN, STREAMS

#: The fewest fields with which another is seen: OpenAI's and Anthropic's stand in for each other.
BASE = {"input_tokens": 100, "output_tokens": 100}
#: Fields that change nothing alone: a total shows only whether reasoning was part of it.
_WITH_OTHERS = {
    "total_tokens": {"prompt_tokens": 1, "completion_tokens": 2, "reasoning_tokens": 4},
    "web_fetch_requests": None,
}


def _usage(reported: Mapping[str, object]) -> Usage | None:
    accumulated = UsageAccumulator()
    accumulated.update("m", msgspec.convert(reported, Reported), final=True)
    return accumulated.usage


def _fields(form: type = Reported) -> list[dict[str, object]]:
    """A report of each field that there is, alone, those of its parts included."""
    made: list[dict[str, object]] = []
    for name, kind in get_type_hints(form, include_extras=True).items():
        parts = [one for one in get_args(kind) if isinstance(one, type) and one in _MEANS]
        if parts:
            made += [{name: part} for part in _fields(parts[0])]
        else:
            made.append({name: "fast" if kind == Word else 7})
    return made


def _path(reported: object) -> str:
    if not isinstance(reported, dict):
        return ""
    ((name, value),) = reported.items()
    return f"{name}.{_path(value)}".rstrip(".")


@pytest.mark.parametrize("reported", _fields(), ids=_path)
def test_every_field_that_upstreams_report_changes_the_usage(reported: dict[str, object]) -> None:
    others = _WITH_OTHERS.get(_path(reported).rpartition(".")[2], BASE)
    if others is not None:
        assert _usage(others | reported) != _usage(others)


@pytest.mark.parametrize("name", sorted(set(Usage._fields) - {"lost"}))
def test_every_number_of_a_usage_comes_from_some_field(name: str) -> None:
    base = _usage(BASE)
    assert any(
        getattr(_usage(BASE | reported), name) != getattr(base, name) for reported in _fields()
    )


def _odd(value: object) -> object:
    """The same report with a fraction, or a number in the place of a word."""
    if isinstance(value, dict):
        return {name: _odd(part) for name, part in value.items()}
    return 0.5 if isinstance(value, int) else 5


@pytest.mark.parametrize("reported", _fields(), ids=_path)
def test_every_field_of_an_odd_type_loses_itself_and_no_other(reported: dict[str, object]) -> None:
    wanted = {"prompt_tokens": 3, "completion_tokens": 4}
    ((name, _),) = reported.items()
    odd = _odd(reported)
    assert isinstance(odd, dict)
    read = read_usage(msgspec.json.encode(wanted | odd))
    assert read is not None
    for kept in set(wanted) - {name}:
        assert getattr(read, kept) == wanted[kept]
    accumulated = UsageAccumulator()
    accumulated.update("m", read, final=True)
    usage, sound = accumulated.usage, _usage(wanted | reported)
    assert usage is not None
    assert sound is not None
    # What would have been known of it and is not known is said to be lost.
    for field in set(Usage._fields) - {"lost", "tools"}:
        known = getattr(sound, field) == 7 or getattr(sound, field) == "fast"
        assert not known or field in usage.lost or getattr(usage, field) is not None, field


#: What of a usage is a number.
NUMBERS = [name for name, kind in get_type_hints(Usage).items() if int in get_args(kind)]


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_of_a_usage_has_a_price(name: str) -> None:
    """Each kind of thing costs something else here; more of any one costs something else, too."""
    known = [field.name for field in dataclasses.fields(Rates) if "int" in str(field.type)]
    costs: dict[str, Any] = {rate: 2**n * 10**9 for n, rate in enumerate(known)}
    rates = Rates(**costs | {"audio_seconds_min": 0})
    numbers: dict[str, Any] = dict.fromkeys(NUMBERS, 20)
    usage = Usage(**numbers | {"prompt": 1_000, "completion": 1_000, "cached": 60})
    one_more: dict[str, Any] = {name: getattr(usage, name) + 1}
    more = usage._replace(**one_more)
    assert rates.of(usage) != rates.of(more)


#: What the price depends on and no entry has.
_OF_THE_PRICE = {"cached_audio", "cached_image", "speed", "inference_geo", "lost", "tools"}


async def test_every_number_of_a_usage_is_in_the_entry() -> None:
    stored = [name for name in Usage._fields if name not in _OF_THE_PRICE]
    numbers: dict[str, Any] = {name: at for at, name in enumerate(stored, 1)}
    usage = Usage(**numbers | {"service_tier": "flex"})
    entry = _entry(usage)
    assert entry.parts is not None
    said = msgspec.structs.asdict(entry) | msgspec.structs.asdict(entry.parts)
    for name in stored:
        assert said.get(f"{name}_tokens", said.get(name)) == getattr(usage, name), name
    assert entry.usage == "exact"


async def test_an_entry_has_no_parts_where_none_was_reported() -> None:
    assert _entry(Usage(1, 2, 3, 4)).parts is None


def _entry(usage: Usage) -> Entry:
    class Read(UsageAccumulator):
        @property
        def usage(self) -> Usage | None:
            return usage

    reader = JsonUsageReader()
    reader.accumulated = Read()
    reader.accumulated.final = True
    exchange = an_exchange(a_request("POST", "/v1/chat/completions"))
    exchange.grant = a_grant(token_id=uuid4())
    exchange.route = Route("/v1/chat/completions", "chat", creates=True)
    exchange.meter = Meter.reading(reader)
    return Entries(Prices()).of(exchange, "complete").entry


@pytest.mark.parametrize("dialect", sorted(set(get_args(Dialect)) - {"none", "batches"}))
def test_every_dialect_has_an_answer_that_is_read(dialect: str) -> None:
    assert dialect in PLAIN or dialect in own_answers.PLAIN


@pytest.mark.parametrize("dialect", sorted(SAY_THEIR_END | {"responses", "messages"}))
def test_every_dialect_that_streams_has_a_stream_that_is_read(dialect: str) -> None:
    assert any(name.startswith(dialect) for name in (*STREAMS, *own_answers.STREAMS))
