"""The counters in PostgreSQL, read and changed on the models' own connection.

So a change is part of the transaction around it. The schema and its version are the migrations'.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from models.db.conditions import select
from models.db.database import run_in_transaction
from models.db.snapshots import Snapshot
from proxy.limits.records import Counter, Used

_ALL: Final = (
    "SELECT key, epoch, used, spent, extract(epoch FROM refilled_at)::double precision AS at"
    " FROM limit_counter"
)
_INSERT: Final = """
INSERT INTO limit_counter (key, epoch, used, spent, refilled_at)
SELECT key, epoch, used, spent, to_timestamp(at) FROM unnest(
    {}::text[], {}::integer[], {}::bigint[], {}::double precision[], {}::double precision[]
) AS loaded (key, epoch, used, spent, at)
"""


class PostgresRecords:
    """What the connected database says; `dump` reads in `snapshot`, where there is one."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self._snapshot = snapshot

    async def check(self) -> None:
        """The migrations see to it."""

    async def used(self, key: str) -> Used | None:
        """What is used of one quota; None where none was ever asked about."""
        rows = await select("SELECT epoch, used FROM limit_counter WHERE key = {}", [key])
        return Used(rows[0]["epoch"], rows[0]["used"]) if rows else None

    async def dump(self) -> Sequence[Counter]:
        """All counters, of one moment."""
        if self._snapshot is not None:
            return [Counter(*row) async for row in self._snapshot.rows(_ALL)]
        return [Counter(*row.values()) for row in await select(_ALL)]

    async def load(self, counters: Iterable[Counter]) -> None:
        """Put these in the place of all counters, within one transaction."""
        columns = [list(column) for column in zip(*counters, strict=True)] or [[]] * 5

        async def replace() -> None:
            await select("DELETE FROM limit_counter")
            await select(_INSERT, columns)

        await run_in_transaction(replace)

    async def forget(self, keys: Iterable[str]) -> None:
        """Remove their counters."""
        await select("DELETE FROM limit_counter WHERE key = ANY ({}::text[])", [list(keys)])
