"""Kept answers over the workers of a machine: one flight for all, whoever leaves or is killed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.chaos.conftest import Databases, PatientService, started
from tests.fixtures.processes import kill
from tests.fixtures.service import Issued, Service

_PATIENCE_S: Final = 60.0
_CACHE: Final = {"ttl_seconds": 3600, "scope": "project"}
EVENTS: Final = b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n' * 3 + b"data: [DONE]\n\n"
HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"


class Gated:
    """An upstream that holds each answer's end back until it may go on."""

    def __init__(self) -> None:
        self.asked = 0
        self.url = ""
        self.gate = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length or 0))
                self.asked += 1
                writer.write(HEAD % len(EVENTS) + EVENTS[:10])
                await self.gate.wait()
                writer.write(EVENTS[10:])
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def gated() -> AsyncIterator[Gated]:
    upstream = Gated()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield upstream


class Client:
    """One request on a connection of its own."""

    def __init__(self, service: Service, issued: Issued, prompt: str) -> None:
        asked = {"model": "gpt-4o", "temperature": 0, "stream": True, "messages": prompt}
        body = json.dumps(asked | {"stream_options": {"include_usage": True}})
        self._port = service.port
        self._sent = (
            "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            f"Authorization: Bearer {issued.secret}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    async def begin(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(self._sent)
        await self._writer.drain()

    def leave(self) -> None:
        self._writer.transport.abort()

    async def answer(self) -> bytes:
        """Head and body, as far as they came."""
        data = b""
        try:
            while piece := await self._reader.read(65536):
                data += piece
        except ConnectionError:
            pass
        self._writer.close()
        return data

    async def ask(self) -> bytes:
        await self.begin()
        return await self.answer()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


def descriptors(service: Service) -> int:
    """How many are open in its workers."""
    return sum(len([*Path(f"/proc/{pid}/fd").iterdir()]) for pid in service.workers())


def in_flight(service: Service) -> int:
    return len([*(service.data_dir / "cache" / "flights").glob("[!.]*")])


def said(answer: bytes) -> bytes:
    return answer.partition(b"cache-status: llm-proxy; ")[2].partition(b"\r\n")[0]


async def test_flights_over_two_workers(new_database: Databases, tmp_path: Path) -> None:
    service = PatientService(tmp_path / "it", new_database("sqlite"), {"WEB_CONCURRENCY": "2"})
    async with gated() as upstream:
        with started(service):
            issued = await service.make_token(upstream.url, project={"cache": _CACHE})
            await _many_are_one(service, issued, upstream)
            await _a_leader_leaves(service, issued, upstream)
            assert service.stop() == 0
            service.start()
            before = upstream.asked
            answer = await Client(service, issued, "many").ask()
            assert (upstream.asked, said(answer)) == (before, b"hit")
            await _a_leader_is_killed(service, issued, upstream)


async def _many_are_one(service: Service, issued: Issued, upstream: Gated) -> None:
    clients = [Client(service, issued, "many") for _ in range(200)]
    answers = asyncio.gather(*(client.ask() for client in clients))
    await until(lambda: upstream.asked > 0)
    await asyncio.sleep(0.2)
    upstream.gate.set()
    got = await answers
    assert upstream.asked == 1
    assert {answer.partition(b"\r\n\r\n")[2].count(b"data: ") for answer in got} == {4}
    ways = [said(answer) for answer in got]
    assert ways.count(b"fwd=miss") == 1
    assert ways.count(b"fwd=miss; collapsed") > 1
    assert set(ways) <= {b"fwd=miss", b"fwd=miss; collapsed", b"hit"}
    assert len(await service.entries(issued.token.id, 200)) == 200
    upstream.gate.clear()


async def _a_leader_leaves(service: Service, issued: Issued, upstream: Gated) -> None:
    client = Client(service, issued, "leaves")
    before = upstream.asked
    await client.begin()
    await until(lambda: upstream.asked == before + 1)
    opened = descriptors(service)
    client.leave()
    # Else the answer may be whole before its worker has seen that the client left.
    await until(lambda: descriptors(service) < opened)
    follower = asyncio.create_task(Client(service, issued, "leaves").ask())
    upstream.gate.set()
    assert said(await follower) in (b"fwd=miss; collapsed", b"hit")
    assert upstream.asked == before + 1
    left = await service.entries(issued.token.id, 1, outcome="client_left")
    assert [row.cache for row in left] == ["miss"]
    upstream.gate.clear()


async def _a_leader_is_killed(service: Service, issued: Issued, upstream: Gated) -> None:
    first, second = service.workers()
    before = upstream.asked
    leader, follower = (Client(service, issued, "killed") for _ in range(2))
    with service.only(first):
        await leader.begin()
        await until(lambda: upstream.asked == before + 1)
    with service.only(second):
        await follower.begin()
        following = asyncio.create_task(follower.answer())
        # It follows: nothing else reaches the upstream.
        await asyncio.sleep(0.3)
        assert upstream.asked == before + 1
    kill(first)
    await until(lambda: upstream.asked == before + 2)
    upstream.gate.set()
    assert said(await following) == b"fwd=miss"
    assert b"[DONE]" not in await leader.answer()
    await until(lambda: in_flight(service) == 0)
    upstream.gate.clear()
