"""One worker process: one event loop, one Sanic app on a shared listening socket, one drain.

`serve` owns the order of things at both ends. Starting: listeners before the first connection is
accepted. Stopping: refuse new work but keep answering, let what runs finish, break what is left,
then close; the app's own `after_server_stop` (journal, limits, database last) comes after the
last handler has ended, which Sanic's runner does not promise.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import Any, Final

from loguru import logger
from sanic import Sanic
from sanic.application.state import ApplicationServerInfo
from sanic.http import Stage
from sanic.http.constants import HTTP

from server.http import StrictProtocol

BACKLOG: Final = 2048
#: How long handlers that were told to stop have to do so, in seconds.
_LAST_WORDS: Final = 1.0


class Worker:
    """Serves `app` on `sock` until told to stop. `app.ctx` offers `data_plane` once started."""

    def __init__(self, app: Sanic[Any, Any], sock: socket.socket, *, drain_seconds: float) -> None:
        self._app = app
        self._sock = sock
        self._drain_seconds = drain_seconds
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Begin to drain; safe to call again."""
        self._stop.set()

    async def serve(self, ready: asyncio.Event | None = None) -> None:
        """Run until `stop`; sets `ready` once connections are accepted."""
        app = self._app
        # Sanic learns from this which protocols it speaks, and stops sending an empty Alt-Svc.
        app.state.server_info.append(ApplicationServerInfo(settings={"version": HTTP.VERSION_1}))
        server = await app.create_server(
            sock=self._sock,
            protocol=StrictProtocol,
            return_asyncio_server=True,
            backlog=BACKLOG,
            asyncio_server_kwargs={"start_serving": False},
        )
        if server is None:
            raise RuntimeError("Sanic made no server")
        await server.startup()
        await server.before_start()
        try:
            await server.start_serving()
            await server.after_start()
            if ready is not None:
                ready.set()
            await self._stop.wait()
            await self._drain(server.connections)
        finally:
            server.close()
            await server.before_stop()
            await self._break_off(server.connections)
            await server.after_stop()

    async def _drain(self, connections: set[StrictProtocol]) -> None:
        plane = self._app.ctx.data_plane
        plane.draining = True
        # What is answered from now on closes its connection, so that clients go elsewhere.
        self._app.ctx.draining = True
        logger.info("draining: {} requests are running", len(plane.active))
        deadline = asyncio.get_running_loop().time() + self._drain_seconds
        self._app.ctx.drain_by = deadline
        while _busy(connections) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            # Sanic tells nobody that a connection became idle, so we look.
            await asyncio.sleep(0.05)
        if plane.active:
            logger.warning("{} requests did not finish in time and are cut off", len(plane.active))
            plane.end_all()

    async def _break_off(self, connections: set[StrictProtocol]) -> None:
        """Close what is idle, break what is not, and wait until their tasks have ended."""
        tasks = [connection._task for connection in connections if connection._task is not None]
        for connection in list(connections):
            if not connection.close_if_idle():
                connection.abort()
        if tasks:
            await asyncio.wait(tasks, timeout=_LAST_WORDS)


def _busy(connections: set[StrictProtocol]) -> bool:
    """Whether any connection is between the first byte of a request and the last of its answer."""
    return any(
        connection.http is not None and connection.http.stage is not Stage.IDLE
        for connection in connections
    )


def stop_on_signals(worker: Worker) -> None:
    """SIGTERM and SIGINT drain the worker."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)


def stop_with_parent(worker: Worker, parent: int) -> None:
    """Drain when the supervisor is gone: `parent` is a pipe that only it holds open."""
    loop = asyncio.get_running_loop()

    def gone() -> None:
        loop.remove_reader(parent)
        worker.stop()

    loop.add_reader(parent, gone)
