"""What the observer makes of a worker's batches."""

import asyncio
import io
import json
from datetime import UTC, datetime, timedelta
from errno import ENOSPC
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from models.again import VARYING, Again, Like, Told
from models.entry import Attempt, Entry, attempts_as_json, storable
from models.entry_columns import by_column
from proxy.pricing.sheet import listed_name
from telemetry import families
from telemetry import observer as observer_module
from telemetry.metrics import Metrics, Refused, WorkerGauges
from telemetry.observer import BATCH, Observer
from telemetry.request_log_lines import RequestLines
from telemetry.snapshots import decode
from tests.operations.scraping import Scrape

ID: Final = "01a20904-dab6-76eb-9a0f-d1bb5fed022c"
#: Of a request nothing is looked at but which budgets it went beyond, and what the cache did.
SOME: Final[Any] = SimpleNamespace(overshot=(), cache="")


def entry(**facts: Any) -> Entry:
    """One that was let in long after any outage began, unless `facts` say otherwise."""
    usual: dict[str, Any] = {
        "id": ID, "at_us": 2**52, "project_id": ID, "token_id": ID, "provider": "openai",
        "endpoint": "/v1/chat/completions", "method": "POST", "model": "gpt-4o", "status": 200,
        "outcome": "complete", "usage": "exact", "prompt_tokens": 3, "completion_tokens": 4,
        "cached_tokens": 0, "reasoning_tokens": 0, "cost_nanos": 5, "bytes_in": 1, "bytes_out": 2,
        "ttfb_us": 3, "duration_us": 4, "overhead_us": 5, "counted": True,
    }  # fmt: skip
    return Entry(**(usual | facts))


def scraped(metrics: Metrics) -> Scrape:
    metrics.encode()
    return Scrape(metrics.exposition().decode())


def lines_of(form: Any, *entries: Entry) -> list[str]:
    stream = io.StringIO()
    RequestLines(stream, form, 1.0).write(entries, ())
    return stream.getvalue().splitlines()


def test_a_line_says_which_keys_were_asked() -> None:
    keys = [str(UUID(int=number)) for number in (1, 2)]
    tried = (Attempt(keys[0], 0, "unreachable", 3), Attempt(keys[1], 200, "", 4))
    several, one = entry(key_id=keys[1], attempts=tried), entry(key_id=keys[0])
    first, second, third = map(json.loads, lines_of("json", several, one, entry()))
    assert first["key_id"] == keys[1]
    assert first["attempts"] == [
        {"key_id": keys[0], "error": "unreachable", "ms": 3},
        {"key_id": keys[1], "status": 200, "ms": 4},
    ]
    assert (second["key_id"], second["attempts"]) == (keys[0], None)
    assert (third["key_id"], third["attempts"]) == (None, None)
    text, plain = lines_of("text", several, one)
    assert text.endswith(f"{ID} (2 attempts: {keys[0]}: unreachable, {keys[1]}: 200)")
    assert plain.endswith(ID)


def test_a_line_has_the_time_at_which_its_request_began() -> None:
    times = [0, 5, 1_999_999, 2**50, 2**50 + 1, 2**50 + 999_999, 2**50 - 10**6, 2**50]
    lines = map(json.loads, lines_of("json", *(entry(at_us=at) for at in times)))
    for at, line in zip(times, lines, strict=True):
        began = datetime.fromisoformat(line["time"])
        assert began == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
        assert line["time"].endswith("Z")
        assert len(line["time"]) == len("2026-11-29T10:40:03.123456Z")


def said_alone(one: Entry) -> bytes:
    """The line of an entry as JSON, put together field by field."""
    model, method, tokens = one.model, one.method, (one.prompt_tokens, one.completion_tokens)
    if len(model) > 200 or len(method) > 16 or not all(0 <= (n or 0) < 2**32 for n in tokens):
        one = storable(one)
    began = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=one.at_us)
    attempts = (
        None if one.attempts is None else msgspec.Raw(attempts_as_json(one.attempts).encode())
    )
    said: dict[str, Any] = {
        "time": f"{began:%Y-%m-%dT%H:%M:%S.%fZ}",
        "level": "INFO",
        "message": "request",
        "request_id": one.id,
        "project_id": one.project_id,
        "token_id": one.token_id,
        "provider": one.provider,
        "endpoint": one.endpoint,
        "method": one.method,
        "model": "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in one.model),
        "status": one.status,
        "outcome": one.outcome,
        "usage": one.usage,
        "prompt_tokens": one.prompt_tokens,
        "completion_tokens": one.completion_tokens,
        "bytes_in": one.bytes_in,
        "bytes_out": one.bytes_out,
        "ttfb_ms": None if one.ttfb_us is None else one.ttfb_us / 1000,
        "duration_ms": one.duration_us / 1000,
        "overhead_ms": one.overhead_us / 1000,
        "key_id": one.key_id or None,
        "attempts": attempts,
    }
    last = {
        "refused": one.refusal_code or None,
        "cache": one.cache or None,
        "saved_usd": None if one.saved_nanos is None else one.saved_nanos / 1e9,
    }
    said |= {name: value for name, value in last.items() if value is not None}
    return msgspec.json.encode(said)


counts = st.sampled_from((3, 0, None, -3, 2**32 - 1, 2**32, 10**12))
times = st.sampled_from((0, 1, 999, 1000, 12_345, 10**10))
entries = st.builds(
    entry,
    at_us=st.sampled_from((0, 5, 2**50, 2**50 + 1, 2**50 + 10**6)),
    model=st.sampled_from(("gpt-4o", "", "a\nb", "é", "m" * 201)),
    method=st.sampled_from(("POST", "GET", "M" * 17)),
    status=st.sampled_from((200, 404, 0)),
    outcome=st.sampled_from(("complete", "client_left")),
    prompt_tokens=counts,
    completion_tokens=counts,
    ttfb_us=st.one_of(times, st.none()),
    duration_us=times,
    overhead_us=times,
    key_id=st.sampled_from(("", ID)),
    attempts=st.sampled_from((None, (Attempt(ID, 0, "timeout", 3), Attempt(ID, 200, "", 4)))),
    refusal_code=st.sampled_from(("", "overloaded")),
    cache=st.sampled_from(("", "hit", "miss")),
    saved_nanos=st.sampled_from((None, 0, 1_500_000_000)),
)


@given(st.lists(entries, max_size=5))
def test_lines_of_a_batch_are_those_of_each_alone(several: list[Entry]) -> None:
    alike = [Again(Like(one), attrgetter(*VARYING)(one)) for one in several]
    for either in (several, Told(alike), Told([*alike[:1], *several[1:]])):
        stream = io.StringIO()
        RequestLines(stream, "json", 1.0).write(either, ())
        lines = stream.getvalue().splitlines()
        assert [line.encode() for line in lines] == list(map(said_alone, several))
    alone = [line for one in several for line in lines_of("text", one)]
    assert lines_of("text", *several) == alone


def test_failures_alone_are_written_where_no_share_of_the_others_is() -> None:
    stream = io.StringIO()
    several = [entry(), entry(status=500), entry(), entry(outcome="timeout")]
    RequestLines(stream, "json", 0.0).write(several, (), by_column(several))
    lines = map(json.loads, stream.getvalue().splitlines())
    assert [(line["status"], line["outcome"]) for line in lines] == [
        (500, "complete"),
        (200, "timeout"),
    ]


def test_what_the_cache_did_is_counted_and_in_the_line() -> None:
    metrics = Metrics(listed_name)
    lines = io.StringIO()
    observer = Observer(metrics, RequestLines(lines, "json", 1.0), lambda: WorkerGauges(0, 0, 0))
    hit = entry(cache="hit", saved_nanos=1_500_000_000, cost_nanos=0, prompt_tokens=None)
    unknown = entry(cache="hit", cost_nanos=0, prompt_tokens=None)
    told = [(hit, "hit"), (unknown, "collapsed"), (entry(cache="miss"), "miss"), (entry(), "")]
    for one, result in [*told, (entry(), "bypass")]:
        did: Any = SimpleNamespace(overshot=(), cache=result, saved_nanos=one.saved_nanos)
        observer.recorded(one, did)

    found = Scrape(observer.exposition().decode())
    for result in ("hit", "collapsed", "miss", "bypass"):
        assert found.total("llm_proxy_cache_requests_total", result=result) == 1
    assert found.total("llm_proxy_cache_requests_total") == 4
    assert found.total("llm_proxy_cache_saved_usd_total") == 1.5
    said = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [(one.get("cache"), one.get("saved_usd")) for one in said] == [
        ("hit", 1.5), ("hit", None), ("miss", None), (None, None), (None, None),
    ]  # fmt: skip
    text, _ = lines_of("text", hit, entry())
    assert text.endswith(f"{ID} from the cache")


def test_many_names_of_one_model_are_one_label() -> None:
    metrics = Metrics(listed_name)
    # The price list has whatever begins with this.
    names = [f"claude-3-5-haiku-{number}" for number in range(5)]

    metrics.add([entry(provider="anthropic", model=name) for name in names], ())

    found = scraped(metrics)
    assert found.values("llm_proxy_tokens_total", "model") == {"claude-3-5-haiku-latest"}
    assert found.total("llm_proxy_tokens_total", type="prompt") == 15


def test_model_without_a_price_is_other() -> None:
    metrics = Metrics(listed_name)

    metrics.add([entry(model="gpt-4o", cost_nanos=None), entry(model="unheard-of")], ())

    found = scraped(metrics)
    assert found.values("llm_proxy_tokens_total", "model") == {"other"}


def test_requests_of_an_outage_are_counted_both_ways() -> None:
    metrics = Metrics(listed_name)
    away = False
    observer = Observer(
        metrics,
        RequestLines(io.StringIO(), "json", 0.0),
        lambda: WorkerGauges(0, 0, 0),
        lambda: away,
    )
    observer.recorded(entry(), SOME)
    observer.flush()
    away = True
    observer.recorded(entry(), SOME)
    # Let in before the outage: it may have been limited.
    observer.recorded(entry(at_us=0), SOME)
    refused = Refused(ID, "database_unavailable", "openai", "", "POST", 503, recorded=False)
    observer._refused += [refused, replace(refused, undecided=True)]
    observer.flush()
    away = False
    observer.recorded(entry(), SOME)

    found = Scrape(observer.exposition().decode())
    assert found.total("llm_proxy_undecided_limits_total", decision="passed") == 1
    assert found.total("llm_proxy_undecided_limits_total", decision="refused") == 1


def test_a_model_cannot_forge_a_line_or_fill_the_log() -> None:
    hostile = "x\n2026-11-23 15:00:00.000000 INFO     forged\u2028\x1b[2J" + "y" * 5000

    for form in ("text", "json"):
        (line,) = lines_of(form, entry(model=hostile))
        assert len(line) < 1200
        assert line.isprintable()


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_method_cannot_fill_the_log(form: Literal["text", "json"]) -> None:
    """Any word is one, as long as a head may be."""
    stream = io.StringIO()
    refused = Refused(ID, "missing_token", "openai", "", "M" * 30_000, 401, recorded=False)
    RequestLines(stream, form, 1.0).write([], [refused])
    assert "MMMM" in stream.getvalue()
    assert len(stream.getvalue()) < 1000


async def test_many_requests_do_not_wait_for_the_time() -> None:
    stream = io.StringIO()
    observer = Observer(
        Metrics(listed_name), RequestLines(stream, "json", 1.0), lambda: WorkerGauges(0, 0, 0)
    )
    observer.open()

    for _ in range(BATCH - 1):
        observer.recorded(entry(), SOME)
    await asyncio.sleep(0)
    few = stream.getvalue()
    observer.recorded(entry(), SOME)
    within = stream.getvalue()
    await asyncio.sleep(0)

    assert few == within == ""
    assert len(stream.getvalue().splitlines()) == BATCH
    await observer.close()
    assert len(stream.getvalue().splitlines()) == BATCH


@pytest.mark.parametrize("what", ["recorded", "refused"])
async def test_what_is_told_does_not_wait_for_the_next_look_at_the_moment(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(observer_module, "_EVERY", 0)
    monkeypatch.setattr(observer_module, "_GAUGES_EVERY", 3600)
    stream, looks = io.StringIO(), 0

    def gauges() -> WorkerGauges:
        nonlocal looks
        looks += 1
        return WorkerGauges(0, 0, 0)

    observer = Observer(Metrics(listed_name), RequestLines(stream, "json", 1.0), gauges)
    observer.open()
    for number in range(1, 4):
        for _ in range(50):
            await asyncio.sleep(0)
        assert looks == number - 1
        if what == "recorded":
            observer.recorded(entry(), SOME)
        else:
            observer.unserved(ID, "invalid_request", 400)
        while looks < number:
            await asyncio.sleep(0)
        assert len(stream.getvalue().splitlines()) == number
    await observer.close()


async def test_numbers_that_stay_the_same_are_not_handed_to_a_thread_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Counting(Metrics):
        looks = writes = 0
        wrote = asyncio.Event()

        def encode(self) -> bytes:
            self.looks += 1
            return super().encode()

        def write(self, encoded: bytes) -> None:
            super().write(encoded)
            self.writes += 1
            loop.call_soon_threadsafe(self.wrote.set)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(observer_module, "_EVERY", 0)
    monkeypatch.setattr(observer_module, "_GAUGES_EVERY", 0)
    metrics = Counting(listed_name, tmp_path)
    metrics.open()
    observer = Observer(
        metrics, RequestLines(io.StringIO(), "json", 1.0), lambda: WorkerGauges(0, 0, 0)
    )
    observer.open()
    async with asyncio.timeout(10):
        await metrics.wrote.wait()
        looked = metrics.looks
        while metrics.looks < looked + 5:
            await asyncio.sleep(0)
        assert metrics.writes == 1
        metrics.wrote.clear()
        observer.recorded(entry(), SOME)
        await metrics.wrote.wait()
    assert metrics.writes == 2
    await observer.close()


def test_a_log_that_cannot_be_written_costs_lines_and_nothing_else() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(ENOSPC, "No space left on device")

    metrics = Metrics(listed_name)
    observer = Observer(metrics, RequestLines(Full(), "json", 1.0), lambda: WorkerGauges(0, 0, 0))
    observer.recorded(entry(), SOME)

    observer.flush()

    found = scraped(metrics)
    assert found.total("llm_proxy_requests_total") == 1


def test_an_attempt_that_another_followed_is_counted_by_its_reason() -> None:
    metrics = Metrics(listed_name)
    tried = (Attempt(ID, 429, "", 1), Attempt(ID, 0, "unreachable", 1), Attempt(ID, 200, "", 1))
    metrics.add([entry(attempts=tried), entry()], [])
    found = scraped(metrics)
    assert found.total("llm_proxy_failovers_total", reason="429") == 1
    assert found.total("llm_proxy_failovers_total", reason="unreachable") == 1
    assert found.total("llm_proxy_failovers_total") == 2


def test_requests_of_a_moment_count_as_they_would_one_by_one() -> None:
    bounds = [
        round(bound * 1e6) for bound in (*families.DURATION.bounds, *families.OVERHEAD.bounds)
    ]
    times = [us for bound in bounds for us in (bound - 1, bound, bound + 1)]
    several = [
        entry(
            duration_us=us, overhead_us=us, ttfb_us=us if number % 3 else None,
            provider=("openai", "anthropic")[number % 2], method=("POST", "X")[number % 5 == 0],
            status=(200, 200, 429)[number % 3], model=("gpt-4o", "unheard-of")[number % 7 == 0],
            cost_nanos=(5, None, 0, 5, 5, 5, None)[number % 7],
            prompt_tokens=(us, None, us, 0)[number % 4],
            completion_tokens=None if number % 11 == 0 else 2,
        )
        for number, us in enumerate(times)
    ]  # fmt: skip
    together, one_by_one = Metrics(listed_name), Metrics(listed_name)
    together.add(several, ())
    for each in several:
        one_by_one.add([each], ())
        one_by_one.encode()
    counted = decode(together.encode())
    assert counted == decode(one_by_one.encode())
    (seen,) = [
        seen
        for (provider, _, method), seen in counted.histograms[families.OVERHEAD.name].items()
        if (provider, method) == ("anthropic", "POST")
    ]
    mine = [one for one in several if one.provider == "anthropic" and one.method == "POST"]
    for place, bound in enumerate(families.OVERHEAD.bounds):
        within = sum(one.overhead_us <= round(bound * 1e6) for one in mine)
        assert sum(seen.counts[: place + 1]) == within
    assert sum(seen.counts) == len(mine)
    assert seen.total_us == sum(one.overhead_us for one in mine)
    answered = [seen.counts for seen in counted.histograms[families.TTFB.name].values()]
    assert sum(map(sum, answered)) == sum(one.ttfb_us is not None for one in several)
    # What is known of an entry whose prompt is not is no sum of tokens.
    whole = [one for one in several if one.prompt_tokens is not None]
    tokens = counted.counters[families.TOKENS.name]
    for kind in ("prompt", "completion"):
        told = sum(count for (_, _, which), count in tokens.items() if which == kind)
        assert told == sum(getattr(one, f"{kind}_tokens") or 0 for one in whole)
