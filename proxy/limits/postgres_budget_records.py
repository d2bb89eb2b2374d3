"""What PostgreSQL has stored of budgets, beside the counters that `postgres_records` knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from models.db.conditions import execute, select
from models.db.database import run_in_transaction
from proxy.limits.bases import used_before
from proxy.limits.budgets import Allowance, bucket_us, needs_base, parts_of, use_of, window_of
from proxy.limits.postgres_records import PostgresRecords
from proxy.limits.records import BudgetCounter, BudgetDump, BudgetHold, BudgetUse, WindowUse

_NOW: Final = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now"
_SUMS: Final = """
SELECT b.key, b.spent, b.held, b.at FROM limit_budget b
JOIN unnest({}::text[], {}::bigint[]) AS wanted (key, start)
    ON b.key = wanted.key AND b.start = wanted.start
"""
_RESET: Final = """
UPDATE limit_budget SET alerted = 0, spent = CASE WHEN bucket > 0 THEN held ELSE 0 END
WHERE key = ANY ({}::text[])
"""
_MOST_USED: Final = """
SELECT key, start, spent, held, amount FROM limit_budget
WHERE bucket = 0 AND amount > 0
    AND (until IS NULL OR until > extract(epoch FROM clock_timestamp()) * 1000000)
ORDER BY (spent + held)::float8 / amount DESC, key LIMIT {} OFFSET {}
"""
_COUNTERS: Final = (
    "SELECT key, start, until, spent, held, at, amount, alerts, alerted::integer AS alerted,"
    " matches FROM limit_budget"
)
_HOLDS: Final = "SELECT request, at, final, keys, starts, amounts FROM limit_hold"


class PostgresBudgetRecords(PostgresRecords):
    """What the connected database says."""

    async def budgets(self, allowances: Sequence[Allowance]) -> Mapping[str, BudgetUse]:
        """As `LimitRecords` says."""
        now = int((await select(_NOW))[0]["now"])
        windows = {one.key: window_of(one.period, one.zone, now) for one in allowances}
        starts = [start for start, _ in windows.values()]
        rows = await select(_SUMS, [[*windows], starts])
        found = {row["key"]: (row["spent"], row["held"], row["at"]) for row in rows}
        uses = {}
        for one in allowances:
            start, until = windows[one.key]
            sums = found.get(one.key)
            if sums is None:
                spent = await used_before(one, start, until) if needs_base(one, start) else 0
                sums = spent, 0, now
            uses[one.key] = BudgetUse(*use_of(one, sums, until, now))
        return uses

    async def most_used(self, limit: int, offset: int = 0) -> Sequence[WindowUse]:
        """As `LimitRecords` says."""
        return [WindowUse(**row) for row in await select(_MOST_USED, [limit, offset])]

    async def reset_budgets(self, keys: Iterable[str]) -> None:
        """As `LimitRecords` says."""
        await execute(_RESET, [[*keys]])

    async def dump_budgets(self) -> BudgetDump:
        """As `LimitRecords` says."""
        if self._snapshot is not None:
            counters = [BudgetCounter(*row) async for row in self._snapshot.rows(_COUNTERS)]
            holds = [_hold(row) async for row in self._snapshot.rows(_HOLDS)]
        else:
            counters = [BudgetCounter(*row.values()) for row in await select(_COUNTERS)]
            holds = [_hold(tuple(row.values())) for row in await select(_HOLDS)]
        return BudgetDump(counters, holds, {})

    async def load_budgets(self, dump: BudgetDump) -> None:
        """As `LimitRecords` says."""
        await run_in_transaction(lambda: _load(dump))

    async def add_budgets(self, counters: Iterable[BudgetCounter]) -> None:
        """As `LimitRecords` says."""
        for counter in counters:
            await _insert(counter)

    async def forget(self, keys: Iterable[str]) -> None:
        """As `LimitRecords` says."""
        forgotten = [*keys]
        await super().forget(forgotten)
        await execute("DELETE FROM limit_budget WHERE subject = ANY ({}::text[])", [forgotten])


def _hold(row: tuple[Any, ...]) -> BudgetHold:
    request, at, final, keys, starts, amounts = row
    return BudgetHold(request, at, final, tuple(keys), tuple(starts), tuple(amounts))


async def _load(dump: BudgetDump) -> None:
    await execute("DELETE FROM limit_budget")
    await execute("DELETE FROM limit_hold")
    for counter in dump.counters:
        await _insert(counter)
    for hold in dump.holds:
        await execute(
            "INSERT INTO limit_hold (request, worker, at, final, keys, starts, amounts)"
            " VALUES ({}, 'restored', {}, {}, {}, {}, {})",
            [hold.request, hold.at, hold.final, [*hold.keys], [*hold.starts], [*hold.amounts]],
        )


async def _insert(counter: BudgetCounter) -> None:
    parts = parts_of(counter.key)
    await execute(
        "INSERT INTO limit_budget (key, start, until, spent, held, at, amount, alerts, alerted,"
        " matches, subject, bucket) VALUES"
        " ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) ON CONFLICT (key, start) DO NOTHING",
        [*counter, parts.subject, bucket_us(parts.period)],
    )
