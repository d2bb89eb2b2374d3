"""Clients that do not read their answers, or hardly send their bodies."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from proxy.downstream import ResponseHead
from server.http import pace
from server.http.connection import KEEP_ALIVE_IDLE
from server.http.downstream import ClientDownstream
from server.http.pace import SPAN, Pace
from tests.fixtures.service import GIVEN
from tests.server.conftest import Clock, OpenDoor
from tests.server.corpus import END, HOST, JSON
from tests.server.door import LARGE, ScriptedPlane, finished
from tests.server.wire import PATIENCE_S

TIMEOUT = 1000.0
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
MANAGES = b"Authorization: Bearer %b\r\n" % GIVEN["MANAGEMENT_TOKEN"].encode()
GET = b"GET /v1/x HTTP/1.1\r\n" + HOST + END


async def stream(downstream: ClientDownstream) -> None:
    """Without end, as fast as the client reads."""
    downstream.start(ResponseHead(200, b"OK", [], None))
    while True:
        if not downstream.write(bytes(65536)):
            await downstream.drain()


async def whole(downstream: ClientDownstream) -> None:
    """All at once."""
    downstream.start(ResponseHead(200, b"OK", [], LARGE))
    await finished(downstream.finish(bytes(LARGE)))


class Watched(ScriptedPlane):
    """Knows the connection, and when its request was over."""

    def __init__(self, handle: Callable[[ClientDownstream], Awaitable[None]]) -> None:
        super().__init__(self._watch)
        self._script = handle
        self.downstream: ClientDownstream | None = None
        self.over = asyncio.Event()

    async def _watch(self, downstream: ClientDownstream) -> None:
        self.downstream = downstream
        try:
            await self._script(downstream)
        finally:
            self.over.set()

    async def until(self, condition: Callable[[int], bool]) -> int:
        """Wait until so many bytes are unsent."""
        async with asyncio.timeout(PATIENCE_S):
            while self.downstream is None or not condition(self.downstream._connection.unsent):
                await asyncio.sleep(0.001)
        return self.downstream._connection.unsent


async def _connect(port: int, message: bytes) -> socket.socket:
    """A client that has asked, and reads nothing of its own accord."""
    client = socket.socket()
    # A size of our own, which the kernel does not raise while we read.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, message)
    return client


async def _read_all(client: socket.socket) -> None:
    while await asyncio.get_running_loop().sock_recv(client, 2**20):
        pass


async def _turn(clock: Clock, seconds: float) -> None:
    """Let the watch look as often as it likes to."""
    for _ in range(8):
        await clock.turn(seconds / 8)


@pytest.mark.parametrize("script", [stream, whole], ids=["stream", "whole"])
async def test_a_client_that_does_not_read_is_cut_off(
    a_door: OpenDoor, clock: Clock, script: Callable[[ClientDownstream], Awaitable[None]]
) -> None:
    plane = Watched(script)
    async with a_door(plane=plane, CLIENT_WRITE_TIMEOUT=f"{TIMEOUT:g}") as door:
        with await _connect(door.port, GET):
            await plane.until(lambda unsent: unsent > 0)
            await _turn(clock, TIMEOUT * 0.9)
            assert not plane.over.is_set()
            await _turn(clock, TIMEOUT * 0.5)
            async with asyncio.timeout(PATIENCE_S):
                await plane.over.wait()


@pytest.mark.parametrize("closing", [False, True])
async def test_what_it_has_not_read_ends_by_a_reset(
    a_door: OpenDoor, clock: Clock, closing: bool
) -> None:
    """Some clients take an orderly close for the end of an answer whose length they know."""
    plane = Watched(whole)
    async with a_door(plane=plane, CLIENT_WRITE_TIMEOUT=f"{TIMEOUT:g}") as door:
        with await _connect(door.port, GET) as client:
            await plane.until(lambda unsent: unsent > 0)
            assert plane.downstream is not None
            if closing:
                plane.downstream._connection.close()
            await _turn(clock, TIMEOUT * 1.5)
            with pytest.raises(ConnectionResetError):
                await _read_all(client)


async def test_a_client_that_reads_slowly_is_not_cut_off(a_door: OpenDoor, clock: Clock) -> None:
    plane = Watched(whole)
    async with a_door(plane=plane, CLIENT_WRITE_TIMEOUT=f"{TIMEOUT:g}") as door:
        with await _connect(door.port, GET) as client:
            loop = asyncio.get_running_loop()
            unsent = await plane.until(lambda unsent: unsent > 0)
            for _ in range(6):
                before = unsent
                while unsent >= before:
                    await loop.sock_recv(client, 65536)
                    unsent = await plane.until(lambda _: True)
                await _turn(clock, TIMEOUT * 0.7)
                assert not plane.over.is_set()


async def test_an_answer_of_sanics_is_not_waited_for_either(a_door: OpenDoor, clock: Clock) -> None:
    async with a_door(CLIENT_WRITE_TIMEOUT=f"{TIMEOUT:g}") as door:
        with await _connect(door.port, b"GET /large HTTP/1.1\r\n" + HOST + END) as client:
            loop = asyncio.get_running_loop()
            got = len(await loop.sock_recv(client, 65536))
            await _turn(clock, TIMEOUT * 1.5)
            with suppress(ConnectionResetError):
                while data := await loop.sock_recv(client, 2**20):
                    got += len(data)
            assert got < LARGE


async def test_last_bytes_that_nobody_reads_keep_no_connection(
    a_door: OpenDoor, clock: Clock
) -> None:
    async def few(downstream: ClientDownstream) -> None:
        transport = downstream._connection.transport
        assert transport is not None
        kernel = transport.get_extra_info("socket")
        kernel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        # Fills the client's side, and then what is kept on ours without pausing.
        downstream.start(ResponseHead(200, b"OK", [], None))
        while not downstream._connection.unsent:
            downstream.write(bytes(8192))
            await asyncio.sleep(0)
        await finished(downstream.finish())

    plane = Watched(few)
    async with a_door(plane=plane, CLIENT_WRITE_TIMEOUT=f"{TIMEOUT:g}") as door:
        with await _connect(door.port, GET):
            async with asyncio.timeout(PATIENCE_S):
                await plane.over.wait()
            assert plane.downstream is not None
            connection = plane.downstream._connection
            assert connection.unsent
            await _turn(clock, KEEP_ALIVE_IDLE * 2)
            await _turn(clock, TIMEOUT * 1.5)
            assert connection.transport is None
            await clock.turn(0)
            assert len(connection.clients) == 0


# Bodies that trickle


def _post(path: bytes) -> bytes:
    declared = FORM if path.startswith(b"/admin") else JSON
    head = b"POST %b HTTP/1.1\r\n" % path + HOST + MANAGES + declared
    return head + b"Content-Length: 1000\r\n" + END


@pytest.mark.parametrize("path", [b"/plain", b"/manage/tokens", b"/admin/login"])
async def test_a_body_outside_v1_has_a_least_rate(
    a_door: OpenDoor, monkeypatch: pytest.MonkeyPatch, path: bytes
) -> None:
    monkeypatch.setattr(pace, "SPAN", 0.3)
    async with a_door() as door, await door.connect() as client:
        await client.send(_post(path))
        dripping = asyncio.create_task(client.drip(bytes(1000), gap=0.02))
        assert (await client.answer()).status == 408
        dripping.cancel()


async def test_a_body_that_is_fast_enough_may_take_its_time(
    a_door: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "SPAN", 0.05)
    async with a_door(BODY_LEAST_RATE="10") as door, await door.connect() as client:
        await client.send(_post(b"/plain"))
        for _ in range(10):
            await client.send(bytes(100))
            await asyncio.sleep(0.02)
        assert (await client.answer()).body == b"1000 bytes"


def test_the_rate_is_asked_of_each_span_anew() -> None:
    body = Pace(100, 0.0)
    body.taken = int(100 * SPAN)
    assert body.left(SPAN - 1) == 1
    assert body.left(SPAN) == SPAN
    assert body.left(SPAN * 2 - 1) == 1
    # What came in the first span is no credit for the second.
    assert body.left(SPAN * 2) == 0
