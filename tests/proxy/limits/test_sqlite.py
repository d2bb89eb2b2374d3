"""The limits engine of one machine: a locked, broken or growing file, and who is alive."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.limits.sqlite import SqliteLimits
from proxy.limits.sqlite_checkpoint import Checkpointer
from proxy.limits.store import (
    NOT_SENT,
    Claim,
    LimitExceeded,
    LimitStore,
    LimitsUnavailable,
    Reservation,
    claims_on,
)
from proxy.limits.worker_locks import WorkerLocks
from tests.proxy.limits.process import admitted
from tests.proxy.limits.stores import Stores, decided, eventually

QUOTA = claims_on("t:1", quota=5)
SLOT = claims_on("t:1", max_parallel=1)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    made = Stores(tmp_path, None)
    yield made
    await made.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """The file as a process leaves it that was stopped in the middle of a decision."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


async def tried(store: LimitStore) -> asyncio.Task[Reservation]:
    """A decision that has been tried once, and waits for the file."""
    call = asyncio.create_task(decided(store, QUOTA))
    # The task asks, and the store's turn comes after it.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not call.done()
    return call


async def test_a_locked_file_refuses_and_lets_the_loop_go_on(stores: Stores) -> None:
    store = await stores.worker()
    with locked(stores.path):
        call = await tried(store)
        with pytest.raises(LimitsUnavailable):
            await call
    got = await store.decide(QUOTA)
    assert got.remaining == (5, 4, 0.0)


async def test_a_decision_waits_for_a_short_lock(stores: Stores) -> None:
    store = await stores.worker()
    with locked(stores.path):
        call = await tried(store)
    assert (await call).remaining == (5, 4, 0.0)


async def test_what_was_taken_for_a_request_that_is_cancelled_with_the_answer_goes_back(
    stores: Stores,
) -> None:
    store = await stores.worker()
    both = (*claims_on("t:1", quota=1), *SLOT)
    call = asyncio.create_task(decided(store, both))
    # The task asks. The store's turn comes next and takes, and the cancellation right behind it.
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(call.cancel)
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await store.decide(both)).lease is not None


async def test_cancelled_while_waiting_takes_nothing(stores: Stores) -> None:
    store = await stores.worker()
    with locked(stores.path):
        call = await tried(store)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert (await store.decide(QUOTA)).remaining == (5, 4, 0.0)


async def test_what_ends_while_the_file_is_locked_is_written_later(stores: Stores) -> None:
    store, other = await stores.worker(), await stores.worker()
    claims = claims_on("t:1", quota=2, max_parallel=1)
    got = await store.decide(claims)
    with locked(stores.path):
        store.settle(got, NOT_SENT)

    async def is_back() -> bool:
        try:
            return (await other.decide(claims)).remaining == (2, 1, 0.0)
        except LimitExceeded:
            return False

    await eventually(is_back)


async def test_a_slot_that_could_not_be_written_back_is_free_for_its_own_worker(
    stores: Stores,
) -> None:
    store = await stores.worker()
    got = await store.decide(SLOT)
    with locked(stores.path):
        store.settle(got)
    await store.decide(SLOT)


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "limits.db"
    path.write_bytes(b"not a database at all, and long enough to be taken for one" * 100)
    with pytest.raises(LimitsUnavailable):
        await SqliteLimits(path, "w").open()
    assert list((tmp_path / "limits-workers").iterdir()) == []


async def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the directory should be")
    with pytest.raises(LimitsUnavailable):
        await SqliteLimits(tmp_path / "data" / "limits.db", "w").open()


async def test_the_files_are_for_our_user_only(stores: Stores) -> None:
    await (await stores.worker()).decide(QUOTA)
    for file in stores.path.parent.rglob("*"):
        assert file.stat().st_mode & 0o077 == 0, file


async def test_twenty_workers_may_open_a_new_file_at_once(stores: Stores) -> None:
    workers = await asyncio.gather(*(stores.worker() for _ in range(20)))
    for worker in workers:
        await worker.decide(claims_on("t:1", quota=20))
    with pytest.raises(LimitExceeded):
        await workers[0].decide(claims_on("t:1", quota=20))


async def test_a_full_disk_refuses_until_there_is_room(stores: Stores) -> None:
    store = await stores.worker()
    got = await store.decide(claims_on("t:1", quota=5, max_parallel=1))
    connection = store._connection  # type: ignore[union-attr]
    assert connection is not None
    connection.execute("PRAGMA max_page_count = 1")
    many = tuple(claim for n in range(100) for claim in claims_on(f"k:{n}", quota=1))
    with pytest.raises(LimitsUnavailable):
        await store.decide(many)
    store.settle(got)
    connection.execute("PRAGMA max_page_count = 1000000")
    await store.decide(many)
    assert (await store.decide(claims_on("t:1", quota=5, max_parallel=1))).remaining == (5, 3, 0.0)


@pytest.fixture
def quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.limits.health._PROBE_S", 0.01)
    monkeypatch.setattr("proxy.limits.health._PROBE_AGAIN_S", 0.01)


async def test_a_file_that_cannot_be_written_shows_and_recovers_without_requests(
    stores: Stores, quick_probes: None
) -> None:
    """A full disk or one that is read-only, on a worker whose tokens are all unlimited."""
    store = await stores.worker()
    connection = store._connection  # type: ignore[union-attr]
    assert connection is not None
    assert store.healthy
    connection.execute("PRAGMA query_only = ON")
    await eventually(lambda: answered(not store.healthy))
    with pytest.raises(LimitsUnavailable):
        await store.decide(QUOTA)
    connection.execute("PRAGMA query_only = OFF")
    await eventually(lambda: answered(store.healthy))
    assert (await store.decide(QUOTA)).remaining == (5, 4, 0.0)


async def test_a_refusal_is_no_sign_that_limits_can_be_written(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It only reads, which a full disk allows."""
    monkeypatch.setattr("proxy.limits.health._PROBE_AGAIN_S", 3600.0)
    store = await stores.worker()
    used_up = claims_on("t:2", quota=1)
    await store.decide(used_up)
    connection = store._connection  # type: ignore[union-attr]
    assert connection is not None
    connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(LimitsUnavailable):
        await store.decide(
            tuple(claim for n in range(100) for claim in claims_on(f"k:{n}", quota=1))
        )
    assert not store.healthy
    with pytest.raises(LimitExceeded):
        await store.decide(used_up)
    assert not store.healthy
    await store.decide(QUOTA)
    assert store.healthy


async def test_a_file_that_stays_locked_shows(stores: Stores, quick_probes: None) -> None:
    store = await stores.worker()
    with locked(stores.path):
        await eventually(lambda: answered(not store.healthy))
    await eventually(lambda: answered(store.healthy))


async def answered(value: bool) -> bool:
    return value


async def test_a_decision_that_fails_halfway_locks_nobody_out(stores: Stores) -> None:
    store, other = await stores.worker(), await stores.worker()
    with pytest.raises(OverflowError):
        await store.decide((*QUOTA, *claims_on("p:1", quota=2**70, quota_base=2**69)))
    assert (await other.decide(QUOTA)).remaining == (5, 4, 0.0)
    assert (await store.decide(QUOTA)).remaining == (5, 3, 0.0)


async def test_waiting_exactly_as_told_is_enough_at_any_rate(stores: Stores) -> None:
    store = await stores.worker()
    for rate in range(1, 100):
        claims = claims_on("t:1", requests_per_minute=rate)
        assert await admitted(store, claims, rate + 1) == rate
        with pytest.raises(LimitExceeded) as caught:
            await store.decide(claims)
        assert caught.value.retry_after is not None
        await stores.turn_clock(caught.value.retry_after)
        await store.decide(claims)
        await stores.turn_clock(60)


async def test_a_killed_process_frees_its_slots_at_once(stores: Stores) -> None:
    survivor = await stores.worker()
    process = stores.process([list(SLOT[0])], 1, hold=True)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    assert await asyncio.to_thread(process.stdout.readline) == "1\n"
    with pytest.raises(LimitExceeded):
        await survivor.decide(SLOT)
    process.kill()
    process.wait()
    await survivor.decide(SLOT)
    # What is left of it is cleared away by the next to open.
    assert len(list(stores.workers.iterdir())) == 2
    await stores.worker()
    assert len(list(stores.workers.iterdir())) == 2


async def test_counts_survive_a_restart_and_slots_do_not(stores: Stores) -> None:
    store = await stores.worker()
    await store.decide(claims_on("t:1", quota=5, max_parallel=1))
    await store.close()
    again = await stores.worker()
    got = await again.decide(claims_on("t:1", quota=5, max_parallel=1))
    assert got.remaining == (5, 3, 0.0)


async def test_the_log_is_moved_into_the_file_and_cut(stores: Stores) -> None:
    store = await stores.worker()
    await store.decide(QUOTA)
    checkpointer = Checkpointer(stores.path, interval=0.01, truncate_bytes=0)
    checkpointer.start()

    async def is_moved() -> bool:
        # The store's own may just be at it, and one of them then leaves it for the next time.
        checkpointer.wrote()
        return stores.path.with_name("limits.db-wal").stat().st_size == 0

    await eventually(is_moved)
    checkpointer.stop()
    # Read as it is, without the log beside it.
    file = sqlite3.connect(f"file:{stores.path}?immutable=1", uri=True)
    assert file.execute("SELECT used FROM counter").fetchall() == [(1,)]
    file.close()
    assert (await store.decide(QUOTA)).remaining == (5, 3, 0.0)


def test_worker_locks_tell_the_living_from_the_dead(tmp_path: Path) -> None:
    here, other = (
        WorkerLocks(tmp_path / "workers", "here"),
        WorkerLocks(tmp_path / "workers", "other"),
    )
    with here.register():
        pass
    (tmp_path / "workers" / "dead").touch()
    assert here.is_alive("here")
    assert other.is_alive("here")
    assert not other.is_alive("dead")
    assert not other.is_alive("unheard of")
    assert other.stale() == ["dead"]
    other.remove("dead")
    here.unregister()
    assert other.stale() == []
    assert not other.is_alive("here")


async def test_an_amount_is_taken_whole_or_not_at_all_and_what_is_not_used_goes_back(
    stores: Stores,
) -> None:
    store = await stores.worker()
    seven = (Claim("t:1", "requests", 10, amount=7),)
    got = await store.decide(seven)
    assert got.remaining == (10, 3, 0.0)
    with pytest.raises(LimitExceeded):
        await store.decide(seven)
    store.settle(got, {"requests": 3})
    assert (await store.decide(seven)).remaining == (10, 0, 0.0)
