"""How long a connection may take, what it may carry, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import time

import pytest

from server.http import body, connection
from server.http.connection import KEEP_ALIVE_IDLE, ClientConnection
from tests.server.conftest import Clock
from tests.server.corpus import AUTH, BODY, CHUNKED, END, GET, HOST, JSON, chunked, fields
from tests.server.door import Door
from tests.server.wire import PATIENCE_S, Client

LENGTH = b"Content-Length: %d\r\n" % len(BODY)
EXPECT = b"Expect: 100-continue\r\n"
#: Bytes that are only taken where somebody reads them.
_MORE_THAN_BUFFERS = 64 * 1024 * 1024
_UPLOADED = 5 * 1024 * 1024
UPLOAD = b"POST /v1/files HTTP/1.1\r\n" + HOST + AUTH


def post(*lines: bytes, path: bytes = b"/v1/chat/completions") -> bytes:
    """The head of a POST without a credential."""
    return b"POST %b HTTP/1.1\r\n" % path + HOST + JSON + b"".join(lines) + END


# Deadlines, scaled down


@pytest.mark.parametrize("gap", [0.02, 10.0], ids=["dripping", "silent"])
async def test_a_head_has_one_deadline_however_it_comes(
    door: Door, monkeypatch: pytest.MonkeyPatch, gap: float
) -> None:
    monkeypatch.setattr(connection, "HEAD_DEADLINE", 0.3)
    began = time.monotonic()
    async with await door.connect() as client:
        dripping = asyncio.create_task(client.drip(GET, gap=gap))
        answer = await client.answer()
        assert await client.end() == b""
        assert not dripping.done()
        dripping.cancel()
    assert (answer.status, answer.code) == (408, "request_timeout")
    # As with a body that is slow: the next try may be faster.
    assert answer.header("x-should-retry") is None
    assert answer.header("x-llm-proxy-request-id")
    assert time.monotonic() - began > 0.25


async def test_a_head_may_take_its_time_within_the_deadline(door: Door) -> None:
    async with await door.connect() as client:
        for piece in (GET[:20], GET[20:40], GET[40:]):
            await client.send(door.with_token(piece))
            await asyncio.sleep(0.05)
        assert (await client.answer()).status == 200


async def test_the_heads_deadline_ends_with_the_head(
    door: Door, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the answer takes then."""
    monkeypatch.setattr(connection, "HEAD_DEADLINE", 30.0)
    held = door.with_token(GET[:-2] + b"x-fake: hold\r\n\r\n")
    async with await door.connect() as client:
        await client.drip(held)
        await door.up.wait_until(lambda: door.up.held == 1)
        await clock.turn(connection.HEAD_DEADLINE * 2)
        door.up.release()
        assert (await client.answer()).status == 200


async def test_a_head_that_was_refused_is_not_refused_again_at_its_deadline(
    door: Door, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_DEADLINE", 30.0)
    problems: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: problems.append(context))
    async with await door.connect() as client:
        await client.send(GET[:20])
        await _arrived(door, GET[:20])
        await client.send(b"\n")
        assert (await client.answer()).status == 400
        await clock.turn(connection.HEAD_DEADLINE * 2)
        assert await client.end() == b""
    loop.set_exception_handler(None)
    assert not problems


async def test_reading_goes_on_behind_whole_requests_that_filled_the_window(door: Door) -> None:
    held = door.with_token(GET[:-2] + b"x-fake: hold\r\n\r\n")
    size = 16 * 1024
    begun = b"GET /health HTTP/1.1\r\n" + HOST + b"x-pad: "
    ahead = begun + b"x" * (size - len(begun) - 4) + END + END
    whole = connection._RECEIVE_WINDOW // size
    async with await door.connect() as client:
        await client.send(held)
        await door.up.wait_until(lambda: door.up.held == 1)
        await client.send(ahead * whole)
        await _arrived(door, ahead * whole)
        door.up.release()
        assert [(await client.answer()).status for _ in range(1 + whole)] == [200] * (1 + whole)
        await client.send(door.with_token(GET))
        assert (await client.answer()).status == 200


async def _arrived(door: Door, sent: bytes) -> None:
    """Once one connection has received this, and not begun to serve it."""
    async with asyncio.timeout(PATIENCE_S):
        while all(client.received != sent for client in door.app.ctx.connections):
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    "cut",
    [
        fields(LENGTH, body=BODY[:10]),
        chunked(CHUNKED[:10]),
        UPLOAD + LENGTH + END + BODY[:10],
        UPLOAD + b"Transfer-Encoding: chunked\r\n" + END + CHUNKED[:10],
    ],
    ids=["inspected", "inspected chunks", "streamed", "streamed chunks"],
)
async def test_a_stalled_body_is_given_up(
    door: Door, monkeypatch: pytest.MonkeyPatch, cut: bytes
) -> None:
    monkeypatch.setattr(body, "BODY_STALL", 0.3)
    async with await door.connect() as client:
        await client.send(door.with_token(cut))
        answer = await client.answer()
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert answer.header("connection") == b"close"
        assert await client.end() == b""
    assert [request.complete for request in door.up.requests] in ([], [False])


@pytest.mark.parametrize("requests", [0, 1, 2])
async def test_an_idle_connection_is_closed(door: Door, clock: Clock, requests: int) -> None:
    async with await door.connect() as client, await door.connect() as later:
        for _ in range(requests):
            await client.send(door.with_token(GET))
            assert (await client.answer()).status == 200
        await clock.turn(KEEP_ALIVE_IDLE * 0.7)
        # Nothing that came before this answer has closed the other one.
        await later.send(door.with_token(GET))
        assert (await later.answer()).status == 200
        assert not client.reader.at_eof()
        await clock.turn(KEEP_ALIVE_IDLE * 0.4)
        assert await client.end() == b""


async def test_a_connection_idles_from_its_answer_on(door: Door, clock: Clock) -> None:
    """A client that reuses it right after a long answer must not find it closed."""
    async with await door.connect() as client:
        await client.send(door.with_token(GET[:-2] + b"x-fake: hold\r\n\r\n"))
        await door.up.wait_until(lambda: door.up.held == 1)
        await clock.turn(KEEP_ALIVE_IDLE * 3)
        door.up.release()
        assert (await client.answer()).status == 200
        await clock.turn(KEEP_ALIVE_IDLE / 3)
        await client.send(door.with_token(GET))
        assert (await client.answer()).status == 200


# Expect: 100-continue


async def test_100_is_answered_once_the_request_is_let_in(door: Door) -> None:
    async with await door.connect() as client:
        await client.send(door.with_token(fields(EXPECT, LENGTH)))
        assert (await client.answer()).status == 100
        assert door.up.heads == 0
        await client.send(BODY)
        assert (await client.answer()).status == 200
        # Not a second time, and not for a request that did not ask.
        await client.send(door.with_token(fields(LENGTH, body=BODY)))
        assert (await client.answer()).status == 200
    assert door.up.last.header("expect") is None


async def test_100_is_answered_for_a_streamed_body(door: Door) -> None:
    async with await door.connect() as client:
        await client.send(door.with_token(UPLOAD + EXPECT + LENGTH + END))
        assert (await client.answer()).status == 100
        await client.send(BODY)
        assert (await client.answer()).status == 400  # The upstream's: no multipart form.
    assert door.up.last.body == BODY


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (post(EXPECT, LENGTH), 401),
        (post(EXPECT, b"Transfer-Encoding: chunked\r\n"), 401),
        (post(AUTH, EXPECT, LENGTH, path=b"/v1/nothing"), 404),
        (post(AUTH, EXPECT, b"Content-Length: 99999999999\r\n"), 413),
        (post(EXPECT, LENGTH, path=b"/nothing"), 404),
        (post(EXPECT, LENGTH, path=b"/health"), 405),
    ],
)
async def test_a_refusal_comes_without_100(door: Door, head: bytes, status: int) -> None:
    async with await door.connect() as client:
        await client.send(door.with_token(head))
        answer = await client.answer()
        assert (answer.status, answer.header("connection")) == (status, b"close")
        assert await client.end() == b""
    assert door.up.heads == 0


async def test_100_for_sanics_own_handlers(door: Door) -> None:
    async with await door.connect() as client:
        await client.send(post(EXPECT, LENGTH, path=b"/plain"))
        assert (await client.answer()).status == 100
        await client.send(BODY)
        assert (await client.answer()).body == b"62 bytes"


async def test_an_expectation_without_a_body_is_none(door: Door) -> None:
    asked = GET[:-2] + EXPECT + END
    async with await door.connect() as client:
        for _ in range(2):
            await client.send(door.with_token(asked))
            answer = await client.answer()
            assert (answer.status, answer.header("connection")) == (200, None)


# Refused while the client is sending


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        (b"Content-Length: %d\r\n" % _UPLOADED, (401, "missing_token")),
        (b"Content-Length : %d\r\n" % _UPLOADED, (400, "invalid_request")),
    ],
    ids=["refused", "malformed"],
)
async def test_the_answer_reaches_a_client_in_the_middle_of_sending(
    door: Door, line: bytes, refusal: tuple[int, str]
) -> None:
    async with await door.connect() as client:
        await client.send(post(line))
        for _ in range(_UPLOADED // 65536):
            await client.send(bytes(65536))
        answer = await client.answer()
        assert (answer.status, answer.code) == refusal
        assert answer.header("connection") == b"close"
        assert await client.end() == b""
    assert door.up.heads == 0


async def test_input_is_dropped_for_a_while_and_no_longer(
    door: Door, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Before the connection is closed for being idle.
    monkeypatch.setattr(connection, "LINGER", KEEP_ALIVE_IDLE * 0.8)
    async with await door.connect() as client:
        await client.send(post(b"Content-Length: 99999999999\r\n"))
        # The answer and our end of the stream come at once; the client's end is cut later.
        assert (await client.answer()).status == 401
        assert await client.end() == b""
        await clock.turn(connection.LINGER / 2)
        for _ in range(_MORE_THAN_BUFFERS // 65536):
            client.writer.write(bytes(65536))
            await client.writer.drain()
        await clock.turn(connection.LINGER / 2)
        with pytest.raises(ConnectionError):
            await client.flood()


# Sizes


async def test_the_data_paths_bound_is_not_that_of_the_other_planes(door: Door) -> None:
    size = 2 * 1024 * 1024
    async with await door.connect() as client:
        await client.send(door.with_token(UPLOAD + b"Content-Length: %d\r\n" % size + END))
        await client.send(bytes(size))
        await client.answer()
        assert door.up.last.body_length == size
        await client.send(post(b"Content-Length: %d\r\n" % size, path=b"/plain"))
        await client.send(bytes(size))
        assert (await client.answer()).status == 413


# Sanic's own answers


async def test_health_says_nothing_of_other_protocols(door: Door) -> None:
    async with await door.connect() as client:
        await client.send(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = await client.answer()
    assert answer.header("alt-svc") is None


async def test_a_client_that_leaves_takes_nothing_with_it(door: Door) -> None:
    for sent in (b"", b"GET", GET[:40], door.with_token(fields(LENGTH, body=BODY[:5]))):
        client = await Client.connect(door.port)
        await client.send(sent)
        client.writer.transport.abort()
    async with await door.connect() as client:
        await client.send(door.with_token(GET))
        assert (await client.answer()).status == 200


async def test_nothing_stays_of_a_connection_that_was_refused(door: Door) -> None:
    """Its timer would keep it for as long as a connection may idle, and so a flood of them."""

    def kept() -> int:
        gc.collect()
        return sum(isinstance(kept, ClientConnection) for kept in gc.get_objects())

    # What earlier tests left is not looked through, again and again.
    gc.freeze()
    before = kept()
    async with await door.connect() as client:
        await client.send(b"no request\r\n\r\n")
        assert (await client.answer()).status == 400
        assert await client.end() == b""
    async with asyncio.timeout(KEEP_ALIVE_IDLE / 3):
        while kept() > before:
            await asyncio.sleep(0.01)
