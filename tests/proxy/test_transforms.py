"""Transforms of requests and streams keep their interface's rules; without one nothing changes."""

from __future__ import annotations

import gzip
import json
from typing import Final

import pytest

from proxy import forward
from proxy.body.request_body import asked_plainly
from proxy.body.usage_splice import UsageSplice
from proxy.downstream import RequestHead
from proxy.header_lines import HeaderLines
from proxy.headers import RawHeaders
from proxy.usage.json_usage import JsonUsageReader
from proxy.usage.meter import Meter, meter_for
from proxy.usage.sse_usage import EVENT_MAX_BYTES, SseUsageReader
from tests.proxy.transform_rules import StreamCase, check_request, check_stream
from tests.proxy.usage.test_readers import ANTHROPIC_START, CHAT_STREAM, CHAT_USAGE, sse

STREAM: Final = sse(*CHAT_STREAM)
WITHHELD: Final = sse(CHAT_STREAM[2])
JSON: Final = json.dumps({"model": "m", "usage": CHAT_USAGE}).encode()


def _sse(*codings: bytes, asked: bool) -> Meter:
    headers = [
        (b"content-type", b"text/event-stream"),
        *((b"content-encoding", c) for c in codings),
    ]
    return meter_for(headers, asked_for_usage=asked)


STREAMS: Final = {
    "no reader": StreamCase(lambda: meter_for([], asked_for_usage=True), STREAM, STREAM, 0),
    "json": StreamCase(JsonUsageReader, JSON, JSON, JsonUsageReader.KEEP_BYTES),
    "sse that only looks on": StreamCase(SseUsageReader, STREAM, STREAM, EVENT_MAX_BYTES),
    "sse": StreamCase(
        lambda: SseUsageReader(withhold=True),
        STREAM,
        STREAM.replace(WITHHELD, b""),
        EVENT_MAX_BYTES,
    ),
    "sse with nothing to withhold": StreamCase(
        lambda: SseUsageReader(withhold=True), *2 * (sse(ANTHROPIC_START),), EVENT_MAX_BYTES
    ),
    "meter": StreamCase(
        lambda: _sse(asked=True), STREAM, STREAM.replace(WITHHELD, b""), EVENT_MAX_BYTES
    ),
    "meter of a compressed answer": StreamCase(
        lambda: _sse(b"gzip", asked=True), *2 * (gzip.compress(STREAM, mtime=0),), EVENT_MAX_BYTES
    ),
}


@pytest.mark.parametrize("case", STREAMS.values(), ids=STREAMS)
def test_a_stream_transform_keeps_the_rules(case: StreamCase) -> None:
    check_stream(case)


BODY: Final = b' {"model": "m", "stream": true, "messages": []}'


def _splice() -> UsageSplice:
    asked = asked_plainly(BODY)
    assert asked is not None
    return UsageSplice((asked,), True)


def test_the_usage_splice_keeps_the_rules_of_a_request_transform() -> None:
    check_request(_splice(), BODY, added=b'"stream_options":{"include_usage":true},')


def _outgoing(headers: RawHeaders, transform: UsageSplice | None) -> forward.Outgoing:
    lines = HeaderLines.of(headers)
    head = RequestHead("POST", b"/v1/chat/completions", "1.1", lines, len(BODY), "192.0.2.1")
    body = () if transform is not None else (BODY,)
    return forward.outgoing(head, body, complete=True, transform=transform)


def test_the_length_of_what_a_transform_made_is_stated() -> None:
    headers = [(b"Content-Length", b"%d" % len(BODY)), (b"Content-Encoding", b"gzip")]
    splice = _splice()
    made = _outgoing(headers, splice)
    assert b"".join(made.body) == b"".join(splice.body)
    fields = made.fields.lower()
    assert b"content-length: %d\r\n" % made.size in fields
    assert made.size == len(BODY) + 40
    # The body was decoded for the splice, and its answer has to come plain.
    assert b"content-encoding" not in fields
    assert b"accept-encoding: identity\r\n" in fields


def test_without_a_transform_fields_and_body_go_as_they_came() -> None:
    headers = [(b"Content-Length", b"%d" % len(BODY)), (b"ACCEPT-encoding", b"gzip, br")]
    made = _outgoing(headers, None)
    assert made.fields == b"Content-Length: %d\r\nACCEPT-encoding: gzip, br\r\n" % len(BODY)
    assert b"".join(made.body) == BODY
