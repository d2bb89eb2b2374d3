"""The response side of the front door: what a data plane writes, as its client sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from config import Database
from proxy import errors
from proxy.downstream import ResponseHead
from proxy.headers import RawHeaders
from server.http import body
from server.http.downstream import ClientDownstream
from tests.server.conftest import Clock
from tests.server.door import Door, ScriptedPlane, finished, open_door
from tests.server.wire import PATIENCE_S, Client

Script = Callable[[ClientDownstream], Awaitable[None]]
Scripted = Callable[[Script], AbstractAsyncContextManager[Door]]

HEADERS: RawHeaders = [(b"X-One", b"1"), (b"x-two", b"caf\xe9"), (b"X-One", b"again")]
EXCHANGE = b"GET /v1/x HTTP/1.1\r\nHost: a\r\n\r\n"
OLD = b"GET /v1/x HTTP/1.0\r\nHost: a\r\n\r\n"


def a_head(status: int = 200, length: int | None = None) -> ResponseHead:
    own = [] if length is None else [(b"Content-Length", b"%d" % length)]
    return ResponseHead(status, b"As It Was", [*HEADERS, *own], length)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def modules_door(
    sqlite_template: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Door, ScriptedPlane]]:
    """A door behind which whatever script is set runs in place of the data plane."""
    plane = ScriptedPlane(nothing)
    async with open_door(sqlite_template, tmp_path_factory.mktemp("door"), plane=plane) as opened:
        yield opened, plane


async def nothing(downstream: ClientDownstream) -> None:
    """Answers nothing."""


@pytest.fixture
def scripted(modules_door: tuple[Door, ScriptedPlane]) -> Scripted:
    """The door, whose `/v1` runs this script."""
    door, plane = modules_door

    @asynccontextmanager
    async def run(script: Script) -> AsyncIterator[Door]:
        plane.script = script
        yield door

    return run


# Framing


async def test_a_refusal_in_place_of_an_answer_that_was_not_sent_is_framed_as_it_says(
    scripted: Scripted,
) -> None:
    async def script(downstream: ClientDownstream) -> None:
        downstream.start(a_head())
        downstream.start(a_head(502, 4))
        await finished(downstream.finish(b"gone"))

    async with scripted(script) as door, await door.connect() as client:
        for _ in range(2):
            await client.send(EXCHANGE)
            answer = await client.answer()
            assert (answer.status, answer.body) == (502, b"gone")
            assert answer.header("transfer-encoding") is None


async def test_lines_keep_their_order_case_and_bytes(scripted: Scripted) -> None:
    async def script(downstream: ClientDownstream) -> None:
        downstream.start(a_head(299, 2))
        await finished(downstream.finish(b"ok"))

    async with scripted(script) as door, await door.connect() as client:
        await client.send(EXCHANGE)
        assert await client.reader.readuntil(b"ok") == (
            b"HTTP/1.1 299 As It Was\r\nX-One: 1\r\nx-two: caf\xe9\r\nX-One: again\r\n"
            b"Content-Length: 2\r\n\r\nok"
        )


async def test_unknown_length_is_chunked_and_may_have_trailers(scripted: Scripted) -> None:
    async def script(downstream: ClientDownstream) -> None:
        downstream.start(a_head())
        downstream.write(b"hello ")
        downstream.write(b"")
        await finished(downstream.finish(b"world", [(b"X-Sum", b"11")]))

    async with scripted(script) as door, await door.connect() as client:
        for _ in range(2):
            await client.send(EXCHANGE)
            answer = await client.answer()
            assert (answer.body, answer.trailers) == (b"hello world", [(b"x-sum", b"11")])


async def test_unknown_length_ends_by_closing_over_http_1_0(scripted: Scripted) -> None:
    async def script(downstream: ClientDownstream) -> None:
        downstream.start(a_head())
        downstream.write(b"hello ")
        await finished(downstream.finish(b"world", [(b"X-Sum", b"11")]))

    async with scripted(script) as door, await door.connect() as client:
        await client.send(OLD.replace(b"Host", b"Connection: keep-alive\r\nHost"))
        answer = await client.answer()
        assert (answer.header("transfer-encoding"), answer.header("connection")) == (None, b"close")
        assert answer.body == b"hello world"


@pytest.mark.parametrize(
    ("request_head", "status", "length"),
    [
        (b"GET /v1/x HTTP/1.1\r\n", 204, None),
        (b"GET /v1/x HTTP/1.1\r\n", 304, None),
        (b"GET /v1/x HTTP/1.1\r\n", 304, 5),
        (b"HEAD /v1/x HTTP/1.1\r\n", 200, None),
        (b"HEAD /v1/x HTTP/1.1\r\n", 401, 5),
        (b"HEAD /v1/x HTTP/1.0\r\nConnection: keep-alive\r\n", 200, 5),
    ],
)
async def test_no_body_where_there_is_none(
    scripted: Scripted, request_head: bytes, status: int, length: int | None
) -> None:
    """Whatever is written: the client would read it as the beginning of the next response."""

    async def script(downstream: ClientDownstream) -> None:
        downstream.start(a_head(status, length))
        downstream.write(b"he")
        await finished(downstream.finish(b"llo"))

    async with scripted(script) as door, await door.connect() as client:
        for _ in range(2):
            await client.send(request_head + b"Host: a\r\n\r\n")
            answer = await client.answer(head_only=True)
            assert answer.status == status
            assert answer.header("transfer-encoding") is None


async def test_the_head_waits_for_the_body_unless_it_is_flushed(scripted: Scripted) -> None:
    go_on = asyncio.Event()

    async def script(downstream: ClientDownstream) -> None:
        downstream.start(a_head(length=2))
        before = downstream.started
        downstream.flush()
        assert (before, downstream.started) == (False, True)
        await go_on.wait()
        await finished(downstream.finish(b"ok"))

    async with scripted(script) as door, await door.connect() as client:
        await client.send(EXCHANGE)
        assert (await client.answer(head_only=True)).status == 200
        go_on.set()
        assert await client.reader.readexactly(2) == b"ok"


async def test_interim_responses_are_for_http_1_1(scripted: Scripted) -> None:
    async def script(downstream: ClientDownstream) -> None:
        downstream.inform(103, b"Early Hints", [(b"Link", b"</a>")])
        downstream.start(a_head(length=0))
        await finished(downstream.finish())

    async with scripted(script) as door:
        async with await door.connect() as client:
            await client.send(EXCHANGE)
            interim = await client.answer()
            assert (interim.status, interim.header("link")) == (103, b"</a>")
            assert (await client.answer()).status == 200
        async with await door.connect() as client:
            await client.send(OLD)
            assert (await client.answer()).status == 200


# The request's body


async def everything(downstream: ClientDownstream) -> list[bytes]:
    """The pieces in which the body is read."""
    pieces = []
    while piece := await downstream.read():
        pieces.append(piece)
    return pieces


async def test_a_body_is_read_to_its_end_with_its_trailers(scripted: Scripted) -> None:
    async def script(downstream: ClientDownstream) -> None:
        pieces = await everything(downstream)
        assert await downstream.read() == b""
        assert downstream.trailers == [(b"X-Sum", b"1")]
        body = b"|".join(pieces)
        downstream.start(a_head(length=len(body)))
        await finished(downstream.finish(body))

    async with scripted(script) as door, await door.connect() as client:
        head = EXCHANGE[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"
        await client.send(head + b"2\r\nab\r\n3\r\ncde\r\n0\r\nX-Sum: 1\r\n\r\n")
        assert (await client.answer()).body == b"ab|cde"


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\nX\r\n", errors.InvalidRequest),
        (b"Content-Length: 5\r\n\r\nabc", errors.RequestTimeout),
        (b"Content-Length: 9999999999\r\n\r\nabc", errors.RequestTooLarge),
    ],
)
async def test_what_is_wrong_with_a_body_is_told_as_a_refusal(
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
    sent: bytes,
    refusal: type[errors.Refusal],
) -> None:
    monkeypatch.setattr(body, "BODY_STALL", 0.1)

    async def script(downstream: ClientDownstream) -> None:
        with pytest.raises(refusal):
            await everything(downstream)
        downstream.start(a_head(refusal.status, 0))
        await finished(downstream.finish())

    async with scripted(script) as door, await door.connect() as client:
        await client.send(EXCHANGE[:-2] + sent)
        answer = await client.answer()
        assert (answer.status, answer.header("connection")) == (refusal.status, b"close")
        assert await client.end() == b""


async def test_a_slow_body_is_no_stalled_one(scripted: Scripted, clock: Clock) -> None:
    came = asyncio.Queue[bytes]()

    async def script(downstream: ClientDownstream) -> None:
        # The next piece is waited for before anybody is told of this one.
        while piece := await downstream.read():
            came.put_nowait(piece)
        downstream.start(a_head(length=2))
        await finished(downstream.finish(b"ok"))

    async with scripted(script) as door, await door.connect() as client:
        await client.send(EXCHANGE[:-2] + b"Content-Length: 4\r\n\r\n")
        for piece in (b"s", b"l", b"o", b"w"):
            await client.send(piece)
            async with asyncio.timeout(PATIENCE_S):
                assert await came.get() == piece
            await clock.turn(body.BODY_STALL * 0.7)
        assert (await client.answer()).body == b"ok"


@pytest.mark.parametrize("length", [2, None], ids=["length", "chunked"])
async def test_a_body_that_was_not_read_ends_the_connection(
    scripted: Scripted, length: int | None
) -> None:
    async def script(downstream: ClientDownstream) -> None:
        downstream.start(a_head(length=length))
        await finished(downstream.finish(b"ok"))

    async with scripted(script) as door, await door.connect() as client:
        await client.send(EXCHANGE[:-2] + b"Content-Length: 100\r\n\r\n" + EXCHANGE)
        answer = await client.answer()
        assert answer.body == b"ok"
        assert (answer.header("connection") == b"close") is (length is not None)
        assert await client.end() == b""


async def test_100_is_not_sent_after_the_answer_has_begun(scripted: Scripted) -> None:
    async def script(downstream: ClientDownstream) -> None:
        downstream.start(a_head())
        downstream.write(b"early")
        reading = asyncio.create_task(downstream.read())
        await asyncio.sleep(0.05)
        reading.cancel()
        await finished(downstream.finish())

    async with scripted(script) as door, await door.connect() as client:
        await client.send(EXCHANGE[:-2] + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        answer = await client.answer()
        assert (answer.status, answer.body) == (200, b"early")
        assert answer.header("connection") == b"close"
        assert await client.end() == b""


# Breaking off

BREAKS: dict[str, tuple[bytes, int | None]] = {
    "chunked": (EXCHANGE, None),
    "length": (EXCHANGE, 100),
    "length over HTTP/1.0": (OLD, 100),
    "closing over HTTP/1.0": (OLD, None),
}


async def read_broken(client: Client, sent: bytes) -> None:
    """Raises what a client gets to see of an answer that is cut."""
    await client.send(sent)
    await client.answer()


@pytest.mark.parametrize("how", ["abort", "exception"])
@pytest.mark.parametrize(("sent", "length"), BREAKS.values(), ids=BREAKS)
async def test_a_cut_answer_never_looks_whole(
    scripted: Scripted, sent: bytes, length: int | None, how: str
) -> None:
    async def script(downstream: ClientDownstream) -> None:
        downstream.start(a_head(length=length))
        downstream.write(b"hello")
        await asyncio.sleep(0.02)
        if how == "exception":
            raise LookupError("unforeseen")
        downstream.abort()
        downstream.abort()

    async with scripted(script) as door, await door.connect() as client:
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await read_broken(client, sent)


async def test_a_cut_answer_of_known_length_is_reset(scripted: Scripted) -> None:
    """boto3 takes an orderly close for its end."""

    async def script(downstream: ClientDownstream) -> None:
        downstream.start(a_head(length=100))
        downstream.write(b"hello")
        await asyncio.sleep(0.02)
        downstream.abort()

    async with scripted(script) as door, await door.connect() as client:
        await client.send(EXCHANGE)
        with pytest.raises(ConnectionResetError):
            await client.end()


async def test_an_exception_before_the_answer_is_a_500(scripted: Scripted) -> None:
    async def script(downstream: ClientDownstream) -> None:
        raise errors.RequestBroken("01a2") from LookupError("unforeseen")

    async with scripted(script) as door, await door.connect() as client:
        await client.send(EXCHANGE)
        answer = await client.answer()
        assert (answer.status, answer.header("x-llm-proxy-request-id")) == (500, b"01a2")
        assert b"unforeseen" not in answer.body


async def test_an_abort_before_the_answer_sends_nothing(scripted: Scripted) -> None:
    async def script(downstream: ClientDownstream) -> None:
        downstream.start(a_head())
        downstream.abort()

    async with scripted(script) as door, await door.connect() as client:
        await client.send(EXCHANGE)
        assert await client.end() == b""


# A client that is slow, or gone


async def outcome_of(script: Coroutine[Any, Any, None]) -> str:
    try:
        await script
    except (errors.ClientGone, asyncio.CancelledError) as gone:
        return type(gone).__name__
    return "written"


async def test_a_client_that_has_left_is_noticed(scripted: Scripted) -> None:
    ended: asyncio.Queue[str] = asyncio.Queue()

    async def stream(downstream: ClientDownstream) -> None:
        downstream.start(a_head())
        while True:
            downstream.write(b"data: x\n\n")
            await asyncio.sleep(0.01)

    async def script(downstream: ClientDownstream) -> None:
        ended.put_nowait(await outcome_of(stream(downstream)))
        with pytest.raises(errors.ClientGone):
            await finished(downstream.finish(b"more"))

    async with scripted(script) as door:
        client = await door.connect()
        await client.send(EXCHANGE)
        await client.reader.readuntil(b"x\n\n")
        client.writer.transport.abort()
        async with asyncio.timeout(PATIENCE_S):
            assert await ended.get() in ("ClientGone", "CancelledError")


async def test_a_slow_client_holds_the_writer_back(scripted: Scripted) -> None:
    written = 0

    async def script(downstream: ClientDownstream) -> None:
        nonlocal written
        downstream.start(a_head())
        while written < 200:
            downstream.write(bytes(256 * 1024))
            await downstream.drain()
            written += 1
        await finished(downstream.finish())

    async with scripted(script) as door:
        client = await Client.connect(door.port, limit=1024)
        await client.send(EXCHANGE)
        async with asyncio.timeout(PATIENCE_S):
            before, unchanged = 0, 0
            # Turns of the loop and not time: in each of them the writer could have gone on.
            while unchanged < 20:
                await asyncio.sleep(0.01)
                unchanged = unchanged + 1 if before == written > 0 else 0
                before = written
        # The kernel's buffers are full, and so is ours; else 50 MB would have been written.
        assert written < 100
        async with asyncio.timeout(PATIENCE_S):
            while written < 200:
                await client.reader.read(1 << 20)
        client.writer.transport.abort()
