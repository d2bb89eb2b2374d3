"""A worker's prices, which are read again on request.

Who asks writes a mark into DATA_DIR (`ask`), which every worker of the machine looks at once a
second: a process that stands by, or is about to begin, misses no request. A file with a mistake
changes nothing, not even for a worker that begins after it was made: what was read whole last is
kept in DATA_DIR, and the worker that replaces another goes on with that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

from loguru import logger

from config import ConfigError
from proxy import beat
from proxy.pricing import price_file
from proxy.pricing.price_file import PriceFile
from proxy.pricing.prices import Prices

#: How often a worker looks, in seconds.
_EVERY: Final = 1.0
_MARK: Final = "prices-reload"
_LAST: Final = "prices-last.toml"


def ask(data_dir: Path) -> None:
    """Have every worker of this machine read PRICES_FILE again. Raises OSError."""
    mark = data_dir / _MARK
    mark.touch(mode=0o600)
    mark.write_text(token_hex(8), encoding="ascii")


def read_and_keep(path: Path | None, data_dir: Path) -> PriceFile:
    """Read PRICES_FILE, and keep what it says for workers that begin while it has a mistake.

    Raises config.ConfigError with every problem of it.
    """
    if path is None:
        return PriceFile()
    text = price_file.text_of(path)
    file = price_file.parsed(text, path)
    # Workers read at once, and in two containers they may even have the same process id.
    draft = data_dir / f"{_LAST}.{token_hex(8)}"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(text, encoding="utf-8")
        draft.replace(data_dir / _LAST)
    except OSError as exc:
        logger.warning("the prices are not kept for workers that begin later: {}", exc)
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return file


class PriceWatch:
    """`prices`, as PRICES_FILE has them. Raises config.ConfigError with every problem of it.

    `supervised`: the supervisor has read the file whole (`read_and_keep`), so that it
    may begin with what was kept then or later where the file has a mistake now. `providers` are
    the names that entries can be for; None where it is not known.
    """

    def __init__(
        self,
        path: Path | None,
        data_dir: Path,
        *,
        supervised: bool = False,
        every: float = _EVERY,
        providers: Collection[str] | None = None,
    ) -> None:
        self._path = path
        self._providers = providers
        self._data_dir = data_dir
        self._supervised = supervised
        self._mark = data_dir / _MARK
        self._every = every
        # Before the file: what changes afterwards is read again.
        self._seen = self._marked()
        self.prices = Prices(self._begin() if supervised else price_file.read(path))
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

    def _begin(self) -> PriceFile:
        try:
            return read_and_keep(self._path, self._data_dir)
        except ConfigError as exc:
            last = self._last()
            if last is None:
                raise
            for problem in exc.problems:
                logger.error("prices are what they were before a mistake: {}", problem)
            return last

    def _last(self) -> PriceFile | None:
        """What was kept; None where nothing was that can be read."""
        if self._path is None:
            return None
        try:
            return price_file.parsed(price_file.text_of(self._data_dir / _LAST), self._path)
        except ConfigError:
            return None

    async def _run(self) -> None:
        while True:
            seen = self._marked()
            if seen != self._seen or self._wanted.is_set():
                self._seen = seen
                self._wanted.clear()
                await self._read()
            await beat.until(self._wanted, self._every)

    async def _read(self) -> None:
        try:
            file = await asyncio.to_thread(read_and_keep, self._path, self._data_dir)
        except ConfigError as exc:
            for problem in exc.problems:
                logger.error("prices stay as they are: {}", problem)
            # Others may have read it since this process began to stand by.
            if self._supervised and (last := self._last()) is not None:
                self.prices.use(last)
        else:
            self.prices.use(file)
            logger.info("PRICES_FILE was read again; entries: {}", len(file.entries))
            if self._providers is not None:
                for stranger in price_file.strangers(file, self._providers):
                    logger.warning("{}", stranger)

    def _marked(self) -> str:
        try:
            return self._mark.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            # It was not asked for yet, or the mark is being written, which the next look sees.
            return ""
