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
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(lock, how | fcntl.LOCK_NB)
            except BlockingIOError:
                # Another process has it, or this one: waited for with the loop running.
                await asyncio.sleep(_PAUSE_S)
            else:
                return lock
    except BaseException:
        os.close(lock)
        raise
