"""The recipe "Adding a usage field or dialect" of docs/architecture.md, from answer to entry.

Each test fails while a step is missing.
"""

from __future__ import annotations

import dataclasses
from typing import Any, get_args, get_type_hints
from uuid import uuid4

import msgspec
import pytest

from models.entry import Entry
from proxy.exchange import Exchange
from proxy.pricing.rates import Rates
from proxy.providers.provider import Dialect, Route
from proxy.usage.accumulator import Usage, UsageAccumulator
from proxy.usage.json_usage import JsonUsageReader
from proxy.usage.meter import Meter
from proxy.usage.reported import Details, Reported
from tests.proxy.rows import a_grant, a_request
from tests.proxy.usage.test_readers import PLAIN, STREAMS

#: Fields in which OpenAI and Anthropic report the same number: each stands in for the other.
BASE = {"input_tokens": 100, "output_tokens": 100}
#: Of a usage, what is read, priced and stored so far.
READ = ("prompt", "completion", "cached", "reasoning")


def _usage(**reported: object) -> Usage | None:
    accumulated = UsageAccumulator()
    accumulated.update("m", msgspec.convert(reported, Reported), final=True)
    return accumulated.usage


def _fields() -> list[dict[str, object]]:
    """A report of each field that there is, alone."""
    made: list[dict[str, object]] = []
    for name, kind in get_type_hints(Reported).items():
        if Details in get_args(kind):
            halves = {"prompt": "cached_tokens", "input": "cached_tokens"}
            part = halves.get(name.partition("_")[0], "reasoning_tokens")
            made.append({name: {part: 7}})
        else:
            made.append({name: 7})
    return made


@pytest.mark.parametrize("reported", _fields(), ids=lambda one: next(iter(one)))
def test_every_field_that_upstreams_report_changes_the_usage(reported: dict[str, object]) -> None:
    assert _usage(**(BASE | reported)) != _usage(**BASE)


def test_every_detail_belongs_to_some_report() -> None:
    said = {
        part
        for one in _fields()
        for value in one.values()
        if isinstance(value, dict)
        for part in value
    }
    assert said == set(Details.__struct_fields__)


@pytest.mark.parametrize("name", READ)
def test_every_number_of_a_usage_comes_from_some_field(name: str) -> None:
    base = _usage(**BASE)
    assert base is not None
    assert any(
        getattr(_usage(**(BASE | reported)), name) != getattr(base, name) for reported in _fields()
    )


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


async def test_every_number_of_a_usage_is_in_the_entry() -> None:
    usage = Usage(1, 2, 3, 4)
    entry = _entry(usage)
    assert [getattr(entry, f"{name}_tokens") for name in READ] == [1, 2, 3, 4]
    assert entry.usage == "exact"


def _entry(usage: Usage) -> Entry:
    class Read(UsageAccumulator):
        @property
        def usage(self) -> Usage | None:
            return usage

    reader = JsonUsageReader()
    reader.accumulated = Read()
    reader.accumulated.final = True
    exchange = Exchange(a_request("POST", "/v1/chat/completions"))
    exchange.grant = a_grant(token_id=uuid4())
    exchange.route = Route("/v1/chat/completions", "chat", creates=True)
    exchange.meter = Meter(reader, None)
    return exchange.entry("complete", lambda *_: (None, ""))


@pytest.mark.parametrize("dialect", sorted(set(get_args(Dialect)) - {"none", "batches"}))
def test_every_dialect_has_an_answer_that_is_read(dialect: str) -> None:
    assert dialect in PLAIN


@pytest.mark.parametrize("dialect", ["chat", "completions", "responses", "messages"])
def test_every_dialect_that_streams_has_a_stream_that_is_read(dialect: str) -> None:
    assert any(name.startswith(dialect) for name in STREAMS)
