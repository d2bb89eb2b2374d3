"""Windows that begin with what was used in them before: the budget was added late.

They begin with what the hour counters say of their time, and from then on each entry is charged. So
they are made at a moment in which no batch of entries is on its way into one of the two alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from models.db.conditions import execute, select
from models.db.database import give_up_on_locks_after, run_in_transaction
from models.entry import Entry
from models.errors import DatabaseUnavailable
from models.journal_position import JournalPosition
from models.used_before import used_between
from proxy.limits.budgets import Allowance, bucket_us, charged, needs_base, parts_of, window_of
from proxy.limits.charging import charge_of, subjects_of
from proxy.limits.gate import Gate
from proxy.limits.matching import is_about, matches
from proxy.limits.sqlite_charges import SqliteCharges
from proxy.limits.store import LimitsUnavailable, scope_of

_LOCK_WAIT_S: Final = 2.0
_HOUR_US: Final = 3_600_000_000


class Journals(NamedTuple):
    """The journals of this machine: which there are, and entries between two bytes of one."""

    ids: Callable[[], list[str]]
    entries: Callable[[str, int, int], list[Entry]]


async def used_before(allowance: Allowance, start_us: int, until_us: int | None) -> int:
    """What the hour counters say was used of a budget in a window. Raises DatabaseUnavailable."""
    subject = parts_of(allowance.key).subject
    rows = await used_between(scope_of(subject), subject[2:], start_us, until_us)
    return sum(
        row.cost_nanos if allowance.unit == "usd" else row.tokens
        for row in rows
        if is_about(allowance.match, "", row.endpoint, row.model)
    )


class PostgresBases:
    """In the database, where one transaction counts and charges."""

    async def __call__(self, allowances: Sequence[Allowance]) -> None:
        """Make what is missing of their windows. Raises LimitsUnavailable."""
        try:
            await run_in_transaction(lambda: self._make(allowances))
        except DatabaseUnavailable as exc:
            raise LimitsUnavailable(str(exc)) from exc

    async def _make(self, allowances: Sequence[Allowance]) -> None:
        await give_up_on_locks_after(_LOCK_WAIT_S)
        await select("SELECT pg_advisory_xact_lock(hashtextextended('limit_budget', 0))")
        rows = await select(
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now"
        )
        now = int(rows[0]["now"])
        for allowance, start, until in _missing(allowances, now):
            spent = await used_before(allowance, start, until)
            await execute(
                "INSERT INTO limit_budget"
                " (key, start, until, subject, bucket, spent, at, amount, alerts, matches)"
                " VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}) ON CONFLICT DO NOTHING",
                [
                    allowance.key,
                    start,
                    until,
                    parts_of(allowance.key).subject,
                    bucket_us(allowance.period),
                    spent,
                    now,
                    allowance.amount,
                    " ".join(map(str, allowance.alerts)),
                    allowance.match,
                ],
            )


class SqliteBases:
    """In the limits' file, from the counters of the database beside it.

    The two have taken different parts of a journal, perhaps: what only one of them has is added or
    left out.
    """

    def __init__(
        self,
        charges: SqliteCharges,
        gate: Gate,
        journals: Journals,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._charges = charges
        self._gate = gate
        self._journals = journals
        self._clock = clock

    async def __call__(self, allowances: Sequence[Allowance]) -> None:
        """Make what is missing of their windows. Raises LimitsUnavailable."""
        try:
            async with self._gate.alone():
                await self._make(allowances)
        except (DatabaseUnavailable, OSError) as exc:
            raise LimitsUnavailable(str(exc)) from exc

    async def _make(self, allowances: Sequence[Allowance]) -> None:
        ids = self._journals.ids()
        rows = await JournalPosition.filter(journal_id__in=ids)
        counted = {row.journal_id: row.position for row in rows}
        ours = await asyncio.to_thread(self._charges.positions, ids)
        missing = _missing(allowances, int(self._clock() * 1_000_000))
        subjects = {parts_of(allowance.key).subject for allowance, _, _ in missing}
        apart = await asyncio.to_thread(self._apart, ids, counted, ours, subjects)
        made = []
        for allowance, start, until in missing:
            spent = await used_before(allowance, start, until)
            for sign, entry in apart:
                # An hour that the window cuts is counted whole; charged is what is of its time.
                since = start // _HOUR_US * _HOUR_US if sign > 0 else start
                spent += sign * _part(allowance, since, until, entry)
            made.append((allowance, start, until, max(0, spent)))
        await asyncio.to_thread(self._charges.make, made)

    def _apart(
        self,
        ids: Iterable[str],
        counted: Mapping[str, int],
        ours: Mapping[str, int],
        subjects: set[str],
    ) -> list[tuple[int, Entry]]:
        """Entries that only one of the two has taken, and whether they are to be added."""
        found = []
        for journal in ids:
            there, here = counted.get(journal, 0), ours.get(journal, 0)
            if there != here:
                sign = 1 if here > there else -1
                apart = self._journals.entries(journal, min(there, here), max(there, here))
                found += [(sign, entry) for entry in apart if subjects & subjects_of([entry])]
        return found


def _missing(
    allowances: Sequence[Allowance], now_us: int
) -> list[tuple[Allowance, int, int | None]]:
    """The windows that are now, of those that begin with what was used before."""
    found = []
    for allowance in allowances:
        start, until = window_of(allowance.period, allowance.zone, now_us)
        if needs_base(allowance, start):
            found.append((allowance, start, until))
    return found


def _part(allowance: Allowance, since_us: int, until_us: int | None, entry: Entry) -> int:
    """What an entry of a time is to a budget."""
    if parts_of(allowance.key).subject not in subjects_of([entry]):
        return 0
    if entry.at_us < since_us:
        return 0
    if until_us is not None and entry.at_us >= until_us:
        return 0
    if not matches(allowance.match, entry):
        return 0
    used = charge_of(entry)._replace(kind="used")
    return charged(allowance.unit, 0, used)
