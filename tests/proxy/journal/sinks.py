"""A sink that keeps in memory what it is told, and fails when asked to."""

import asyncio
from collections.abc import Callable, Sequence

from models.entry import Entry
from models.errors import DatabaseUnavailable


class MemorySink:
    """Passes the conformance tests of `test_sinks.py`. The next `away` deliveries fail."""

    def __init__(self, name: str = "database") -> None:
        self.name = name
        self.entries: list[str] = []
        self.batches: list[int] = []
        self.positions: dict[str, int] = {}
        self.away = 0
        self.error: Exception = DatabaseUnavailable("connection refused")
        #: Deliveries that are carried out, and whose answer is lost.
        self.answers_lost = 0
        self.arrived = asyncio.Event()
        #: Called before each delivery.
        self.meanwhile: Callable[[], object] = lambda: None

    async def position(self, journal_id: str) -> int:
        self._fail_if_away()
        return self.positions.get(journal_id, 0)

    async def deliver(self, journal_id: str, start: int, end: int, entries: Sequence[Entry]) -> int:
        self.meanwhile()
        self._fail_if_away()
        position = self.positions.get(journal_id, 0)
        if position != start:
            return position
        self.entries += [entry.id for entry in entries]
        self.batches.append(len(entries))
        self.positions[journal_id] = end
        if self.answers_lost:
            self.answers_lost -= 1
            raise self.error
        self.arrived.set()
        return end

    def _fail_if_away(self) -> None:
        if self.away:
            self.away -= 1
            raise self.error
