"""What the front door asks of its event loop, on the one that is used in life."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import uvloop

from config import Database
from proxy.downstream import ResponseHead
from server.http.downstream import ClientDownstream
from tests.fixtures.descriptors import no_descriptors
from tests.server.corpus import CHUNKED, GET, INERT, REFUSED, chunked
from tests.server.door import ScriptedPlane, open_door


def test_a_cut_answer_never_looks_whole_on_uvloop(
    sqlite_template: Database, tmp_path: Path
) -> None:
    """Its transports hide their socket, which the reset is asked of."""

    async def script(downstream: ClientDownstream) -> None:
        downstream.start(ResponseHead(200, b"OK", [], None))
        downstream.write(b"hello")
        await asyncio.sleep(0.02)
        downstream.abort()

    async def main() -> None:
        async with (
            open_door(sqlite_template, tmp_path, plane=ScriptedPlane(script)) as door,
            await door.connect() as client,
        ):
            await client.send(b"GET /v1/x HTTP/1.0\r\nHost: a\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                await client.answer()

    uvloop.run(main())


def test_the_door_opens_and_refuses_on_uvloop(sqlite_template: Database, tmp_path: Path) -> None:
    async def main() -> None:
        async with open_door(sqlite_template, tmp_path) as door:
            async with await door.connect() as client:
                await client.send(door.with_token(GET + chunked(CHUNKED) + GET))
                assert [(await client.answer()).status for _ in range(3)] == [200, 200, 200]
            async with await door.connect() as client:
                head = b"POST /v1/files HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n"
                await client.send(head + bytes(5_000_000))
                assert (await client.answer()).status == 401
                assert await client.end() == b""
            for message in REFUSED.values():
                async with await door.connect() as client:
                    await client.send(door.with_token(message + INERT))
                    assert (await client.answer()).status == 400
                    assert await client.end() == b""
            assert door.up.heads == 3

    uvloop.run(main())


def test_a_broken_answer_is_broken_where_no_descriptor_is_left(
    sqlite_template: Database, tmp_path: Path
) -> None:
    async def main() -> None:
        breaks = asyncio.Event()

        async def script(downstream: ClientDownstream) -> None:
            downstream.start(ResponseHead(200, b"OK", [(b"content-length", b"9")], 9))
            downstream.write(b"hello")
            await breaks.wait()
            downstream.abort()

        async with (
            open_door(sqlite_template, tmp_path, plane=ScriptedPlane(script)) as door,
            await door.connect() as client,
        ):
            await client.send(b"GET /v1/x HTTP/1.1\r\nHost: a\r\n\r\n")
            await client.reader.readuntil(b"hello")
            with no_descriptors():
                breaks.set()
                with pytest.raises(ConnectionResetError):
                    await client.end()

    uvloop.run(main())
