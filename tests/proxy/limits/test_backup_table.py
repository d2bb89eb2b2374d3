"""The counters in a copy of the database: put into it, and taken out of it again."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing

from proxy.limits.backup_table import LimitsInBackup
from proxy.limits.records import BudgetCounter, BudgetDump, BudgetHold, Counter, Used
from tests.proxy.limits.kept_budgets import KeptBudgets

FIRST, SECOND = Counter("t:1", 3, 6, 4.0, 1.5), Counter("t:2", 0, 1, 0.0, 0.0)


class Records(KeptBudgets):
    """Of an engine that is not there."""

    def __init__(self, *counters: Counter) -> None:
        self.counters = list(counters)

    async def check(self) -> None:
        raise NotImplementedError

    async def used(self, key: str) -> Used | None:
        raise NotImplementedError

    async def dump(self) -> Sequence[Counter]:
        return self.counters

    async def load(self, counters: Iterable[Counter]) -> None:
        self.counters = list(counters)

    async def forget(self, keys: Iterable[str]) -> None:
        raise NotImplementedError


def test_what_was_saved_is_restored_and_leaves_no_table() -> None:
    with closing(sqlite3.connect(":memory:")) as copy:
        LimitsInBackup(Records(FIRST, SECOND)).save(copy)
        records = Records(Counter("t:3", 0, 9, 0.0, 0.0))
        LimitsInBackup(records).restore(copy)
        assert sorted(records.counters) == [FIRST, SECOND]
        assert copy.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_a_copy_that_has_counters_already_gets_those_of_now() -> None:
    with closing(sqlite3.connect(":memory:")) as copy:
        LimitsInBackup(Records(FIRST)).save(copy)
        LimitsInBackup(Records(SECOND)).save(copy)
        records = Records()
        LimitsInBackup(records).restore(copy)
        assert records.counters == [SECOND]


def test_a_copy_from_before_there_were_counters_leaves_none() -> None:
    records = Records(FIRST)
    with closing(sqlite3.connect(":memory:")) as copy:
        LimitsInBackup(records).restore(copy)
    assert records.counters == []


def test_budgets_are_restored_as_they_were() -> None:
    day = BudgetCounter("t:1|usd|day|UTC|", 5, 9, 70, 30, 6, 100, "50 80", 50, "")
    minute = BudgetCounter("t:1|tokens|minute||", 0, None, 3, 0, 6, 9, "", 0, '[null,["o3"]]')
    hold = BudgetHold("r-1", 7, False, (day.key, minute.key), (5, 0), (30, 0))
    records = Records(FIRST)
    records.budget_dump = BudgetDump([day, minute], [hold], {"j": 17})
    with closing(sqlite3.connect(":memory:")) as copy:
        LimitsInBackup(records).save(copy)
        restored = Records()
        LimitsInBackup(restored).restore(copy)
        assert restored.budget_dump == records.budget_dump
        assert copy.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
