"""The standby worker: one process that has loaded the application and waits for the order to serve.

Loading is most of what a worker's start takes, and takes longest where the machine is busy, which
is when workers die. So it is done beforehand; it has opened nothing and listens to nothing.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final

from loguru import logger

from server.process.child import Child, pause

_MOST_SECONDS: Final = 30.0


class StandbyWorker:
    """Keeps at most one process of `start`'s ready. `start` may raise OSError."""

    def __init__(self, start: Callable[[], Awaitable[Child]]) -> None:
        self._start = start
        self._child: Child | None = None
        self._wanted = asyncio.Event()
        self._failures = 0
        self._closing = False
        self._keeping: asyncio.Task[None] | None = None
        self._later: asyncio.TimerHandle | None = None
        self._watching: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Begin to keep one, from the first `want` on."""
        self._keeping = asyncio.create_task(self._keep(), name="standby")

    async def close(self) -> None:
        """End it, and keep none any more."""
        self._closing = True
        self.put_off()
        self._wanted.set()
        for task in self._watching:
            task.cancel()
        if self._keeping is not None:
            # Not cancelled: it may be starting one.
            await self._keeping
        if (child := self.take()) is not None:
            child.signal(signal.SIGKILL)
            await child.ended()
            child.close()

    def want(self, *, after: float) -> None:
        """Have one started in so many seconds, if there is none by then and nothing puts it off."""
        self.put_off()
        self._later = asyncio.get_running_loop().call_later(after, self._wanted.set)

    def put_off(self) -> None:
        """Start none until the next `want`; one that is there stays."""
        if self._later is not None:
            self._later.cancel()

    def take(self) -> Child | None:
        """The process, which is the caller's now; None where there is none."""
        child, self._child = self._child, None
        self._failures = 0
        return child

    async def _keep(self) -> None:
        while not self._closing:
            await self._wanted.wait()
            self._wanted.clear()
            if self._child is None and not self._closing:
                await self._start_one()

    async def _start_one(self) -> None:
        try:
            child = self._child = await self._start()
        except OSError as exc:
            self._again(str(exc))
        else:
            self._watch(self._notice_end(child))

    async def _notice_end(self, child: Child) -> None:
        code = await child.ended()
        if self._child is child:
            self._child = None
            child.close()
            self._again(f"code {code}")

    def _again(self, reason: str) -> None:
        self._failures += 1
        delay = pause(self._failures, most=_MOST_SECONDS)
        logger.info("standby worker exited ({}); starting another in {:g} s", reason, delay)
        self.want(after=delay)

    def _watch(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)
