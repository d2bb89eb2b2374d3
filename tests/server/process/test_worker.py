"""One worker's end: an answer is over when its client has all of it."""

import asyncio
import socket
from pathlib import Path
from typing import Final, cast

from app import create_app
from config import Database, load
from proxy.downstream import ResponseHead
from proxy.handler import DataPlane
from server.http.downstream import ClientDownstream
from server.process.worker import Worker
from tests.fixtures.database import database_url
from tests.fixtures.service import GIVEN
from tests.server.door import ScriptedPlane, finished
from tests.server.wire import Client

#: More than both kernels' buffers take here, and less than what a handler would wait for.
_SIZE: Final = 60_000
_BUFFER: Final = 4096


async def test_a_drain_waits_for_a_client_that_is_refused_while_it_sends(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """Its answer would be lost by a close with unread input."""
    own = {"DATABASE_URL": database_url(sqlite_database), "DATA_DIR": str(tmp_path / "data")}
    app = create_app(settings=load(GIVEN | own, None))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        worker, ready = Worker(app, listener, drain_seconds=60), asyncio.Event()
        serving = asyncio.create_task(worker.serve(ready))
        await ready.wait()
        async with await Client.connect(listener.getsockname()[1]) as client:
            await client.send(b"POST /v1/files HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
            assert (await client.answer()).status == 401
            worker.stop()
            ended, _ = await asyncio.wait((serving,), timeout=0.5)
            assert not ended
        await serving


async def test_a_drain_waits_for_a_slow_reader(sqlite_database: Database, tmp_path: Path) -> None:
    handled = asyncio.Event()

    async def handle(downstream: ClientDownstream) -> None:
        downstream.start(ResponseHead(200, b"OK", [], _SIZE))
        await finished(downstream.finish(b"x" * _SIZE))
        handled.set()

    own = {"DATABASE_URL": database_url(sqlite_database), "DATA_DIR": str(tmp_path / "data")}
    app = create_app(settings=load(GIVEN | own, None))
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        # Accepted sockets inherit it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        client.setblocking(False)
        worker, ready = Worker(app, listener, drain_seconds=60), asyncio.Event()
        serving = asyncio.create_task(worker.serve(ready))
        await ready.wait()
        app.ctx.data_plane = cast(DataPlane, ScriptedPlane(handle))
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, listener.getsockname())
        await loop.sock_sendall(client, b"GET /v1/models HTTP/1.1\r\nHost: proxy\r\n\r\n")
        await handled.wait()

        worker.stop()
        ended, _ = await asyncio.wait((serving,), timeout=0.5)
        assert not ended

        got = b""
        while not got.endswith(b"x" * 100) or len(got) < _SIZE:
            got += await loop.sock_recv(client, 65536)
        await serving
    assert len(got.partition(b"\r\n\r\n")[2]) == _SIZE


async def test_a_drain_waits_for_an_answer_that_goes_on_without_its_client(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """Others may wait for it, and it has a row to come."""
    began, left, may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()
    done: list[bool] = []

    async def handle(downstream: ClientDownstream) -> None:
        downstream.on_leave = left.set
        plane.active.add(downstream)
        began.set()
        await may_end.wait()
        plane.active.discard(downstream)
        done.append(True)

    own = {"DATABASE_URL": database_url(sqlite_database), "DATA_DIR": str(tmp_path / "data")}
    app = create_app(settings=load(GIVEN | own, None))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        worker, ready = Worker(app, listener, drain_seconds=60), asyncio.Event()
        serving = asyncio.create_task(worker.serve(ready))
        await ready.wait()
        plane = ScriptedPlane(handle)
        broken_off = asyncio.Event()
        plane.end_all = broken_off.set  # type: ignore[method-assign]
        app.ctx.data_plane = cast(DataPlane, plane)
        async with await Client.connect(listener.getsockname()[1]) as client:
            await client.send(b"GET /v1/models HTTP/1.1\r\nHost: proxy\r\n\r\n")
            await began.wait()
        await left.wait()
        worker.stop()
        ended, _ = await asyncio.wait((serving,), timeout=0.5)
        assert not ended
        assert not broken_off.is_set()
        may_end.set()
        await serving
    assert done == [True]
