"""Charges in PostgreSQL: part of the transaction in which a batch of entries is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from models.db.conditions import execute, select
from models.entry import Entry
from proxy.limits.alerts import tell
from proxy.limits.charging import (
    Charged,
    Hold,
    Sums,
    Window,
    charge_entries,
    end_unheard,
    subjects_of,
)

_LOCK: Final = "SELECT * FROM limit_budget_lock({}::text[], {}::text[], {}, {})"
_HOLDS: Final = (
    "SELECT request, final, keys, starts, amounts FROM limit_hold WHERE request = ANY ({}::text[])"
)
_NOW: Final = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now"
_WRITE: Final = """
UPDATE limit_budget b SET spent = n.spent, held = n.held, at = n.at, alerted = n.alerted
FROM unnest(
    {}::text[], {}::bigint[], {}::bigint[], {}::bigint[], {}::bigint[], {}::smallint[]
) AS n (key, start, spent, held, at, alerted)
WHERE b.key = n.key AND b.start = n.start
"""
_END: Final = "DELETE FROM limit_hold WHERE request = ANY ({}::text[])"
_KEEP: Final = "UPDATE limit_hold SET final = true WHERE request = ANY ({}::text[])"


async def charge(entries: Sequence[Entry]) -> None:
    """Charge what these entries say, within the transaction around it."""
    requests = [entry.id for entry in entries]
    times = [entry.at_us for entry in entries]
    subjects = sorted(subjects_of(entries))
    sums = _sums(await select(_LOCK, [requests, subjects, min(times), max(times)]))
    if not sums:
        return
    holds = _holds(await select(_HOLDS, [requests]))
    await _write(sums, charge_entries(entries, holds, sums, await _now()))


async def end_holds(requests: Sequence[str], *, keep: bool) -> None:
    """Charge what requests hold whose entries do not come; `keep` the rows for those that may.

    Within the transaction around it.
    """
    sums = _sums(await select(_LOCK, [requests, [], 0, 0]))
    holds = _holds(await select(_HOLDS, [requests]))
    reached = end_unheard(holds.values(), sums, await _now())
    await _write(sums, Charged([] if keep else [*holds], reached))
    if keep:
        await execute(_KEEP, [requests])


async def _now() -> int:
    rows = await select(_NOW)
    return int(rows[0]["now"])


def _sums(rows: Iterable[dict[str, Any]]) -> dict[Window, Sums]:
    found = {}
    for row in rows:
        sums = Sums((row["key"], row["start"]), row["until"], row["bucket"])
        sums.spent, sums.held, sums.at, sums.amount = (
            row["spent"],
            row["held"],
            row["at"],
            row["amount"],
        )
        sums.alerts = tuple(map(int, row["alerts"].split()))
        sums.alerted, sums.matches = row["alerted"], row["matches"]
        found[sums.key, sums.start] = sums
    return found


def _holds(rows: Iterable[dict[str, Any]]) -> dict[str, Hold]:
    return {
        row["request"]: Hold(
            row["final"],
            dict(zip(zip(row["keys"], row["starts"], strict=True), row["amounts"], strict=True)),
        )
        for row in rows
    }


async def _write(sums: dict[Window, Sums], charged: Charged) -> None:
    changed = [
        (row.key, row.start, row.spent, row.held, row.at, row.alerted)
        for row in sums.values()
        if row.changed
    ]
    if changed:
        await execute(_WRITE, [list(column) for column in zip(*changed, strict=True)])
    if charged.ended:
        await execute(_END, [charged.ended])
    await tell(charged.reached)
