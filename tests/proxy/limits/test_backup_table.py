"""The counters in a copy of the database: put into it, and taken out of it again."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing

from proxy.limits.backup_table import LimitsInBackup
from proxy.limits.records import Counter, Used

FIRST, SECOND = Counter("t:1", 3, 6, 4.0, 1.5), Counter("t:2", 0, 1, 0.0, 0.0)


class Records:
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
