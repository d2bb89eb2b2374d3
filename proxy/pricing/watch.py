"""A worker's prices, which are read again when somebody asks for it.

Who asks writes a mark into DATA_DIR (`ask`), which every worker of the machine looks at once a
second: a process that stands by, or is about to begin, misses no request. A file with a mistake
changes nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

from loguru import logger

from config import ConfigError
from proxy.pricing import price_file
from proxy.pricing.prices import Prices

#: How often a worker looks, in seconds.
_EVERY: Final = 1.0
_MARK: Final = "prices-reload"


def ask(data_dir: Path) -> None:
    """Have every worker of this machine read PRICES_FILE again. Raises OSError."""
    (data_dir / _MARK).write_text(token_hex(8), encoding="ascii")


class PriceWatch:
    """`prices`, as PRICES_FILE has them. Raises config.ConfigError with every problem of it."""

    def __init__(self, path: Path | None, data_dir: Path, *, every: float = _EVERY) -> None:
        self._path = path
        self._mark = data_dir / _MARK
        self._every = every
        # Before the file: what changes afterwards is read again.
        self._seen = self._marked()
        self.prices = Prices(price_file.read(path))
        self._task: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()

    def open(self) -> None:
        """Begin to look, in a task of its own."""
        if self._path is not None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="prices")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    def reload(self) -> None:
        """Read the file again now."""
        self._wanted.set()

    async def _run(self) -> None:
        while True:
            seen = self._marked()
            if seen != self._seen or self._wanted.is_set():
                self._seen = seen
                self._wanted.clear()
                await self._read()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), self._every)

    async def _read(self) -> None:
        try:
            file = await asyncio.to_thread(price_file.read, self._path)
        except ConfigError as exc:
            for problem in exc.problems:
                logger.error("prices stay as they are: {}", problem)
        else:
            self.prices.use(file)
            logger.info("PRICES_FILE was read again: {} entries", len(file.entries))

    def _marked(self) -> str:
        try:
            return self._mark.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            # Nobody has asked yet, or the mark is being written, which the next look sees.
            return ""
