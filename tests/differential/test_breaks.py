"""What a client sees when its upstream breaks, is late or talks nonsense; and when it leaves."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest

from fake_upstream import generated
from server.http.connection import ClientConnection
from server.http.disconnect import peer_disconnected
from tests.differential.conftest import Both, code, issue
from tests.differential.wire import PATIENCE, Ask, Wire, wired
from tests.proxy.upstream.corpus import CHUNKED, MALFORMED, OK

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("both_ways")]

GET = Ask()
FILES = "/v1/files"
UPLOAD = Ask("POST", FILES.encode(), ((b"Content-Type", b"application/octet-stream"),))
CHAT = Ask(
    "POST",
    b"/v1/chat/completions",
    ((b"Content-Type", b"application/json"),),
    body=[b'{"model":"m","stream":true,"messages":[{"role":"user","content":"Hi"}]}'],
)


# Before the first byte


@pytest.mark.parametrize("fake", ["break=head", "break=head, reset", "break=midhead"])
async def test_an_upstream_that_breaks_before_its_head(both: Both, fake: str) -> None:
    seen = await both.proxied(replace(UPLOAD, body=[b"abc"], fake=fake))
    assert (seen.status, code(seen)) == (502, "upstream_unreachable")
    assert both.up.count == 1


async def test_an_upstream_that_is_not_there(both: Both, closed_port: int) -> None:
    secret = await issue(f"http://127.0.0.1:{closed_port}")
    seen = await both.proxied(UPLOAD, secret)
    assert (seen.status, code(seen)) == (502, "upstream_unreachable")


async def test_an_upstream_that_must_not_be(both: Both) -> None:
    secret = await issue("http://169.254.169.254")
    seen = await both.proxied(GET, secret)
    assert (seen.status, code(seen)) == (502, "upstream_unreachable")
    assert b"not allowed" in seen.body


@pytest.mark.parametrize("name", [
    "html", "status-99", "http-2.0", "no-colon", "obs-fold", "two-lengths", "coding-gzip",
    "length-before-coding", "chunk-size-0x", "101", "interim-with-length", "second-response",
    "longer-than-length", "nul-in-value",
])  # fmt: skip
async def test_a_malformed_answer(both: Both, name: str) -> None:
    both.up.script(None, [MALFORMED[name]], close=False, times=1)
    seen = await both.proxied(replace(UPLOAD, body=[b"abc"]))
    assert (seen.status, code(seen)) == (502, "upstream_protocol_error")
    assert both.up.count == 1
    await both.up.wait_until(lambda: both.up.open_connections == 0)


async def test_a_client_that_breaks_its_own_chunks_is_told_so(both: Both) -> None:
    ask = replace(UPLOAD, chunked=True)
    async with wired(both.door.port) as wire:
        wire.writer.write(ask.head(both.door.secret.encode()) + b"3\r\nabc\r\n")
        await both.up.wait_until(lambda: both.up.heads == 1)
        wire.writer.write(b"0x3\r\nabc\r\n")
        seen = await wire.receive("POST")
    assert (seen.status, code(seen)) == (400, "invalid_request")
    await both.up.wait_until(lambda: both.up.count == 1)
    assert not both.up.last.complete


# After it


@pytest.mark.parametrize("reset", ["", ", reset"])
@pytest.mark.parametrize("framing", ["final", "chunked"])
async def test_an_upstream_that_breaks_within_its_body(
    both: Both, framing: str, reset: str
) -> None:
    fake = f"bytes=100000, chunk=1000, break=50500, {framing}{reset}"
    seen = await both.proxied(replace(GET, target=b"/v1/files/f/content", fake=fake))
    assert seen.status == 200
    assert not seen.whole
    assert seen.body == generated(100_000)[: len(seen.body)]


async def test_a_body_that_runs_until_the_close_and_is_reset(both: Both) -> None:
    seen = await both.proxied(replace(GET, fake="bytes=9000, close, break=5000, reset"))
    assert not seen.whole


@pytest.mark.parametrize(
    "wire",
    [
        CHUNKED + b"3\r\nabc\r\n",
        CHUNKED + b"3\r\nabc\r\n0\r\n",
        CHUNKED + b"3\r\nabc\r\n0\r\nX-Trailer: cut",
        OK + b"Content-Length: 4\r\n\r\nabc",
    ],
)
async def test_a_cut_answer_never_looks_whole(both: Both, wire: bytes) -> None:
    both.up.script(None, [wire], times=1)
    seen = await both.proxied(UPLOAD)
    assert (seen.status, seen.whole) == (200, False)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (CHUNKED + b"3\r\nabc\r\n", b"0x3\r\nabc\r\n0\r\n\r\n"),
        (CHUNKED + b"3\r\nabc\r\n", b"0\r\nContent-Length: 3\r\n\r\n"),
        (CHUNKED + b"3\r\nabc\r\n", b"0\r\n\r\nHTTP/1.1 200 OK\r\n"),
    ],
)
async def test_nonsense_after_the_first_byte(both: Both, good: bytes, bad: bytes) -> None:
    both.up.script(None, [good, 0.05, bad], close=False, times=1)
    seen = await both.proxied(UPLOAD)
    assert (seen.status, seen.whole, seen.body) == (200, False, b"abc")


# Repetition


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_request_that_changes_nothing_is_repeated_once(both: Both, method: str) -> None:
    both.up.behave("break=head", times=1)
    seen = await both.proxied(Ask(method, FILES.encode()))
    assert seen.status == 200
    assert both.up.count == 2


async def test_and_not_twice(both: Both) -> None:
    both.up.behave("break=head")
    seen = await both.proxied(GET)
    assert (seen.status, code(seen)) == (502, "upstream_unreachable")
    assert both.up.count == 2


@pytest.mark.parametrize("fake", ["break=midhead", "1xx=103, break=head"])
async def test_nothing_is_repeated_after_the_first_byte(both: Both, fake: str) -> None:
    both.up.behave(fake, times=1)
    seen = await both.proxied(GET)
    assert seen.status == 502
    assert both.up.count == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_request_that_may_have_changed_something_never_is(both: Both, method: str) -> None:
    await both.proxied(Ask(method, FILES.encode(), fake="bytes=1"))
    for fake in ("break=head", "break=head, reset"):
        before = both.up.count
        seen = await both.proxied(Ask(method, FILES.encode(), fake=fake))
        assert (seen.status, code(seen)) == (502, "upstream_unreachable")
        assert both.up.count == before + 1


async def test_a_get_with_a_body_never_is(both: Both) -> None:
    seen = await both.proxied(replace(UPLOAD, method="GET", body=[b"abc"], fake="break=head"))
    assert seen.status == 502
    assert both.up.count == 1


async def test_a_kept_connection_found_dead_is_replaced_silently(both: Both) -> None:
    for _ in range(5):
        seen = await both.proxied(replace(UPLOAD, body=[b"abc"], fake="bytes=3, drop"))
        assert seen.status == 200
        await both.up.wait_until(lambda: both.up.open_connections == 0)
        await asyncio.sleep(0.02)
    assert both.up.count == 5


async def test_a_kept_connection_is_used_again(both: Both) -> None:
    await both.proxied(replace(UPLOAD, fake="bytes=3"))
    connections = both.up.connections
    for fake in ("bytes=3", "bytes=3, chunked", "status=204", "status=500", "trailer=X:y"):
        await both.proxied(replace(UPLOAD, body=[b"abc"], fake=fake))
    assert both.up.connections == connections


# The client leaves


def leave(wire: Wire, how: str) -> None:
    """End a client's connection, as a closed laptop lid or a killed process would."""
    if how == "resets":
        sock: socket.socket = wire.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.writer.transport.abort()


async def _leaves(both: Both, wire: Wire, how: str) -> None:
    """The upstream's connection is closed within a second."""
    leave(wire, how)
    await _within(1.0, lambda: both.up.open_connections == 0)


async def _within(seconds: float, condition: Callable[[], bool]) -> None:
    """It holds by then, by a clock that stands still where the machine does.

    The client, the proxy and the upstream all run in this process.
    """
    for _ in range(round(seconds * 100)):
        if condition():
            return
        await asyncio.sleep(0.01)
    assert condition()


@pytest.fixture(params=["closes", "resets"])
def how(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_client_leaves_before_the_answer(both: Both, how: str) -> None:
    async with wired(both.door.port) as wire:
        await wire.send(replace(CHAT, fake="hold"), both.door.secret.encode())
        await both.up.wait_until(lambda: both.up.held == 1)
        await _leaves(both, wire, how)


async def test_a_client_leaves_within_a_stream(both: Both, how: str) -> None:
    async with wired(both.door.port) as wire:
        await wire.send(replace(CHAT, fake="hold"), both.door.secret.encode())
        await wire.reader.readuntil(b"data: ")
        await _leaves(both, wire, how)


async def test_a_client_leaves_that_reads_slowly(both: Both, how: str) -> None:
    ask = replace(GET, target=b"/v1/files/f/content", fake="bytes=1000000000")
    async with wired(both.door.port) as wire:
        await wire.send(ask, both.door.secret.encode())
        await wire.reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.3)
        await _leaves(both, wire, how)


async def test_a_client_leaves_within_its_upload(both: Both, how: str) -> None:
    ask = replace(UPLOAD, body=[b"abc"], holds_back=100_000)
    async with wired(both.door.port) as wire:
        await wire.send(ask, both.door.secret.encode())
        await both.up.wait_until(lambda: both.up.heads == 1)
        await _leaves(both, wire, how)
    assert not both.up.last.complete


async def test_a_client_leaves_while_its_upload_is_held_back(
    both: Both, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upstream reads nothing, so nothing more of the client is read: not even its end."""
    hung_up = asyncio.Event()

    async def read_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transport = writer.transport
        transport.pause_reading()  # type: ignore[attr-defined]
        # Only its end: what was sent stays where it is.
        while not peer_disconnected(transport):
            await asyncio.sleep(0.02)
        hung_up.set()
        transport.abort()

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("127.0.0.1", 0))
    server = await asyncio.start_server(read_nothing, sock=listener, limit=1024)
    secret = await issue(f"http://127.0.0.1:{listener.getsockname()[1]}")
    held_back = _watch_for_pauses(monkeypatch)
    async with wired(both.door.port) as wire:
        wire.writer.write(replace(UPLOAD, holds_back=50_000_000).head(secret.encode()))
        async with asyncio.timeout(PATIENCE):
            while not held_back():
                wire.writer.write(bytes(16384))
                await asyncio.sleep(0.002)
        leave(wire, how)
        await _within(1.5, hung_up.is_set)
    server.close()


def _watch_for_pauses(monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Whether the app has stopped reading from a client and not gone on since."""
    doors: set[ClientConnection] = set()
    receive = ClientConnection.data_received

    def data_received(self: ClientConnection, data: bytes) -> None:
        doors.add(self)
        receive(self, data)

    monkeypatch.setattr(ClientConnection, "data_received", data_received)
    return lambda: any(door._held is not None and door._held.paused for door in doors)


async def test_nothing_is_left_of_those_who_left(both: Both) -> None:
    """Neither requests that count as running, nor tasks of theirs."""
    await both.proxied(GET)
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert "upload" not in names
    assert "dial" not in names
