"""The machine's file of answers as the event loop sees it: all of its work in a thread of its own.

It is never in a request's way: what cannot be read is not there, what cannot be written is not
kept, and after a failure it is left alone for a while.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from loguru import logger

from proxy.cache.answers_file import AnswersFile, Stored
from proxy.cache.kept import Kept

T = TypeVar("T")

#: Seconds that a request waits for the file at most.
READ_WITHIN: Final = 1.0
#: Seconds for which it is left alone after a failure.
_REST: Final = 5.0
#: Seconds that what is to be written still has when a worker ends.
_LAST_WRITES: Final = 1.0


class Store:
    """Of one worker. Several workers use one directory."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self._file = AnswersFile(directory, max_bytes)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="answers")
        self._rests_until = 0.0
        self._writing: set[asyncio.Future[None]] = set()
        #: Bytes of the file that were used when it was last written.
        self.bytes = 0

    async def get(self, key: bytes) -> Kept | None:
        """The answer under a key, where it can be had soon."""
        if self._rests:
            return None
        reading = self._do(self._file.get, key)
        done, _ = await asyncio.wait((reading,), timeout=READ_WITHIN)
        if not done:
            self._failed("it takes too long")
            return None
        return reading.result()

    def put(self, stored: Stored, then: Callable[[], None]) -> None:
        """Keep an answer; `then` is called once it is there, or is not kept."""
        if self._rests:
            then()
            return
        writing = self._do(self._put, stored)

        def written(_: object) -> None:
            self._writing.discard(writing)
            then()

        self._writing.add(writing)
        writing.add_done_callback(written)

    def asked(self, keys: Mapping[bytes, float]) -> None:
        """Note when answers were asked for last, in Unix seconds, at some time to come."""
        if not self._rests:
            self._do(self._file.asked, keys)

    async def last(self) -> int:
        """The id of the newest answer."""
        return 0 if self._rests else await self._do(self._file.last) or 0

    async def forget(self, current: Mapping[str, int], last: int) -> int:
        """Of the answers up to an id remove what has expired, and what belongs to no project in its
        epoch of `current`; how many answers that were."""
        gone = next_id = 0
        while not self._rests:
            removed = await self._do(self._file.forget, current, next_id, last)
            if removed is None:
                break
            gone += removed[0]
            next_id = removed[1]
            if not next_id:
                break
        return gone

    async def close(self) -> None:
        """Write what is to be written, as far as that is soon done."""
        if self._writing:
            await asyncio.wait(self._writing, timeout=_LAST_WRITES)
        self._thread.submit(self._file.close)
        self._thread.shutdown(wait=False)

    def _put(self, stored: Stored) -> None:
        self._file.put(stored)
        self.bytes = self._file.size()

    @property
    def _rests(self) -> bool:
        return self._rests_until > asyncio.get_running_loop().time()

    def _do(self, work: Callable[..., T], *given: object) -> asyncio.Future[T | None]:
        """Have the thread do something; None where that fails."""
        loop = asyncio.get_running_loop()

        def attempt() -> T | None:
            try:
                return work(*given)
            except (OSError, sqlite3.Error) as exc:
                self._file.close()
                loop.call_soon_threadsafe(self._failed, exc)
                return None

        return loop.run_in_executor(self._thread, attempt)

    def _failed(self, why: object) -> None:
        if not self._rests:
            logger.warning("answers cannot be kept, or read, for {:g} s: {}", _REST, why)
        self._rests_until = asyncio.get_running_loop().time() + _REST
