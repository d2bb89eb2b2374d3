"""Which answers are read, and what of them reaches the client."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from proxy.headers import RawHeaders
from proxy.usage.accumulator import Usage
from proxy.usage.meter import Meter, meter_for
from tests.proxy.usage.test_readers import CHAT_STREAM, CHAT_USAGE, sse

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
    assert (meter.usage, meter.exact) == (SPENT, True)
    assert meter.model in ("gpt-4o", "gpt-4o-2024")


@pytest.mark.parametrize("content_type", [None, b"", b"text/plain", b"audio/mpeg", b"json"])
def test_other_answers_pass_unread(content_type: bytes | None) -> None:
    meter = a_meter(content_type, asked=True)
    assert through(meter, PLAIN) == PLAIN
    assert (meter.usage, meter.model, meter.exact, meter.withholds) == (None, None, False, False)


@pytest.mark.parametrize(
    "codings", [[b"compress"], [b"gzip, br"], [b"gzip", b"gzip"], [b"identity", b"gzip"]]
)
def test_codings_that_cannot_be_undone_leave_usage_unknown(codings: list[bytes]) -> None:
    meter = a_meter(b"text/event-stream", *codings, asked=True)
    sent = gzip.compress(STREAM)
    assert through(meter, sent) == sent
    assert (meter.usage, meter.withholds) == (None, False)


def test_the_usage_that_we_asked_for_is_withheld() -> None:
    meter = a_meter(b"text/event-stream", asked=True)
    assert meter.withholds
    assert through(meter, STREAM) == WITHOUT_USAGE
    assert meter.usage == SPENT


def test_nothing_is_withheld_from_a_coding_that_came_unasked() -> None:
    meter = a_meter(b"text/event-stream", b"gzip", asked=True)
    sent = gzip.compress(STREAM)
    assert not meter.withholds
    assert through(meter, sent) == sent
    assert meter.usage == SPENT


def test_a_coding_that_breaks_off_keeps_what_was_read() -> None:
    meter = a_meter(b"text/event-stream", b"gzip")
    compressor = zlib.compressobj(wbits=31)
    sent = compressor.compress(STREAM) + compressor.flush(zlib.Z_SYNC_FLUSH) + b"\xff" * 50
    assert meter.relay(sent[:-50]) == sent[:-50]
    assert meter.relay(sent[-50:]) + meter.end() == sent[-50:]
    assert (meter.usage, meter.exact) == (SPENT, True)


def test_a_stream_that_is_cut_is_exact_only_with_its_last_word() -> None:
    start = {"type": "message_start", "message": {"model": "c", "usage": {"input_tokens": 9}}}
    meter = a_meter(b"text/event-stream")
    meter.relay(sse(start))
    assert (meter.usage, meter.exact) == (Usage(9, 0, 0, 0), False)
    meter.relay(sse({"type": "message_delta", "usage": {"output_tokens": 3}}))
    assert (meter.usage, meter.exact) == (Usage(9, 3, 0, 0), True)
