"""The database as a sink: counters, request log, tokens and position in one transaction."""

from collections.abc import Sequence
from typing import Final

from models.entry import Entry
from models.ledger import Charging, apply_batch
from proxy.limits.gate import Gate
from proxy.pricing.sheet import is_listed


class DatabaseSink:
    """Takes entries into the database. Raises DatabaseUnavailable; its kind says what is wrong.

    `charge` charges budgets in the same transaction, where they are in the database as well. Where
    they are in another file, the two share a `gate`.
    """

    name: Final = "database"

    def __init__(self, charge: Charging | None = None, gate: Gate | None = None) -> None:
        self._charge = charge
        self._gate = gate

    async def position(self, journal_id: str) -> int:
        """As `Sink` says."""
        return await apply_batch(journal_id, 0, 0, ())

    async def deliver(self, journal_id: str, start: int, end: int, entries: Sequence[Entry]) -> int:
        """As `Sink` says."""
        if self._gate is None:
            return await self._apply(journal_id, start, end, entries)
        async with self._gate.shared():
            return await self._apply(journal_id, start, end, entries)

    async def _apply(self, journal_id: str, start: int, end: int, entries: Sequence[Entry]) -> int:
        return await apply_batch(
            journal_id, start, end, entries, is_listed=is_listed, charge=self._charge
        )
