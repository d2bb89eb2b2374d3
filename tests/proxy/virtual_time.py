"""An event loop whose time passes only while nothing else is to be done: no test waits for it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Final, ParamSpec

P = ParamSpec("P")
#: Real time in which a thread may still hand something to a loop that has no timer left.
_PATIENCE_S: Final = 20.0


class _Selector(selectors.DefaultSelector):
    """Does not sleep until the next timer is due, but turns the clock on to it."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0 if timeout is not None else _PATIENCE_S)
        if timeout is None and not ready:
            raise AssertionError("The test waits for what nothing is left to bring about.")
        if not ready and timeout:
            self.skipped += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """For tests without sockets, processes or threads, whose answers would come in real time."""

    def __init__(self) -> None:
        self._turned = _Selector()
        super().__init__(self._turned)

    def time(self) -> float:
        """Seconds of virtual time."""
        return self._turned.skipped

    def stand_still(self, seconds: float) -> None:
        """What a process sees that was suspended for so long."""
        self._turned.skipped += seconds


def in_virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test on such a loop. Its fixtures are not: they would be on another."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        loop = VirtualTimeLoop()
        try:
            loop.run_until_complete(test(*args, **kwargs))
        finally:
            loop.close()

    return run


def virtual_loop() -> VirtualTimeLoop:
    """The running one."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    return loop
