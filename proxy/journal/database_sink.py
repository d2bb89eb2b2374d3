"""The database as a sink: counters, request log, tokens and position in one transaction."""

from collections.abc import Sequence
from typing import Final

from models.entry import Entry, apply_batch
from proxy.pricing.sheet import is_listed


class DatabaseSink:
    """Takes entries into the database. Raises DatabaseUnavailable; its kind says what is wrong."""

    name: Final = "database"

    async def position(self, journal_id: str) -> int:
        """As `Sink` says."""
        return await apply_batch(journal_id, 0, 0, ())

    async def deliver(self, journal_id: str, start: int, end: int, entries: Sequence[Entry]) -> int:
        """As `Sink` says."""
        return await apply_batch(journal_id, start, end, entries, is_listed=is_listed)
