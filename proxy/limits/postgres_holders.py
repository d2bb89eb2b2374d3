"""Who holds what in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from models.db.conditions import execute, select
from models.db.database import give_up_on_locks_after, run_in_transaction
from models.journal_position import JournalPosition
from proxy.limits import postgres_charges
from proxy.limits.unheard import Silent
from proxy.limits.worker_locks import is_alive

_LOCK_WAIT_S: Final = 2.0
_DAY_US: Final = 86_400_000_000
#: Longer than a heartbeat's reach: who beats is not asked about.
_SILENT_S: Final = 30.0
#: Requests that are ended in one transaction.
_MANY: Final = 500

#: One without a row came with a backup, and is silent from now on.
_KNOW: Final = """
INSERT INTO limit_holder (worker, home, beat)
SELECT DISTINCT h.worker, '', limit_uptime() FROM limit_hold h
WHERE NOT EXISTS (SELECT FROM limit_holder w WHERE w.worker = h.worker)
ON CONFLICT (worker) DO NOTHING
"""
_HOLDERS: Final = """
SELECT h.worker, w.home, limit_uptime() - w.beat AS seconds
FROM (SELECT DISTINCT worker FROM limit_hold) AS h LEFT JOIN limit_holder w USING (worker)
"""
_REQUESTS: Final = """
SELECT request FROM limit_hold WHERE worker = {} AND NOT (final AND {}) ORDER BY request LIMIT {}
"""


class PostgresHolders:
    """Those of the connected database; `workers` and `home` are this machine's."""

    def __init__(self, workers: Path, home: str) -> None:
        self._workers = workers
        self._home = home

    async def silent(self) -> Sequence[Silent]:
        """As `Holders` says."""
        found = []
        for row in await select(_HOLDERS):
            worker, seconds = row["worker"], row["seconds"]
            if seconds is None:
                await execute(_KNOW)
                continue
            if row["home"] == self._home:
                if not is_alive(self._workers, worker):
                    found.append(Silent(worker, is_here=True, seconds=seconds))
            elif seconds > _SILENT_S:
                found.append(Silent(worker, is_here=False, seconds=seconds))
        return found

    async def positions(self, journals: Iterable[str]) -> Mapping[str, int]:
        """As `Holders` says."""
        rows = await JournalPosition.filter(journal_id__in=[*journals])
        return {row.journal_id: row.position for row in rows}

    async def end(self, worker: str, *, keep: bool) -> None:
        """As `Holders` says."""

        async def some() -> bool:
            await give_up_on_locks_after(_LOCK_WAIT_S)
            rows = await select(_REQUESTS, [worker, keep, _MANY])
            if rows:
                await postgres_charges.end_holds([row["request"] for row in rows], keep=keep)
            return bool(rows)

        while await run_in_transaction(some):
            pass
        if not keep:
            await execute("DELETE FROM limit_holder WHERE worker = {}", [worker])

    async def clean(self, days: int) -> None:
        """As `Holders` says."""
        now = (await select("SELECT (extract(epoch FROM now()) * 1000000)::bigint AS now"))[0][
            "now"
        ]
        before = now - days * _DAY_US
        await execute("DELETE FROM limit_hold WHERE final AND at < {}", [before])
        await execute("DELETE FROM limit_budget WHERE until < {}", [before])
