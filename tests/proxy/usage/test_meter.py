"""Which answers are read, and what of them reaches the client."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections.abc import Callable
from types import FrameType

import brotli  # type: ignore[import-untyped]  # It has no types.
import pytest

from proxy.headers import RawHeaders
from proxy.usage.accumulator import Usage
from proxy.usage.meter import Meter, meter_for
from tests.proxy.usage.test_readers import CHAT_STREAM, CHAT_USAGE, counts, sse

PLAIN = json.dumps({"model": "gpt-4o", "usage": CHAT_USAGE}).encode()
STREAM = sse(*CHAT_STREAM)
WITHOUT_USAGE = sse(*CHAT_STREAM[:2], CHAT_STREAM[3])
SPENT = Usage(20, 9, 12, 4)


def a_meter(content_type: bytes | None, *codings: bytes, asked: bool = False) -> Meter:
    headers: RawHeaders = [(b"Content-Encoding", coding) for coding in codings]
    if content_type is not None:
        headers.append((b"CONTENT-type", content_type))
    return meter_for(headers, asked_for_usage=asked)


def through(meter: Meter, body: bytes, *, size: int = 50) -> bytes:
    """What of a body in pieces reaches the client."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(map(meter.relay, pieces)) + meter.end()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (b"application/json", PLAIN),
        (b"Application/JSON ; charset=utf-8", PLAIN),
        (b"application/vnd.api+json", PLAIN),
        (b"text/event-stream", STREAM),
        (b"Text/Event-Stream;charset=utf-8", STREAM),
    ],
)
@pytest.mark.parametrize("coding", [None, b"identity", b"gzip", b"GZip", b"deflate"])
def test_answers_that_are_read_pass_unchanged(
    content_type: bytes, body: bytes, coding: bytes | None
) -> None:
    encoded = {b"gzip": gzip.compress(body), b"deflate": zlib.compress(body)}
    sent = encoded.get((coding or b"").lower(), body)
    meter = a_meter(content_type, *([] if coding is None else [coding]))
    assert through(meter, sent) == sent
    assert (counts(meter.usage), meter.exact) == (SPENT, True)
    assert meter.model in ("gpt-4o", "gpt-4o-2024")


@pytest.mark.parametrize("content_type", [None, b"", b"text/plain", b"audio/mpeg", b"json"])
def test_other_answers_pass_unread(content_type: bytes | None) -> None:
    meter = a_meter(content_type, asked=True)
    assert through(meter, PLAIN) == PLAIN
    assert (counts(meter.usage), meter.model, meter.exact, meter.withholds) == (
        None,
        None,
        False,
        False,
    )


@pytest.mark.parametrize(
    "codings", [[b"compress"], [b"gzip, br"], [b"gzip", b"gzip"], [b"identity", b"gzip"]]
)
def test_codings_that_cannot_be_undone_leave_usage_unknown(codings: list[bytes]) -> None:
    meter = a_meter(b"text/event-stream", *codings, asked=True)
    sent = gzip.compress(STREAM)
    assert through(meter, sent) == sent
    assert (counts(meter.usage), meter.withholds) == (None, False)


def test_the_usage_that_we_asked_for_is_withheld() -> None:
    meter = a_meter(b"text/event-stream", asked=True)
    assert meter.withholds
    assert through(meter, STREAM) == WITHOUT_USAGE
    assert counts(meter.usage) == SPENT


def test_nothing_is_withheld_from_a_coding_that_came_unasked() -> None:
    meter = a_meter(b"text/event-stream", b"gzip", asked=True)
    sent = gzip.compress(STREAM)
    assert not meter.withholds
    assert through(meter, sent) == sent
    assert counts(meter.usage) == SPENT


def test_a_coding_that_breaks_off_keeps_what_was_read() -> None:
    meter = a_meter(b"text/event-stream", b"gzip")
    compressor = zlib.compressobj(wbits=31)
    sent = compressor.compress(STREAM) + compressor.flush(zlib.Z_SYNC_FLUSH) + b"\xff" * 50
    assert meter.relay(sent[:-50]) == sent[:-50]
    assert meter.relay(sent[-50:]) + meter.end() == sent[-50:]
    assert (counts(meter.usage), meter.exact) == (SPENT, True)


def test_an_event_that_says_nothing_wanted_passes_in_a_step_or_two() -> None:
    """Counted in calls of Python functions: most of what a stream is are such events."""
    choice = {"index": 0, "delta": {"content": "a"}, "finish_reason": None}
    event = sse({"model": "m", "choices": [choice]})
    meter = meter_for([(b"Content-Type", b"text/event-stream")], asked_for_usage=True, watch=True)
    meter.relay(event)
    called: list[str] = []

    def note(frame: FrameType, what: str, _argument: object) -> None:
        if what == "call":
            called.append(frame.f_code.co_qualname)

    sys.setprofile(note)
    try:
        passed = meter.relay(event)
    finally:
        sys.setprofile(None)
    assert passed is event
    assert called == ["Meter.relay", "SseUsageReader.relay", "SseUsageReader.passes"]


@pytest.mark.parametrize(
    ("coding", "encoded"),
    [
        (b"gzip", gzip.compress),
        (b"deflate", zlib.compress),
        (b"br", brotli.compress),
    ],
)
def test_a_stream_that_ends_inside_its_coding_was_not_all_there_was(
    coding: bytes, encoded: Callable[[bytes], bytes]
) -> None:
    """Usage in every event is final with the last one, and which that is only an end can tell."""
    choice = {"index": 0, "delta": {"content": "a"}}
    sent = encoded(sse({"model": "m", "choices": [choice], "usage": {"prompt_tokens": 9}}) * 50)
    meter = a_meter(b"text/event-stream", coding)
    assert through(meter, sent) == sent
    assert (meter.usage, meter.exact) == (Usage(9, 0, 0, 0), True)
    for cut in range(1, 9):
        meter = a_meter(b"text/event-stream", coding)
        assert through(meter, sent[:-cut]) == sent[:-cut]
        assert not meter.exact


def test_a_stream_that_is_cut_is_exact_only_with_its_last_word() -> None:
    start = {"type": "message_start", "message": {"model": "c", "usage": {"input_tokens": 9}}}
    meter = a_meter(b"text/event-stream")
    meter.relay(sse(start))
    assert (counts(meter.usage), meter.exact) == (Usage(9, 0, 0, 0), False)
    meter.relay(sse({"type": "message_delta", "usage": {"output_tokens": 3}}))
    assert (counts(meter.usage), meter.exact) == (Usage(9, 3, 0, 0), True)


def counted(content_type: bytes | None, *, asked: bool = False, length: bool = False) -> Meter:
    """A meter for the answer to a request that uses tokens."""
    headers: RawHeaders = [] if content_type is None else [(b"content-type", content_type)]
    if length:
        headers.append((b"content-length", b"100"))
    return meter_for(headers, asked_for_usage=asked, counted=True)


@pytest.mark.parametrize("size", [1, 3, 50, 1 << 20])
@pytest.mark.parametrize("content_type", [None, b"text/plain", b"application/json", b"odd"])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b": hello\n\n", b"\n\n", b"event: x\n"])
def test_a_stream_is_read_whatever_its_label_says(
    size: int, content_type: bytes | None, before: bytes
) -> None:
    meter = counted(content_type, asked=True)
    assert meter.withholds
    assert through(meter, before + STREAM, size=size) == before + WITHOUT_USAGE
    assert (counts(meter.usage), meter.exact) == (SPENT, True)
    unasked = counted(content_type)
    assert not unasked.withholds
    assert through(unasked, before + STREAM, size=size) == before + STREAM
    assert (counts(unasked.usage), unasked.exact) == (SPENT, True)


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
@pytest.mark.parametrize("content_type", [None, b"text/plain", b"application/json"])
def test_a_document_is_read_whatever_its_label_says(size: int, content_type: bytes | None) -> None:
    meter = counted(content_type)
    assert through(meter, PLAIN, size=size) == PLAIN
    assert (counts(meter.usage), meter.exact) == (SPENT, True)


@pytest.mark.parametrize("body", [b"ID3\x04" + b"x" * 200, b"dat", b"", b" " * 100, b"<html>"])
@pytest.mark.parametrize("size", [1, 50])
def test_what_is_neither_passes_unread(body: bytes, size: int) -> None:
    meter = counted(b"audio/mpeg", asked=True)
    assert through(meter, body, size=size) == body
    assert meter.usage is None


def test_nothing_of_other_forms_is_held_back_once_they_are_told() -> None:
    assert counted(b"audio/mpeg").relay(b"ID3") == b"ID3"
    assert counted(None).relay(b"data:") == b"data:"
    assert counted(None).relay(b'{"') == b'{"'


def test_a_document_of_known_length_keeps_its_length() -> None:
    assert not counted(b"application/json", asked=True, length=True).withholds


def test_of_a_refusal_nothing_is_withheld() -> None:
    for content_type in (b"text/event-stream", b"text/plain", b"application/json"):
        headers = [(b"content-type", content_type)]
        meter = meter_for(headers, asked_for_usage=True, counted=True, status=422)
        assert not meter.withholds
        assert through(meter, STREAM) == STREAM


ENDS: dict[str, bytes] = {
    "DONE": b"data: [DONE]\n\n",
    "usage without choices": sse(CHAT_STREAM[2]),
    "usage beside the reason": sse(
        {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": CHAT_USAGE}
    ),
    "messages": sse({"type": "message_stop"}),
    "responses": sse({"type": "response.completed", "response": {}}),
    "responses, incomplete": sse({"type": "response.incomplete", "response": {}}),
    "a transcription": sse({"type": "transcript.text.done", "text": "hi"}),
    "speech": sse({"type": "speech.audio.done"}),
    "images": sse({"type": "image_generation.completed", "b64_json": "AA"}),
    "edited images": sse({"type": "image_edit.completed", "b64_json": "AA"}),
}
GOING_ON: dict[str, bytes] = {
    "a delta": sse(CHAT_STREAM[0]),
    "a reason without usage": sse(CHAT_STREAM[1]),
    "usage beside a delta": sse({"choices": [{"delta": {"content": "a"}}], "usage": CHAT_USAGE}),
    "a text that names an end": sse(
        {"choices": [{"delta": {"content": '\ndata: [DONE] "type": "message_stop"'}}]}
    ),
    "message_start": sse({"type": "message_start", "message": {"usage": {"input_tokens": 9}}}),
}


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("ending", ENDS.values(), ids=ENDS)
def test_the_event_that_ends_an_answer_is_noticed(ending: bytes, asked: bool) -> None:
    meter = a_meter(b"text/event-stream", asked=asked)
    meter.relay(sse(CHAT_STREAM[0]))
    assert not meter.terminal_seen
    meter.relay(ending[:-1])
    assert not meter.terminal_seen
    meter.relay(ending[-1:])
    assert meter.terminal_seen


@pytest.mark.parametrize("event", GOING_ON.values(), ids=GOING_ON)
def test_other_events_end_nothing(event: bytes) -> None:
    meter = a_meter(b"text/event-stream")
    meter.relay(event)
    assert not meter.terminal_seen


@pytest.mark.parametrize(
    ("stream", "cut"),
    [
        (sse(CHAT_STREAM[0]), True),
        (b": hi\n\n", True),
        (sse(*CHAT_STREAM[:2]), False),
        (sse(CHAT_STREAM[1]) + b": hi\n\n" * 9, False),
        (sse(CHAT_STREAM[0], b"[DONE]"), False),
        (sse(CHAT_STREAM[0], {"error": "no"}), False),
    ],
)
def test_a_chat_that_has_not_said_that_it_is_whole_is_cut_short(stream: bytes, cut: bool) -> None:
    headers = [(b"content-type", b"text/event-stream")]
    meter = meter_for(headers, asked_for_usage=False, watch=True)
    through(meter, stream)
    assert meter.cut_short is cut
    unwatched = meter_for(headers, asked_for_usage=False)
    through(unwatched, stream)
    assert not unwatched.cut_short
