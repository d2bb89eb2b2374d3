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
from collections.abc import Callable
from typing import Final

from loguru import logger
from sanic.server.async_server import AsyncioServer

from server import descriptors
from server.context import App
from server.http.connection import ClientConnection
from server.http.listening import listen
from server.process.supervisor import GRACE_AFTER_DRAIN

#: How long handlers that are cancelled have to end, in seconds.
_LAST_WORDS: Final = 1.0
#: How long a connection that was just accepted has for its first request.
_FIRST_REQUEST_WITHIN: Final = 0.25
_LOOK_EVERY: Final = 0.05


class Worker:
    """Serves `app` on `sock` until `stop`."""

    def __init__(
        self,
        app: App,
        sock: socket.socket,
        *,
        drain_seconds: float,
        delay_seconds: float = 0.0,
    ) -> None:
        """After `stop`, `delay_seconds` of `drain_seconds` go by before anything is refused."""
        self._app = app
        self._delay_seconds = delay_seconds
        self._sock = sock
        self._drain_seconds = drain_seconds
        self._stop = asyncio.Event()
        self._server: AsyncioServer | None = None

    def stop(self) -> None:
        """Begin to drain; safe to call again."""
        self._stop.set()

    def hang_up(self) -> None:
        """Read the prices again."""
        if self._app.ctx.hang_up is not None:
            self._app.ctx.hang_up()

    def abandon(self) -> None:
        """Drain without a supervisor: nothing else would end us, and a successor wants the port."""
        if self._server is not None:
            self._server.close()
        # The signal's default is to end the process, whatever its loop is doing by then.
        signal.setitimer(signal.ITIMER_REAL, self._drain_seconds + GRACE_AFTER_DRAIN)
        self.stop()

    async def serve(self, ready: asyncio.Event | None = None) -> None:
        """Run until `stop`; sets `ready` once connections are accepted."""
        server = self._server = await listen(
            self._app, self._sock, backlog=descriptors.current().backlog, start_serving=False
        )
        await server.startup()
        await server.before_start()
        try:
            await server.start_serving()
            await server.after_start()
            if ready is not None:
                ready.set()
            await self._stop.wait()
            await self._drain(server)
        finally:
            server.close()
            await server.before_stop()
            await self._break_off()
            await server.after_stop()

    async def _drain(self, server: AsyncioServer) -> None:
        """Let requests finish, and answer those that come meanwhile by a refusal."""
        context = self._app.ctx
        plane = context.plane
        deadline = asyncio.get_running_loop().time() + self._drain_seconds
        context.drain_by = deadline
        await self._go_on_serving()
        plane.draining = True
        # What is answered from now on closes its connection, so that clients go elsewhere.
        context.draining = True
        logger.info("draining: {} requests are running", len(plane.active))
        await self._until(deadline, lambda: not any(map(_is_busy, context.connections)))
        server.close()
        # A client that connected a moment ago is about to send a request: answer it with
        # `Connection: close`, so that it retries elsewhere, instead of resetting its connection.
        fresh = min(deadline, asyncio.get_running_loop().time() + _FIRST_REQUEST_WITHIN)
        await self._until(fresh, lambda: not any(map(_is_new, context.connections)))
        # Answers may go on whose clients have left.
        await self._until(
            deadline, lambda: not plane.active and not any(map(_is_busy, context.connections))
        )
        if plane.active:
            logger.warning("shutdown timeout reached: aborting {} requests", len(plane.active))
            plane.end_all()

    async def _go_on_serving(self) -> None:
        """Say `draining` in `/ready`, and serve until load balancers have seen it."""
        self._app.ctx.leaving = True
        delay = min(self._delay_seconds, self._drain_seconds)
        if delay:
            logger.info("SIGTERM: /ready says draining; requests are served for {:g} s", delay)
            await asyncio.sleep(delay)

    async def _until(self, deadline: float, condition: Callable[[], bool]) -> None:
        # A connection does not report that it became idle, so we look.
        while not condition() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_EVERY)

    async def _break_off(self) -> None:
        """Close what is idle, break what is not, and wait until their requests have ended."""
        clients = self._app.ctx.connections
        for client in clients:
            if client.request is not None:
                client.abort()
            else:
                client.close()
        for refused in list(clients.turned_away):
            refused.abort()
        deadline = asyncio.get_running_loop().time() + _LAST_WORDS
        plane = self._app.ctx.data_plane
        await self._until(
            deadline,
            lambda: not any(map(_is_served, clients)) and (plane is None or not plane.active),
        )


def _is_busy(client: ClientConnection) -> bool:
    return client.busy


def _is_served(client: ClientConnection) -> bool:
    return client.request is not None


def _is_new(client: ClientConnection) -> bool:
    """Whether it has not asked for anything yet."""
    return client.requests == 0


def stop_on_signals(worker: Worker) -> None:
    """SIGTERM and SIGINT drain the worker; SIGHUP, by which it would end, reads the prices."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    loop.add_signal_handler(signal.SIGHUP, worker.hang_up)


def stop_with_parent(worker: Worker, parent: socket.socket) -> None:
    """Drain when the supervisor is gone: only it holds the other end of `parent` open."""
    loop = asyncio.get_running_loop()

    def gone() -> None:
        loop.remove_reader(parent)
        worker.abandon()

    loop.add_reader(parent, gone)
