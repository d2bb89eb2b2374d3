"""What keeps a machine's journal sinks still while a budget's window is made.

On SQLite counters and budgets are in two files, each with its own positions in the journals. A
window that begins with what was used before is made from both, while neither moves.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

_PAUSE_S: Final = 0.002


class Gate:
    """A lock on files in `directory`, which all workers of a machine share."""

    def __init__(self, directory: Path) -> None:
        # Who wants to be alone takes the turn first, so that those who come later wait behind it.
        self._turn = directory / "limits.turn"
        self._gate = directory / "limits.gate"
        self._fds: tuple[int, int] | None = None

    def enter(self) -> bool:
        """Be beside others until `leave`, without waiting; False where somebody is alone, or wants
        to be. Raises OSError."""
        if self._fds is None:
            self._fds = _opened(self._turn), _opened(self._gate)
        turn, gate = self._fds
        if not _lock_now(turn, fcntl.LOCK_SH):
            return False
        entered = _lock_now(gate, fcntl.LOCK_SH)
        fcntl.flock(turn, fcntl.LOCK_UN)
        return entered

    def leave(self) -> None:
        """No longer be there."""
        if self._fds is not None:
            fcntl.flock(self._fds[1], fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the files that `enter` keeps open."""
        for fd in self._fds or ():
            os.close(fd)
        self._fds = None

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Beside others. Raises OSError."""
        async with _locked(self._turn, fcntl.LOCK_SH):
            gate = await _lock(self._gate, fcntl.LOCK_SH)
        try:
            yield
        finally:
            os.close(gate)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """While nobody shares it. Raises OSError."""
        async with _locked(self._turn, fcntl.LOCK_EX), _locked(self._gate, fcntl.LOCK_EX):
            yield


@asynccontextmanager
async def _locked(path: Path, how: int) -> AsyncIterator[None]:
    lock = await _lock(path, how)
    try:
        yield
    finally:
        os.close(lock)


async def _lock(path: Path, how: int) -> int:
    lock = _opened(path)
    try:
        # Another process has it, or this one: waited for with the loop running.
        while not _lock_now(lock, how):  # noqa: ASYNC110
            await asyncio.sleep(_PAUSE_S)
        return lock
    except BaseException:
        os.close(lock)
        raise


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock_now(lock: int, how: int) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
