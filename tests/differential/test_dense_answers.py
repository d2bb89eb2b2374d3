"""Answers that hold more than one turn of the loop has time for pass whole, and are counted."""

import asyncio
import gzip
import json
from dataclasses import replace

import pytest

from models.request_log import RequestLog
from proxy.usage.meter import Meter
from proxy.usage.sse_usage import EVENTS_PER_TURN
from tests.differential.conftest import Both
from tests.differential.wire import Ask, Seen

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER = 3000
JSON = ((b"Content-Type", b"application/json"),)
ASK = Ask("POST", b"/v1/chat/completions", JSON, body=[b'{"model":"m","stream":true}'])
GROWING = b"".join(
    b"data: %b\n\n"
    % json.dumps(
        {"model": "m", "choices": [{}], "usage": {"prompt_tokens": 1, "completion_tokens": n}}
    ).encode()
    for n in range(NUMBER)
)
LAST = b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":7}}\n\n'
DONE = b"data: [DONE]\n\n"


def answer(body: bytes, *lines: bytes) -> bytes:
    fields = [b"Content-Type: text/event-stream", b"Content-Length: %d" % len(body), *lines]
    return b"HTTP/1.1 200 OK\r\n" + b"\r\n".join(fields) + b"\r\n\r\n" + body


async def entry_of(seen: Seen) -> RequestLog:
    (request_id,) = seen.values(b"x-llm-proxy-request-id")
    while (entry := await RequestLog.get_or_none(id=request_id.decode())) is None:
        await asyncio.sleep(0.02)
    return entry


@pytest.mark.parametrize("asks_itself", [True, False])
@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_usage_in_thousands_of_events(
    both: Both, coding: str, asks_itself: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = 0
    catch_up = Meter.catch_up

    def counted(meter: Meter) -> bytes:
        nonlocal turns
        turns += 1
        return catch_up(meter)

    monkeypatch.setattr(Meter, "catch_up", counted)
    stream = GROWING + LAST + DONE
    sent = gzip.compress(stream) if coding else stream
    both.up.script(
        None, [answer(sent, *([b"Content-Encoding: gzip"] if coding else []))], close=False, times=1
    )
    options = b',"stream_options":{"include_usage":true}}' if asks_itself else b"}"
    seen = await both.proxied(replace(ASK, body=[b'{"model":"m","stream":true' + options]))

    # What we asked for ourselves stays back, unless it is compressed, which we did not ask for.
    withheld = not asks_itself and not coding
    assert seen.whole
    assert seen.body == (GROWING + DONE if withheld else sent)
    assert turns >= NUMBER // EVENTS_PER_TURN - 10
    entry = await entry_of(seen)
    assert (entry.usage, entry.prompt_tokens, entry.completion_tokens) == ("exact", 1, 7)


async def test_a_stream_that_says_that_it_failed_is_unknown(both: Both) -> None:
    failure = b'event: error\ndata: {"error":{"message":"overloaded"}}\n\n'
    both.up.script(None, [answer(LAST + failure + DONE)], close=False, times=1)
    seen = await both.proxied(ASK)
    assert seen.body == failure + DONE
    entry = await entry_of(seen)
    assert (entry.usage, entry.outcome) == ("unknown", "upstream_error")
