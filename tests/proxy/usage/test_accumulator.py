"""When usage is exact, and that it is unknown in every other case: the state and the entry's."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from proxy.usage.accumulator import Usage, UsageAccumulator, recorded
from proxy.usage.meter import Meter, meter_for
from proxy.usage.reported import Reported
from proxy.usage.sse_usage import EVENT_MAX_BYTES, EVENTS_PER_TURN, SseUsageReader
from tests.proxy.usage.test_readers import CHAT_STREAM, CHAT_USAGE, counts, sse

SPENT = Usage(20, 9, 12, 4)
#: Some servers report with every event, so that a report alone says nothing of the end.
RUNNING = sse({"model": "m", "choices": [{"delta": {"content": "a"}}], "usage": CHAT_USAGE})


def test_an_answer_that_reports_nothing_is_unknown_however_it_ends() -> None:
    accumulated = UsageAccumulator()
    accumulated.update("m", Reported(), final=True)
    accumulated.end()
    assert (counts(accumulated.usage), accumulated.exact) == (None, False)
    assert recorded(accumulated, counted=True) == ("unknown", None)


@pytest.mark.parametrize(
    ("final", "failed", "said"),
    [(True, False, "exact"), (False, False, "unknown"), (True, True, "unknown")],
)
def test_what_the_entry_says(final: bool, failed: bool, said: str) -> None:
    accumulated = UsageAccumulator()
    accumulated.update("m", Reported(prompt_tokens=3), final=final)
    accumulated.failed = failed
    assert recorded(accumulated, counted=True) == (said, Usage(3, 0, 0, 0))


def test_what_counts_no_tokens_is_exactly_nothing_and_what_was_not_read_is_unknown() -> None:
    accumulated = UsageAccumulator()
    accumulated.update("m", Reported(prompt_tokens=3), final=True)
    assert recorded(accumulated, counted=False) == ("exact", None)
    assert recorded(None, counted=False) == ("exact", None)
    assert recorded(None, counted=True) == ("unknown", None)


def _compressed() -> Meter:
    headers = [(b"content-type", b"text/event-stream"), (b"content-encoding", b"gzip")]
    return meter_for(headers, asked_for_usage=False)


def test_running_reports_are_final_only_at_a_clean_end() -> None:
    reader = SseUsageReader()
    reader.relay(RUNNING)
    assert (counts(reader.accumulated.usage), reader.accumulated.exact) == (SPENT, False)
    reader.end()
    assert reader.accumulated.exact


def test_a_coding_that_breaks_makes_no_running_report_final() -> None:
    meter = _compressed()
    compressor = zlib.compressobj(wbits=31)
    meter.relay(compressor.compress(RUNNING) + compressor.flush(zlib.Z_SYNC_FLUSH))
    meter.relay(b"\xff" * 50)
    meter.end()
    assert (counts(meter.usage), meter.exact) == (SPENT, False)


@pytest.mark.parametrize("turns", [True, False], ids=["in turns", "at the end"])
def test_a_compressed_answer_is_read_to_its_end_however_far_behind_the_reading_is(
    turns: bool,
) -> None:
    # More than one step decodes, of events each of which has to be taken apart.
    meter = _compressed()
    stream = RUNNING * (EVENTS_PER_TURN * 20) + sse(*CHAT_STREAM[2:])
    meter.relay(
        gzip.compress(stream.replace(b'"completion_tokens": 9', b'"completion_tokens": 8', 5))
    )
    assert meter.behind
    while turns and meter.behind:
        meter.catch_up()
    assert meter.exact is turns
    meter.end()
    assert (counts(meter.usage), meter.exact) == (SPENT, True)


def test_an_unfinished_event_never_overtakes_those_before_it() -> None:
    reader = SseUsageReader(withhold=True)
    before = RUNNING * (EVENTS_PER_TURN * 3)
    stream = before + b"data: " + b"x" * (EVENT_MAX_BYTES + 1)
    passed = reader.relay(stream)
    assert before.startswith(passed)
    while reader.behind:
        passed += reader.catch_up()
    # Nor is it held until the end, but for what may begin its blank line: it is too long.
    assert stream.startswith(passed)
    assert len(stream) - len(passed) < 4
    assert passed + reader.end() == stream


def test_a_long_event_without_its_blank_line_is_not_decoded_in_one_call_at_the_end() -> None:
    reader = SseUsageReader(withhold=True)
    said = json.dumps({"choices": [], "usage": CHAT_USAGE, "x": "x" * 1024 * 1024}).encode()
    passed = reader.relay(b"data: " + said)
    assert passed + reader.end() == b"data: " + said
    assert counts(reader.accumulated.usage) == SPENT


@pytest.mark.parametrize("event", [{"choices": [], "model": "m"}, {"choices": [], "error": {}}])
def test_an_event_without_choices_that_reports_nothing_is_the_clients(
    event: dict[str, object],
) -> None:
    # Azure begins its streams with one, with the results of its content filter.
    reader = SseUsageReader(withhold=True)
    assert reader.relay(sse(event)) + reader.end() == sse(event)


def test_the_model_is_known_without_any_usage() -> None:
    reader = SseUsageReader()
    reader.relay(sse(*CHAT_STREAM[:1]))
    assert reader.accumulated.model == "gpt-4o-2024"
