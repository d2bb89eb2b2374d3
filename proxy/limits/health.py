"""Whether the limits' file can be written, known to an idle worker as well.

A worker whose tokens are all unlimited would otherwise learn of a full or read-only disk from the
first limited request that it has to refuse, and of its end from the first that succeeds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from loguru import logger

#: How often a worker without limited requests writes a row, in seconds; and while that fails.
_PROBE_S: Final = 5.0
_PROBE_AGAIN_S: Final = 0.5


class Health:
    """`probe` asks for a transaction that writes something."""

    def __init__(self, probe: Callable[[], None]) -> None:
        self._probe = probe
        #: Whether the last transaction that had something to write was committed.
        self.healthy = True
        #: A probe is due, and has not been written yet.
        self.probing = False
        # Whether anything was written since a probe was last due.
        self._wrote = False
        self._next: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Begin to probe, in the running loop."""
        self._probe_in(_PROBE_S)

    def close(self) -> None:
        """Probe no more."""
        self.probing = False
        if self._next is not None:
            self._next.cancel()

    def committed(self, *, wrote: bool) -> None:
        """A transaction was committed.

        One that only reads, as one that refuses does, is possible on a full disk.
        """
        self.probing = False
        if not wrote:
            return
        self._wrote = True
        if not self.healthy:
            self.healthy = True
            logger.info("Limits can be written again.")

    def failed(self, cause: Exception) -> None:
        """A transaction could not be begun or committed."""
        if self.healthy:
            self.healthy = False
            logger.error("Limits cannot be written, limited tokens are refused: {}", cause)
            self._probe_in(_PROBE_AGAIN_S)

    def _probe_in(self, seconds: float) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = asyncio.get_running_loop().call_later(seconds, self._due)

    def _due(self) -> None:
        if not self.healthy or not self._wrote:
            self.probing = True
            self._probe()
        self._wrote = False
        self._probe_in(_PROBE_S if self.healthy else _PROBE_AGAIN_S)
