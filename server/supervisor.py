"""The parent of the workers: starts them, replaces those that die, drains them together.

Sanic's own manager never replaces a worker that a signal killed, caps its shutdown at ten seconds
and closes the database under running handlers; this is small enough to read instead. Workers
share one listening socket, so connections that wait in its queue outlive the worker that dies.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from loguru import logger

#: A worker that exits with this could not start, and its successor could not either.
CANNOT_START: Final = 2
#: After the drain, in seconds, what is still there is killed.
GRACE_AFTER_DRAIN: Final = 2.5
_RESTART_DELAYS: Final = (0.0, 0.1, 0.5, 1.0)
_STABLE_SECONDS: Final = 10.0


class Supervisor:
    """Runs `count` workers of `command`; `{socket}`, `{parent}` and `{ready}` are descriptors."""

    def __init__(
        self,
        command: Sequence[str],
        sock: socket.socket,
        *,
        count: int,
        drain_seconds: float,
        on_ready: Callable[[], None],
        background: Callable[[], Awaitable[int | None]] | None = None,
    ) -> None:
        self._command = command
        self._sock = sock
        self._count = count
        self._drain_seconds = drain_seconds
        self._on_ready = on_ready
        self._background = background
        self._workers: set[asyncio.subprocess.Process] = set()
        self._stopping = asyncio.Event()
        self._exit_code = 0
        self._served = False

    async def run(self) -> int:
        """Supervise until SIGTERM or SIGINT, or until workers cannot start; the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        # Only this process holds the writing end, so its end tells the workers of ours.
        parent, held = os.pipe()
        os.set_inheritable(parent, True)
        ready, told = os.pipe()
        os.set_blocking(ready, False)
        loop.add_reader(ready, self._note_ready, ready)
        keepers = [
            asyncio.create_task(self._keep(self._arguments(parent, told), (parent, told)))
            for _ in range(self._count)
        ]
        watch = asyncio.create_task(self._watch_background())
        for keeper in keepers:
            # Should the supervisor itself fail, nothing would be left to serve.
            keeper.add_done_callback(lambda _: self._stopping.set())
        try:
            await self._stopping.wait()
            self._sock.close()
            await self._drain(keepers)
        finally:
            watch.cancel()
            loop.remove_reader(ready)
            for descriptor in (parent, held, ready, told):
                os.close(descriptor)
        return self._exit_code

    def _arguments(self, parent: int, told: int) -> list[str]:
        values = {"socket": self._sock.fileno(), "parent": parent, "ready": told}
        return [part.format(**values) for part in self._command]

    def _note_ready(self, ready: int) -> None:
        # Read for good: should the pipe ever fill up, no worker could start.
        if os.read(ready, 64) and not self._served:
            self._served = True
            self._on_ready()

    async def _keep(self, arguments: list[str], descriptors: tuple[int, int]) -> None:
        """Keep one place filled."""
        loop = asyncio.get_running_loop()
        failures = 0
        while not self._stopping.is_set():
            began = loop.time()
            try:
                ended = _said(code := await self._run_one(arguments, descriptors))
            except OSError as exc:
                # Out of memory or processes: the other workers live, and this passes.
                code, ended = 1, f"{exc} before it began"
            if self._stopping.is_set():
                return
            if code == CANNOT_START:
                self._give_up(code)
                return
            failures = 0 if loop.time() - began > _STABLE_SECONDS else failures + 1
            delay = _RESTART_DELAYS[min(failures, len(_RESTART_DELAYS) - 1)]
            logger.error("a worker ended with {}; another one takes its place", ended)
            try:
                await asyncio.wait_for(self._stopping.wait(), delay)
            except TimeoutError:
                continue

    async def _run_one(self, arguments: list[str], descriptors: tuple[int, int]) -> int:
        worker = await asyncio.create_subprocess_exec(
            *arguments, pass_fds=(self._sock.fileno(), *descriptors), start_new_session=True
        )
        self._workers.add(worker)
        try:
            if self._stopping.is_set():
                worker.terminate()
            return await worker.wait()
        finally:
            self._workers.discard(worker)

    def _give_up(self, code: int) -> None:
        self._exit_code = code
        self._stopping.set()

    async def _watch_background(self) -> None:
        if self._background is not None:
            code = await self._background()
            if code is not None:
                self._give_up(code)

    async def _drain(self, keepers: list[asyncio.Task[None]]) -> None:
        for worker in self._workers:
            _signal(worker, signal.SIGTERM)
        _, late = await asyncio.wait(keepers, timeout=self._drain_seconds + GRACE_AFTER_DRAIN)
        if late:
            for worker in self._workers:
                logger.error("worker {} did not stop in time and is killed", worker.pid)
                _signal(worker, signal.SIGKILL)
            await asyncio.wait(late)
        await asyncio.gather(*keepers)


def _signal(worker: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        worker.send_signal(number)
    except ProcessLookupError:
        # It ended by itself a moment ago.
        return


def _said(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def python(module: str, *arguments: str) -> list[str]:
    """A command line that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *arguments]
