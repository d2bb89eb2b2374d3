"""Whose password is hashed next: a bounded queue that is fair between clients.

One hash takes about 0.1 s of a core and 64 MB, so only a few run at once and the others wait. The
clients take turns, so that one who sends a hundred passwords delays the others by one hash and
not by a hundred; and what may wait is bounded, for each client and in all.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar, cast

from models.errors import TooManyHashes

T = TypeVar("T")

#: Hashes at once. Each takes a core and 64 MB.
AT_ONCE: Final = 2
#: Passwords that wait, of one client and in all: at two a time the last one waits some 4 s.
MOST_OF_CLIENT: Final = 6
MOST: Final = 64


class _Job:
    """One password that waits; `work` runs in a thread."""

    __slots__ = ("answer", "client", "suspicion", "work")

    def __init__(self, client: str, work: Callable[[], Any], suspicion: float) -> None:
        self.client = client
        self.work = work
        self.suspicion = suspicion
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()


class HashingQueue:
    """Runs work in threads, `AT_ONCE` at a time, one job of each client in turn.

    When the queue is full, the client with the most jobs in it gives way, and of clients with
    equally many the one with the highest `suspicion`.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="argon2")
        self._waiting: OrderedDict[str, deque[_Job]] = OrderedDict()
        self._running: set[Future[Any]] = set()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    async def run(self, client: str, work: Callable[[], T], *, suspicion: float = 0.0) -> T:
        """What `work` returns. Raises TooManyHashes where it may not wait.

        `client` is who asks; `suspicion` is how many wrong passwords came from there lately, and
        less than 0 for one who is known, who does not wait for strangers.
        """
        job = _Job(client, work, suspicion)
        self._enqueue(job)
        self._start()
        try:
            return cast(T, await job.answer)
        finally:
            self._withdraw(job)

    def _enqueue(self, job: _Job) -> None:
        own = self._waiting.get(job.client, ())
        if len(own) >= MOST_OF_CLIENT:
            raise TooManyHashes("Too many passwords of this client wait to be checked.")
        if len(self) >= MOST:
            self._make_room(len(own) + 1, job.suspicion)
        self._waiting.setdefault(job.client, deque()).append(job)
        if job.suspicion < 0:
            self._waiting.move_to_end(job.client, last=False)

    def _make_room(self, waiting: int, suspicion: float) -> None:
        """Refuse the job that has the least claim to its place, unless that is the new one."""
        last = max(
            (jobs[-1] for jobs in self._waiting.values()),
            key=lambda job: (len(self._waiting[job.client]), job.suspicion),
        )
        full = TooManyHashes("Too many passwords wait to be checked.")
        if (len(self._waiting[last.client]), last.suspicion) <= (waiting, suspicion):
            raise full
        self._withdraw(last)
        if not last.answer.done():
            last.answer.set_exception(full)

    def _start(self) -> None:
        # A loop that was closed meanwhile cannot be called when its jobs end.
        self._running = {future for future in self._running if not future.done()}
        while self._waiting and len(self._running) < AT_ONCE:
            client, jobs = self._waiting.popitem(last=False)
            job = jobs.popleft()
            if jobs:
                # Behind all others: the next turn is theirs.
                self._waiting[client] = jobs
            if job.answer.done():
                continue
            future = self._threads.submit(job.work)
            self._running.add(future)
            # Not when the asker leaves: the thread is taken for as long as it hashes.
            future.add_done_callback(partial(self._ended, job))

    def _ended(self, job: _Job, future: Future[Any]) -> None:
        with suppress(RuntimeError):
            job.answer.get_loop().call_soon_threadsafe(self._tell, job, future)

    def _tell(self, job: _Job, future: Future[Any]) -> None:
        if not job.answer.done():
            error = future.exception()
            if error is None:
                job.answer.set_result(future.result())
            else:
                job.answer.set_exception(error)
        self._start()

    def _withdraw(self, job: _Job) -> None:
        jobs = self._waiting.get(job.client)
        if jobs is None or job not in jobs:
            return
        jobs.remove(job)
        if not jobs:
            del self._waiting[job.client]
