"""The statements by which a batch is decided, and what becomes of it where rows are locked."""

from __future__ import annotations

from typing import Any, Final

import asyncpg

from proxy.limits.batch import Batch
from proxy.limits.making import MakeBases
from proxy.limits.postgres_connections import Connections
from proxy.limits.queue import Waiting
from proxy.limits.store import LimitsUnavailable

#: How long a row's lock is waited for before it is left out.
_LOCK_PATIENCE_MS: Final = 100

DECIDE: Final = (
    "SELECT * FROM limit_decide("
    "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
)
DECIDE_WITH_BUDGETS: Final = (
    "SELECT * FROM limit_budget_decide("
    "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,"
    " $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38,"
    " $39)"
)
_LOCKED: Final = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


class Statements:
    """Those of one worker. `home` and `bases` are as `PostgresLimits` has them."""

    def __init__(self, worker: str, *, home: str, bases: MakeBases | None) -> None:
        self._worker = worker
        self._home = home
        self._bases = bases

    async def decide(
        self, connections: Connections, batch: Batch
    ) -> tuple[list[Waiting], list[Waiting]]:
        """Have a batch decided; who is left (see `Batch.decided`)."""
        try:
            rows = await self._ask(connections, batch, _LOCK_PATIENCE_MS)
        except _LOCKED:
            try:
                rows = await self._ask(connections, batch, 0)
            except _LOCKED:
                # The whole table, say.
                batch.undone()
                return batch.waiting, []
        return batch.decided(rows[0])

    async def _ask(self, connections: Connections, batch: Batch, patience_ms: int) -> list[Any]:
        arguments = batch.arguments(self._worker, patience_ms)
        if batch.budgets is None:
            return await connections.fetch(DECIDE, *arguments)
        arguments += batch.budgets.arguments(self._home)
        return await connections.fetch(DECIDE_WITH_BUDGETS, *arguments)

    async def make(self, waiting: list[Waiting]) -> None:
        """Make windows that begin with what was used before; else refuse those who wait."""
        missing = {claim.allowance for one in waiting for claim in one.budgets}
        try:
            if self._bases is not None:
                await self._bases(sorted(missing))
        except LimitsUnavailable as exc:
            for one in waiting:
                one.refuse(exc)
