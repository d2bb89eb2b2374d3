"""What both engines promise of what they have stored: read, moved and forgotten."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from tortoise.exceptions import IntegrityError

from models.db import database
from models.db.snapshots import snapshot
from proxy.limits.backup_table import LimitsInBackup
from proxy.limits.postgres_budget_records import PostgresBudgetRecords
from proxy.limits.records import Counter, LimitRecords, Used
from proxy.limits.sqlite_records import SqliteBudgetRecords
from proxy.limits.store import NOT_SENT, LimitExceeded, claims_on
from tests.proxy.limits.kept_budgets import KeptBudgets
from tests.proxy.limits.process import admitted
from tests.proxy.limits.stores import (
    Stores,
    eventually,
    long_timeouts,
    shared_database,
    still_database,
    still_server,
    stores,
)

__all__ = ["long_timeouts", "shared_database", "still_database", "still_server", "stores"]

TOKEN = claims_on("t:1", quota=10, quota_base=2, quota_epoch=3, requests_per_minute=60)
OTHER = claims_on("t:2", quota=10)


@pytest.fixture
async def records(stores: Stores) -> AsyncIterator[LimitRecords]:
    """Of the same counters as `stores`."""
    if stores.database is None:
        yield SqliteBudgetRecords(stores.path)
        return
    async with database.open_database(stores.database):
        yield PostgresBudgetRecords()


async def counted(stores: Stores) -> None:
    """Four requests of one token and one of another, by workers that have ended."""
    store = await stores.worker()
    assert await admitted(store, TOKEN, 4) == 4
    assert await admitted(store, OTHER, 1) == 1
    await store.close()


async def test_nothing_is_stored_before_anything_was_decided(
    stores: Stores, records: LimitRecords
) -> None:
    await records.check()
    await records.forget(["t:1"])
    assert await records.used("t:1") is None
    assert list(await records.dump()) == []


async def test_what_is_used_of_a_quota_is_told_with_its_epoch(
    stores: Stores, records: LimitRecords
) -> None:
    await counted(stores)
    assert await records.used("t:1") == Used(3, 6)
    assert await records.used("t:3") is None


async def test_what_running_requests_have_taken_is_told(
    stores: Stores, records: LimitRecords
) -> None:
    store = await stores.worker()
    await store.decide(OTHER)
    assert await records.used("t:2") == Used(0, 1)


async def test_a_dump_has_every_counter(stores: Stores, records: LimitRecords) -> None:
    await counted(stores)
    first, second = sorted(await records.dump())
    assert first[:3] == ("t:1", 3, 6)
    assert first.bucket_level == pytest.approx(4)
    assert second[:4] == ("t:2", 0, 1, 0)


async def test_a_dump_in_a_snapshot_is_of_its_moment(stores: Stores, records: LimitRecords) -> None:
    if stores.database is None:
        return  # The file is not part of the database.
    await counted(stores)
    before = sorted(await records.dump())
    async with snapshot(stores.database) as found:
        await records.forget(["t:1"])
        assert sorted(await PostgresBudgetRecords(found).dump()) == before
    assert len(await records.dump()) == 1


async def test_what_was_loaded_goes_on_where_it_stood(
    stores: Stores, records: LimitRecords
) -> None:
    await counted(stores)
    kept = await records.dump()
    later = await stores.worker()
    assert await admitted(later, (*TOKEN, *claims_on("t:new", quota=5)), 3) == 3
    await later.close()

    await records.load(kept)

    assert sorted(await records.dump()) == sorted(kept)
    store = await stores.worker()
    rate = await store.decide(claims_on("t:1", requests_per_minute=60))
    assert rate.remaining is not None
    assert rate.remaining[:2] == (60, 55)
    assert await admitted(store, TOKEN, 9) == 4


async def test_nothing_can_be_loaded(stores: Stores, records: LimitRecords) -> None:
    await counted(stores)
    await records.load([])
    assert list(await records.dump()) == []


async def test_a_load_that_fails_half_way_leaves_what_there_was(
    stores: Stores, records: LimitRecords
) -> None:
    if stores.database is None:
        return  # The file that there was stays beside the new one.
    await counted(stores)
    kept = sorted(await records.dump())
    twice = Counter("t:1", 0, 1, 0.0, 0.0)
    with pytest.raises(IntegrityError):
        await records.load([twice, twice])
    assert sorted(await records.dump()) == kept


async def test_what_is_forgotten_begins_anew_and_the_rest_stays(
    stores: Stores, records: LimitRecords
) -> None:
    await counted(stores)
    await records.forget(["t:1", "t:unheard of"])
    assert await records.used("t:1") is None
    assert await records.used("t:2") == Used(0, 1)
    assert await admitted(await stores.worker(), TOKEN, 10) == 8


async def test_the_counters_of_one_engine_can_be_loaded_by_another(
    stores: Stores, records: LimitRecords, tmp_path: Path
) -> None:
    counters = [Counter("t:1", 3, 6, 4.5, 1_800_000_000.25), Counter("p:1", -1, 0, 0.0, 1e9)]
    await records.load(counters)
    assert sorted(await records.dump()) == sorted(counters)
    elsewhere = SqliteBudgetRecords(tmp_path / "elsewhere.db")
    await elsewhere.load(await records.dump())
    assert sorted(await elsewhere.dump()) == sorted(counters)


async def test_a_refused_request_and_a_refunded_one_are_not_used(
    stores: Stores, records: LimitRecords
) -> None:
    store = await stores.worker()
    got = await store.decide(OTHER)
    store.settle(got, NOT_SENT)
    with pytest.raises(LimitExceeded):
        await store.decide((*OTHER, *claims_on("p:1", max_parallel=0)))

    async def is_refunded() -> bool:
        return await records.used("t:2") == Used(0, 0)

    await eventually(is_refunded)


def in_memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:")


class Kept(KeptBudgets):
    """Counters somewhere: what a backup needs of an engine."""

    def __init__(self, *counters: Counter) -> None:
        self.counters = list(counters)

    async def check(self) -> None: ...

    async def used(self, key: str) -> Used | None:
        raise AssertionError(key)

    async def dump(self) -> list[Counter]:
        return self.counters

    async def load(self, counters: object) -> None:
        self.counters = list(counters)  # type: ignore[call-overload]

    async def forget(self, keys: object) -> None:
        raise AssertionError(keys)


def test_a_backup_carries_any_engines_counters() -> None:
    counters = [Counter("p:1", -1, 0, 0.5, 7.0), Counter("t:1", 3, 6, 4.5, 8.0)]
    with closing(in_memory()) as copy:
        LimitsInBackup(Kept(*counters)).save(copy)
        restored = Kept(Counter("t:old", 0, 1, 0.0, 0.0))
        LimitsInBackup(restored).restore(copy)
        assert restored.counters == counters
        # The database is as it was before the backup.
        assert copy.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_a_backup_without_counters_restores_none() -> None:
    restored = Kept(Counter("t:old", 0, 1, 0.0, 0.0))
    with closing(in_memory()) as copy:
        LimitsInBackup(restored).restore(copy)
    assert restored.counters == []


def test_a_backup_is_of_the_form_that_the_release_before_restores() -> None:
    with closing(in_memory()) as copy:
        LimitsInBackup(Kept(Counter("t:1", 3, 6, 4.5, 8.0))).save(copy)
        kept = "SELECT key, epoch, used, spent, at FROM backup_limit_counter"
        assert copy.execute(kept).fetchall() == [("t:1", 3, 6, 4.5, 8.0)]
