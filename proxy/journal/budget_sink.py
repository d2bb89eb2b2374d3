"""The limits' file of a machine as a sink: what requests cost is charged to their budgets.

On PostgreSQL the database's sink charges them, in the transaction in which it counts.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from models.again import Recorded
from models.entry import Entry
from proxy.journal.consumer import JournalConsumer
from proxy.journal.writer import Journal
from proxy.limits.gate import Gate
from proxy.limits.sqlite_charges import SqliteCharges
from proxy.limits.store import ChargesItself
from proxy.limits.telling import tell_reached


class BudgetSink:
    """Takes entries into the limits' file. Raises LimitsUnavailable, OSError, DatabaseUnavailable.

    Shares of budgets that were reached are told to the database behind it, again until it has them.
    """

    name: Final = "limits"

    def __init__(self, charges: SqliteCharges, gate: Gate) -> None:
        self._charges = charges
        self._gate = gate

    async def position(self, journal_id: str) -> int:
        """As `Sink` says."""
        found = await asyncio.to_thread(self._charges.positions, [journal_id])
        return found.get(journal_id, 0)

    async def deliver(self, journal_id: str, start: int, end: int, entries: Sequence[Entry]) -> int:
        """As `Sink` says."""
        async with self._gate.shared():
            position = await asyncio.to_thread(self._charges.take, journal_id, start, end, entries)
        await tell_reached(self._charges)
        return position


def charge_beside(
    store: ChargesItself, charges: SqliteCharges, journal: Journal, consumer: JournalConsumer
) -> None:
    """Have the store charge what its worker's journal is written; the sink charges the rest.

    While shares may be in the file of which nobody was told, it charges all there is, as if nothing
    were charged beside it: it tells of them with what it is given.
    """

    def written(journal_id: str, start: int, end: int, entries: Sequence[Recorded]) -> None:
        if not charges.may_have_reached:
            store.written(journal_id, start, end, entries)

    def moved(journal_id: str, position: int) -> None:
        if not charges.may_have_reached:
            consumer.moved(journal_id, position)

    def takes(journal_id: str, position: int) -> bool:
        return not charges.may_have_reached and store.takes(journal_id, position)

    journal.written = written
    store.moved = moved
    consumer.takes_itself(BudgetSink.name, takes)
