"""The parent of the workers: starts them, replaces those that die, drains them together.

Sanic's own manager never replaces a worker that a signal killed, caps its shutdown at ten seconds
and closes the database under running handlers; this is small enough to read instead. Workers
share one listening socket, so connections that wait in its queue outlive the worker that dies.
One process more stands by to take the place of the next one that does.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from loguru import logger

from server.process.child import Child, pause
from server.process.standby import StandbyWorker

#: A worker that exits with this could not start, and its successor could not either.
CANNOT_START: Final = 2
#: After the drain, in seconds, what is still there is killed.
GRACE_AFTER_DRAIN: Final = 2.5
#: Who served for so many seconds may die and be replaced at once.
_STABLE_SECONDS: Final = 10.0
#: The first standby is started once all have served for so many seconds: the first requests of a
#: service have the processor for themselves, and one that lives for a moment loads nothing in vain.
_STANDBY_AFTER: Final = 10.0
#: The longest pause before the next try, where the last one served for a while, and did not.
_MOST_AFTER_SERVING: Final = 1.0
_MOST_SECONDS: Final = 30.0
#: A service that never served is not tried for ever: the platform is to see the failure.
_FIRST_TRIES: Final = 5


class _Ended(NamedTuple):
    """How one worker's life went. `how` is for the log."""

    code: int
    how: str
    served: bool


class Supervisor:
    """Runs `count` workers of `command`, in which `{control}` is the descriptor of `Child`."""

    def __init__(
        self,
        command: Sequence[str],
        sock: socket.socket,
        *,
        count: int,
        drain_seconds: float,
        on_ready: Callable[[], None],
        background: Callable[[], Awaitable[int | None]] | None = None,
        on_hangup: Callable[[], None] | None = None,
    ) -> None:
        self._start = partial(Child.start, command)
        self._sock = sock
        self._count = count
        self._drain_seconds = drain_seconds
        self._on_ready = on_ready
        self._background = background
        self._on_hangup = on_hangup
        self._workers: set[Child] = set()
        self._standby = StandbyWorker(self._start)
        self._standby_after = _STANDBY_AFTER
        self._stopping = asyncio.Event()
        self._exit_code = 0
        self._has_served = False
        self._serving = 0

    def stop(self) -> None:
        """Begin to drain; safe to call again."""
        self._stopping.set()

    async def run(self) -> int:
        """Supervise until SIGTERM or SIGINT, or until workers cannot start; the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        if self._on_hangup is not None:
            loop.add_signal_handler(signal.SIGHUP, self._on_hangup)
        self._standby.open()
        keepers = [asyncio.create_task(self._keep()) for _ in range(self._count)]
        watch = asyncio.create_task(self._watch_background())
        for keeper in keepers:
            # Should the supervisor itself fail, nothing would be left to serve.
            keeper.add_done_callback(lambda _: self.stop())
        try:
            await self._stopping.wait()
            await self._drain(keepers)
        finally:
            watch.cancel()
        return self._exit_code

    async def _keep(self) -> None:
        """Keep one place filled."""
        loop = asyncio.get_running_loop()
        failures = 0
        while not self._stopping.is_set():
            began = loop.time()
            ended = await self._fill()
            if self._stopping.is_set():
                return
            stable = ended.served and loop.time() - began > _STABLE_SECONDS
            failures = 0 if stable else failures + 1
            if not self._has_served and (ended.code == CANNOT_START or failures == _FIRST_TRIES):
                logger.error("worker exited with {} before any worker served: giving up", ended.how)
                self._give_up(ended.code if ended.code > 0 else 1)
                return
            await self._pause(ended, failures)

    async def _pause(self, ended: _Ended, failures: int) -> None:
        """Say what happened, and wait before the next try."""
        delay = pause(failures, most=_MOST_AFTER_SERVING if ended.served else _MOST_SECONDS)
        when = f" in {delay:g} s" if delay else ""
        logger.error("worker exited with {}; starting a replacement{}", ended.how, when)
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._stopping.wait()

    async def _fill(self) -> _Ended:
        """One worker's life."""
        try:
            worker = self._standby.take() or await self._start()
        except OSError as exc:
            # Out of memory or processes: the other workers live, and this passes.
            return _Ended(1, f"{exc} before it began", served=False)
        self._workers.add(worker)
        if self._stopping.is_set():
            worker.signal(signal.SIGTERM)
        else:
            worker.serve(self._sock)
        if served := await worker.serving():
            self._note_serving()
        code = await worker.ended()
        self._serving -= served
        # Its successor may have to be loaded, and needs the processor.
        self._standby.put_off()
        # What ended one may end the next, which is to find one that is loaded.
        self._standby_after = 0.0
        self._workers.discard(worker)
        worker.close()
        return _Ended(code, _said(code), served)

    def _note_serving(self) -> None:
        self._serving += 1
        if self._serving == self._count:
            self._standby.want(after=self._standby_after)
        if not self._has_served:
            self._has_served = True
            self._on_ready()

    def _give_up(self, code: int) -> None:
        self._exit_code = code
        self.stop()

    async def _watch_background(self) -> None:
        if self._background is not None:
            code = await self._background()
            if code is not None:
                self._give_up(code)

    async def _drain(self, keepers: list[asyncio.Task[None]]) -> None:
        self._sock.close()
        for worker in self._workers:
            worker.signal(signal.SIGTERM)
        await self._standby.close()
        _, late = await asyncio.wait(keepers, timeout=self._drain_seconds + GRACE_AFTER_DRAIN)
        if late:
            for worker in self._workers:
                logger.error(
                    "worker {} did not stop within GRACEFUL_SHUTDOWN_TIMEOUT: killed", worker.pid
                )
                worker.signal(signal.SIGKILL)
            await asyncio.wait(late)
        await asyncio.gather(*keepers)


def _said(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def python(module: str, *arguments: str) -> list[str]:
    """A command line that runs a module with this interpreter, found where ours are.

    `-m` alone would look into the current directory first, which for an installed `llm-proxy` is
    another project's: many have an `app.py` or a `config/`.
    """
    safe = [] if str(Path.cwd()) in sys.path else ["-P"]
    return [sys.executable, *safe, "-m", module, *arguments]
