"""Batches on a real PostgreSQL: exact whatever becomes of a call, and beside the release before."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import pytest

from config import Database
from models.db.database import postgres_address
from proxy.limits.batch import Account, Batch, CallsUnderWay, _subjects
from proxy.limits.postgres_statements import DECIDE
from proxy.limits.queue import Waiting
from proxy.limits.store import NOT_SENT, Claim, LimitExceeded, Reservation, claims_on

_ACQUIRE: Final = "SELECT * FROM limit_acquire($1, $2, $3, $4, $5, $6, $7, $8)"
_SLOTS: Final = """
SELECT coalesce(sum(slots[entry + 1]), 0)::integer
FROM limit_counter, generate_series(1, cardinality(slots), 4) AS entry WHERE key = $1
"""


class Worker:
    """One worker's end of the calls, without the connections and the loop around it."""

    def __init__(self, session: Any, name: str) -> None:
        self.session = session
        self.name = name
        self.account = Account()
        self.under_way = CallsUnderWay()
        self._calls = 0

    def batch(self, *wanted: tuple[Claim, ...], syncing: list[str] | None = None) -> Batch:
        self._calls += 1
        loop = asyncio.get_running_loop()
        waiting = [Waiting(claims, loop.create_future(), 0) for claims in wanted]
        batch = Batch(self._calls, waiting, syncing or [], self.account, self.under_way)
        self.under_way.begin(batch.number, batch.keys)
        return batch

    async def carry_out(self, batch: Batch) -> Any:
        """What the database says, and does; not heard by the worker yet."""
        return await self.session.fetchrow(DECIDE, *batch.arguments(self.name, 100))

    def hear(self, batch: Batch, row: Any) -> tuple[list[Waiting], list[Waiting]]:
        left = batch.decided(row)
        self.under_way.end(batch.number, batch.keys)
        return left

    def lose(self, batch: Batch) -> None:
        batch.lost()
        self.under_way.end(batch.number, batch.keys)

    async def decide(self, *wanted: tuple[Claim, ...]) -> list[Reservation | None]:
        batch = self.batch(*wanted)
        assert self.hear(batch, await self.carry_out(batch)) == ([], [])
        return [outcome_of(one) for one in batch.waiting]

    async def sync(self) -> None:
        while keys := self.account.pending(()):
            batch = self.batch(syncing=keys)
            self.hear(batch, await self.carry_out(batch))

    def release(self, reservation: Reservation) -> None:
        if reservation.lease is not None:
            self.account.release(reservation.lease)


def outcome_of(one: Waiting) -> Reservation | None:
    if isinstance(one.outcome.exception(), LimitExceeded):
        return None
    return one.outcome.result()


@pytest.fixture
async def session(postgres_database: Database) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**postgres_address(postgres_database))
    yield connection
    await connection.close()


async def used(session: Any, key: str) -> int:
    count: int | None = await session.fetchval("SELECT used FROM limit_counter WHERE key = $1", key)
    return count or 0


class Interleaving:
    """Two workers and one of the release before, whose calls come to every kind of end."""

    QUOTA: Final = 40
    PARALLEL: Final = 3
    KEYS: Final = ("t:1", "t:2", "p:1")

    def __init__(self, session: Any, seed: int) -> None:
        self.session = session
        self.chance = random.Random(seed)
        self.workers = [Worker(session, "one"), Worker(session, "other")]
        self.running: list[tuple[Worker, Reservation]] = []
        self.old: list[tuple[UUID, tuple[str, ...]]] = []
        self.taken: Counter[str] = Counter()
        #: Calls that their worker has given up on, to arrive later.
        self.late: list[tuple[Worker, Batch]] = []
        self.certain = True

    def claims(self) -> tuple[Claim, ...]:
        token = self.chance.choice(("t:1", "t:2"))
        project = claims_on("p:1", max_parallel=self.PARALLEL + 1)
        own = claims_on(token, quota=self.QUOTA, max_parallel=self.PARALLEL)
        return self.chance.choice((own, own + project))

    def count(self, key: str) -> int:
        """Slots in use, of which everybody knows."""
        ours = sum(claim[:2] == (key, "slots") for _, got in self.running for claim in got.claims)
        return ours + sum(key in keys for _, keys in self.old)

    async def step(self) -> None:
        steps = (
            self.ask, self.ask, self.ask_twice, self.ask_as_before,
            self.end, self.end, self.lose, self.arrive,
        )  # fmt: skip
        await self.chance.choice(steps)()
        for key, limit in (("t:1", self.PARALLEL), ("t:2", self.PARALLEL), ("p:1", 4)):
            assert self.count(key) <= limit
            assert self.taken[key] <= await used(self.session, key) <= self.QUOTA

    def may(self, claims: tuple[Claim, ...], taken: Counter[str], slots: Counter[str]) -> bool:
        """Whether a request is within its limits, as far as is known."""
        return all(
            (taken if claim.dimension == "requests" else slots)[claim.key] < claim.limit
            for claim in claims
        )

    async def ask(self) -> None:
        worker = self.chance.choice(self.workers)
        wanted = [self.claims() for _ in range(self.chance.randint(1, 4))]
        taken, slots = Counter(self.taken), Counter({key: self.count(key) for key in self.KEYS})
        # Equal requests are decided together.
        wanted = sorted(wanted, key=wanted.index)
        for claims, got in zip(wanted, await worker.decide(*wanted), strict=True):
            allowed = self.may(claims, taken, slots)
            if got is None:
                # A call whose fate is unknown may have taken what is missing.
                assert not allowed or not self.certain
                continue
            assert allowed
            self.running.append((worker, got))
            for claim in claims:
                (taken if claim.dimension == "requests" else slots)[claim.key] += 1
        self.taken = taken

    async def ask_twice(self) -> None:
        """A second call is sent before the first is heard of, and any of both may be first."""
        worker = self.chance.choice(self.workers)
        both = [worker.batch(self.claims(), self.claims()) for _ in range(2)]
        carried_out = [(batch, await worker.carry_out(batch)) for batch in self.shuffled(both)]
        for batch, row in self.shuffled(carried_out):
            if batch is both[0] and self.chance.random() < 0.3:
                worker.lose(batch)
                self.certain = False
                continue
            worker.hear(batch, row)
            for one in batch.waiting:
                if one.outcome.done() and (got := outcome_of(one)) is not None:
                    self.running.append((worker, got))
                    self.taken.update(
                        claim.key for claim in one.claims if claim.dimension == "requests"
                    )
        await worker.sync()

    def shuffled(self, things: list[Any]) -> list[Any]:
        return self.chance.sample(things, len(things))

    async def ask_as_before(self) -> None:
        claims = self.claims()
        subjects = _subjects(claims).values()
        columns = [list(column) for column in zip(*subjects, strict=True)]
        keys, quotas, bases, epochs, rates, parallels = columns
        lease = uuid4()
        rows = await self.session.fetch(
            _ACQUIRE, keys, quotas, bases, epochs, rates, parallels, lease, "before"
        )
        known = Counter({key: self.count(key) for key in self.KEYS})
        if rows[0]["admitted"]:
            assert self.may(claims, self.taken, known)
            self.old.append((lease, tuple(keys)))
            self.taken.update(claim.key for claim in claims if claim.dimension == "requests")
        elif self.certain:
            # Slots that ended without a word yet are counted by the others.
            assert not self.may(claims, self.taken, known) or not self.is_synced

    @property
    def is_synced(self) -> bool:
        return all(worker.account.synced for worker in self.workers)

    async def end(self) -> None:
        if self.running and self.chance.random() < 0.6:
            worker, got = self.running.pop(self.chance.randrange(len(self.running)))
            worker.release(got)
            if self.chance.random() < 0.2:
                worker.account.refund(got.claims, NOT_SENT)
                self.taken.subtract(
                    claim.key for claim in got.claims if claim.dimension == "requests"
                )
        elif self.old:
            lease, _ = self.old.pop(self.chance.randrange(len(self.old)))
            await self.session.execute("SELECT limit_release($1)", [lease])
        # Who ends is known to its own worker at once, and to others when it says so.
        for worker in self.workers:
            await worker.sync()

    async def lose(self) -> None:
        """A call whose answer nobody hears: never carried out, carried out now, or later."""
        worker = self.chance.choice(self.workers)
        batch = worker.batch(self.claims(), self.claims())
        fate = self.chance.choice(("never", "now", "later"))
        if fate == "now":
            await worker.carry_out(batch)
        elif fate == "later":
            self.late.append((worker, batch))
        worker.lose(batch)
        self.certain = False
        if self.chance.random() < 0.5:
            await worker.sync()

    async def arrive(self) -> None:
        while self.late:
            worker, batch = self.late.pop()
            await worker.carry_out(batch)

    async def finish(self) -> None:
        """All is told; what is stored is what is true."""
        await self.arrive()
        for worker in self.workers:
            await worker.sync()
        for key in self.KEYS:
            leases = await self.session.fetchval(
                "SELECT count(*) FROM limit_lease WHERE key = $1", key
            )
            assert await self.session.fetchval(_SLOTS, key) + leases == self.count(key)
            if self.certain:
                assert await used(self.session, key) == self.taken[key]


@pytest.mark.parametrize("seed", range(8))
async def test_no_interleaving_admits_one_too_many_or_loses_a_slot(session: Any, seed: int) -> None:
    run = Interleaving(session, seed)
    for _ in range(80):
        await run.step()
    await run.finish()


async def test_a_call_that_comes_behind_a_later_one_takes_nothing(session: Any) -> None:
    worker = Worker(session, "w")
    claims = claims_on("t:1", quota=5, max_parallel=2)
    stale = worker.batch(claims, claims)
    worker.lose(stale)
    await worker.sync()
    row = await worker.carry_out(stale)
    assert row["admitted"] == [-2]
    assert (await used(session, "t:1"), await session.fetchval(_SLOTS, "t:1")) == (0, 0)


async def test_slots_taken_by_a_call_that_nobody_heard_of_are_free_with_the_next(
    session: Any,
) -> None:
    worker = Worker(session, "w")
    claims = claims_on("t:1", quota=5, max_parallel=2)
    unheard = worker.batch(claims, claims)
    await worker.carry_out(unheard)
    worker.lose(unheard)
    # The quota counts as used.
    assert [got is not None for got in await worker.decide(*[claims] * 3)] == [True, True, False]
    assert await used(session, "t:1") == 4


async def test_a_second_call_counts_what_the_first_took_before_it_is_heard_of(
    session: Any,
) -> None:
    worker = Worker(session, "w")
    claims = claims_on("t:1", quota=9, max_parallel=3)
    first, second = worker.batch(claims, claims), worker.batch(claims, claims)
    rows = [await worker.carry_out(batch) for batch in (first, second)]
    assert [row["admitted"] for row in rows] == [[2], [1]]
    for batch, row in zip((first, second), rows, strict=True):
        worker.hear(batch, row)
    assert await session.fetchval(_SLOTS, "t:1") == 3


async def test_a_call_that_was_overtaken_is_asked_again_at_once(session: Any) -> None:
    worker = Worker(session, "w")
    claims = claims_on("t:1", quota=9, max_parallel=3)
    first, second = worker.batch(claims), worker.batch(claims)
    worker.hear(second, await worker.carry_out(second))
    # A third one would not know what the first took.
    assert "t:1" in worker.under_way
    assert worker.hear(first, await worker.carry_out(first)) == ([], first.waiting)
    assert await used(session, "t:1") == 1
    assert "t:1" not in worker.under_way


async def test_equal_requests_of_a_batch_are_told_one_after_another(session: Any) -> None:
    worker = Worker(session, "w")
    claims = (*claims_on("t:1", quota=9, requests_per_minute=60), *claims_on("p:1", max_parallel=3))
    got = await worker.decide(*[claims] * 4)
    told = [one.remaining.remaining for one in got if one is not None and one.remaining is not None]
    assert told == [59, 58, 57]
    assert got[3] is None


async def test_a_row_that_is_locked_is_left_out_and_the_others_are_decided(
    session: Any, postgres_database: Database
) -> None:
    worker = Worker(session, "w")
    locked, free = claims_on("t:1", quota=5, max_parallel=1), claims_on("t:2", quota=5)
    await worker.decide(locked, free)
    other = await asyncpg.connect(**postgres_address(postgres_database))
    try:
        async with other.transaction():
            await other.execute("SELECT FROM limit_counter WHERE key = 't:1' FOR UPDATE")
            batch = worker.batch(locked, free)
            with pytest.raises(asyncpg.LockNotAvailableError):
                await worker.carry_out(batch)
            row = await session.fetchrow(DECIDE, *batch.arguments("w", 0))
            assert batch.decided(row) == ([batch.waiting[0]], [])
            assert outcome_of(batch.waiting[1]) is not None
    finally:
        await other.close()
    assert await used(session, "t:1") == 1


async def test_the_numbers_of_dead_workers_do_not_pile_up(session: Any) -> None:
    claims = claims_on("t:1", max_parallel=1000)
    for number in range(10):
        await Worker(session, f"dead-{number}").decide(claims)
    await session.execute("DELETE FROM limit_worker")
    survivor = Worker(session, "alive")
    for _ in range(64):
        await survivor.decide(claims)
    slots = await session.fetchval("SELECT slots FROM limit_counter")
    assert len(slots) == 4


async def test_a_batch_writes_each_counter_once(session: Any) -> None:
    worker = Worker(session, "w")
    wanted = [
        (
            *claims_on(f"t:{n % 5}", quota=1000),
            *claims_on("p:1", requests_per_minute=6000, max_parallel=900),
        )
        for n in range(50)
    ]
    await worker.decide(*wanted)
    turns = await session.fetch("SELECT key, turns FROM limit_counter ORDER BY key")
    assert [tuple(row) for row in turns] == [("p:1", 1), *((f"t:{n}", 1) for n in range(5))]


async def _blocks_read(session: Any) -> int:
    await session.execute("SELECT pg_stat_force_next_flush()")
    blocks: int = await session.fetchval(
        "SELECT heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read"
        " FROM pg_statio_user_tables WHERE relname = 'limit_counter'"
    )
    return blocks


async def _blocks_of(session: Any, worker: Worker, wanted: tuple[Claim, ...]) -> float:
    """Blocks of the counters' table and its indexes that a decision looks at."""
    before = await _blocks_read(session)
    for _ in range(64):
        for got in await worker.decide(wanted):
            assert got is not None
            worker.release(got)
    return (await _blocks_read(session) - before) / 64


async def test_a_long_snapshot_makes_decisions_no_dearer(
    session: Any, postgres_database: Database
) -> None:
    worker = Worker(session, "w")
    wanted = claims_on("t:1", quota=10**6, requests_per_minute=10**6, max_parallel=9)
    await _blocks_of(session, worker, wanted)
    usual = await _blocks_of(session, worker, wanted)
    dump = await asyncpg.connect(**postgres_address(postgres_database))
    try:
        async with dump.transaction(isolation="repeatable_read", readonly=True):
            await dump.fetchval("SELECT count(*) FROM limit_counter")
            for _ in range(20):
                last = await _blocks_of(session, worker, wanted)
    finally:
        await dump.close()
    assert last <= 1.5 * usual + 1


async def test_an_amount_is_not_taken_for_one(session: Any) -> None:
    """The function takes one of each; budgets will bring one that takes amounts."""
    batch = Worker(session, "w").batch((Claim("t:1", "requests", 10, amount=7),))
    with pytest.raises(ValueError, match="not 7"):
        batch.arguments("w", 0)
