"""The limits engine of one machine: a turn's requests are decided as if each had come alone."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.limits.asking import runs
from proxy.limits.budgets import Allowance, BudgetClaim, BudgetExceeded, Charge
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.store import (
    AS_TAKEN,
    NOT_SENT,
    Claim,
    LimitExceeded,
    Outcome,
    Reservation,
    claims_on,
)
from tests.proxy.limits.machine import allowance
from tests.proxy.limits.stores import decided

#: What tokens claim: of their own and of their project, which they share; limits that were changed
#: meanwhile, so that one has fewer; a quota that was set anew; more than 1 of one, which only a
#: caller of the store can ask for.
KINDS: Final[Sequence[tuple[Claim, ...]]] = (
    claims_on("t:1", quota=9, requests_per_minute=12, max_parallel=4),
    claims_on("t:1", quota=7, requests_per_minute=6, max_parallel=3),
    claims_on("t:1", quota=12, quota_base=3, quota_epoch=1, max_parallel=4),
    (*claims_on("t:2", requests_per_minute=8), *claims_on("p:1", quota=30, max_parallel=6)),
    (*claims_on("t:3", quota=20), *claims_on("p:1", quota=30, requests_per_minute=25)),
    (*claims_on("t:4", max_parallel=5), *claims_on("p:1", quota=28, max_parallel=6)),
    (Claim("t:5", "requests", 20, 3), Claim("t:5", "rate", 10), Claim("p:1", "slots", 6, 2)),
    claims_on("t:6", quota=0),
)


class Turn(NamedTuple):
    """What happens: requests ask one of two workers, some that run end, and time passes."""

    worker: int
    asking: list[int]
    ending: list[tuple[int, bool]]
    seconds: float


#: Neighbours that claim the same are what is decided together.
ASKING: Final = st.lists(
    st.tuples(st.integers(0, len(KINDS) - 1), st.integers(1, 12)), max_size=5
).map(lambda some: [kind for kind, count in some for _ in range(count)])
TURNS: Final = st.lists(
    st.builds(
        Turn,
        st.integers(0, 1),
        ASKING,
        st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=8),
        st.sampled_from([0.0, 0.5, 7.25, -3.0, 61.0]),
    ),
    min_size=1,
    max_size=8,
)


class Service:
    """Two workers on one file, whose clock is turned."""

    def __init__(self, path: Path) -> None:
        self.now = 1_700_000_000.0
        self.stores = [SqliteLimits(path, f"w{n}", clock=lambda: self.now) for n in range(2)]
        self.running: list[tuple[int, Reservation]] = []

    def end(self, turn: Turn) -> None:
        for number, was_sent in turn.ending:
            if self.running:
                worker, got = self.running.pop(number % len(self.running))
                self.stores[worker].settle(got, AS_TAKEN if was_sent else NOT_SENT)
        self.now += turn.seconds

    async def written(self) -> None:
        """What has ended is in the file, for both to see."""
        for store in self.stores:
            await asyncio.gather(*[decided(store, claims_on("t:0", quota=10**9))])

    async def ask(self, turn: Turn, *, together: bool) -> list[Outcome]:
        store = self.stores[turn.worker]
        told: list[Outcome | BaseException] = []
        for some in [turn.asking] if together else [[kind] for kind in turn.asking]:
            asking = [asyncio.ensure_future(decided(store, KINDS[kind])) for kind in some]
            told += await asyncio.gather(*asking, return_exceptions=True)
        outcomes = [one for one in told if isinstance(one, Reservation | LimitExceeded)]
        assert len(outcomes) == len(turn.asking)
        for one in outcomes:
            if isinstance(one, Reservation):
                self.running.append((turn.worker, one))
        return [*outcomes]

    def counted(self) -> tuple[list[object], list[object]]:
        connection = self.stores[0]._connection
        assert connection is not None
        counters = connection.execute("SELECT key, epoch, used, spent FROM counter ORDER BY key")
        slots = connection.execute("SELECT key, sum(held) FROM slot GROUP BY key ORDER BY key")
        rounded = [(*row[:3], round(row[3], 6)) for row in counters.fetchall()]
        return [row for row in rounded if row[0] != "t:0"], slots.fetchall()

    async def close(self) -> None:
        for store in self.stores:
            await store.close()


def said(outcome: Outcome) -> tuple[object, ...]:
    """All that a client can tell of an outcome."""
    assert isinstance(outcome, Reservation | LimitExceeded)
    left = outcome.remaining
    numbers = None if left is None else (left.limit, left.remaining, round(left.reset, 6))
    if isinstance(outcome, Reservation):
        return outcome.claims, outcome.lease is not None, numbers
    wait = outcome.retry_after
    return outcome.claim, None if wait is None else round(wait, 6), numbers


async def _compare(directory: Path, turns: list[Turn]) -> None:
    together, alone = [Service(directory / name) for name in ("together.db", "alone.db")]
    for service in (together, alone):
        for store in service.stores:
            await store.open()
    try:
        for turn in turns:
            told = []
            for service, at_once in ((together, True), (alone, False)):
                service.end(turn)
                await service.written()
                told.append([said(one) for one in await service.ask(turn, together=at_once)])
            assert told[0] == told[1]
            assert together.counted() == alone.counted()
    finally:
        for service in (together, alone):
            await service.close()


@settings(max_examples=20, deadline=None, derandomize=True)
@given(turns=TURNS)
def test_requests_of_a_turn_are_decided_as_if_each_had_come_alone(
    tmp_path_factory: pytest.TempPathFactory, turns: list[Turn]
) -> None:
    asyncio.run(_compare(tmp_path_factory.mktemp("limits"), turns))


async def test_neighbours_that_claim_the_same_are_one_run(tmp_path: Path) -> None:
    store = SqliteLimits(tmp_path / "limits.db", "w")
    await store.open()
    day, other = allowance(10), allowance(11)
    first, second = KINDS[0], KINDS[1]
    asked = [
        store.decide(claims, budgets)
        for claims, budgets in [
            (first, ()), (first, ()), (second, ()), (first, ()), (first, (BudgetClaim(day, 1),)),
            (first, (BudgetClaim(day, 2),)), (first, (BudgetClaim(other, 2),)), (first, ()),
            (first, ()),
        ]
    ]  # fmt: skip
    gone = asked.pop()
    gone.cancel()
    a, b, c, d, e, f, g, h = asked
    assert runs([*asked, gone]) == [[a, b], [c], [d], [e, f], [g], [h]]
    await store.close()


#: Budgets of the token and its project: one ends with its window, one is a bucket, one refuses
#: nothing, and one is of another token of the project.
DAY, MINUTE = allowance(60), allowance(40, "minute", unit="tokens")
SOFT = allowance(50, "month", hard=False)
SHARED = allowance(90, subject="p:1")
HELD: Final[Sequence[tuple[tuple[Claim, ...], Sequence[Allowance]]]] = (
    ((), (DAY, MINUTE, SHARED)),
    (claims_on("t:1", quota=12, max_parallel=6), (DAY, MINUTE, SOFT, SHARED)),
    (claims_on("t:2", quota=30), (allowance(70, subject="t:2"), SHARED)),
    # The budget was lowered meanwhile.
    ((), (DAY._replace(amount=45), SHARED)),
)
CHARGES: Final = st.one_of(
    st.builds(Charge, st.just("used"), st.integers(0, 30), st.integers(0, 30)),
    st.builds(Charge, st.sampled_from(["held", "none"])),
    st.none(),
)
BUDGET_TURNS: Final = st.lists(
    st.tuples(
        st.lists(
            st.tuples(
                st.integers(0, len(HELD) - 1),
                st.lists(st.integers(0, 25), min_size=1, max_size=6),
            ),
            max_size=4,
        ),
        st.lists(st.tuples(st.integers(0, 30), CHARGES), max_size=6),
        st.sampled_from([0.0, 0.5, 7.25, -3.0, 61.0]),
    ),
    min_size=1,
    max_size=6,
)
BudgetTurn = tuple[list[tuple[int, list[int]]], list[tuple[int, Charge | None]], float]


class BudgetService:
    """One worker, whose clock is turned."""

    def __init__(self, path: Path) -> None:
        self.now = 1_700_000_000.0
        self.store = SqliteLimits(path, "w", clock=lambda: self.now)
        self.running: list[Reservation] = []
        self._number = 0

    async def take(self, turn: BudgetTurn, *, together: bool) -> list[tuple[object, ...]]:
        asking, ending, seconds = turn
        for number, charge in ending:
            if self.running:
                got = self.running.pop(number % len(self.running))
                self.store.settle(got, AS_TAKEN if charge else NOT_SENT, charge or Charge("none"))
        if not asking:
            # Else with the next decision.
            self.store._linger_no_more()
            await asyncio.sleep(0)
        self.now += seconds
        wanted = []
        for kind, holds in asking:
            claims, allowances = HELD[kind]
            for hold in holds:
                self._number += 1
                held = tuple(BudgetClaim(of, hold + place) for place, of in enumerate(allowances))
                wanted.append((claims, held, f"r{self._number}"))
        told: list[Reservation | BaseException] = []
        for some in [wanted] if together else [[one] for one in wanted]:
            tasks = [asyncio.ensure_future(decided(self.store, *one)) for one in some]
            told += await asyncio.gather(*tasks, return_exceptions=True)
        self.running += [one for one in told if isinstance(one, Reservation)]
        return [self._said(one) for one in told]

    def _said(self, one: Reservation | BaseException) -> tuple[object, ...]:
        if isinstance(one, BudgetExceeded):
            return one.claim, one.why, one.spent, one.held, one.retry_after, one.resets_at_us
        assert isinstance(one, Reservation | LimitExceeded)
        more = (one.left, one.request_id, one.budgets) if isinstance(one, Reservation) else ()
        return (*said(one), *more)

    def counted(self) -> tuple[list[object], ...]:
        connection = self.store._connection
        assert connection is not None
        return tuple(
            connection.execute(query).fetchall()
            for query in (
                "SELECT id, key, start, spent, held, at, amount FROM budget ORDER BY id",
                "SELECT request, at, final, budgets FROM budget_hold ORDER BY request",
                "SELECT key, epoch, used FROM counter ORDER BY key",
            )
        )


async def _compare_budgets(directory: Path, turns: list[BudgetTurn]) -> None:
    together, alone = [BudgetService(directory / name) for name in ("together.db", "alone.db")]
    try:
        for service in (together, alone):
            await service.store.open()
        for turn in turns:
            assert await together.take(turn, together=True) == await alone.take(
                turn, together=False
            )
            assert together.counted() == alone.counted()
    finally:
        for service in (together, alone):
            await service.store.close()


@pytest.fixture(scope="module")
def no_time_goes_by() -> Iterator[None]:
    """What ended lingers until the test says otherwise, and for both alike."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("proxy.limits.sqlite._LINGER_S", 3600.0)
        yield


@pytest.mark.usefixtures("no_time_goes_by")
@settings(max_examples=25, deadline=None, derandomize=True)
@given(turns=BUDGET_TURNS)
def test_budgets_of_a_turn_are_held_as_if_each_request_had_come_alone(
    tmp_path_factory: pytest.TempPathFactory, turns: list[BudgetTurn]
) -> None:
    asyncio.run(_compare_budgets(tmp_path_factory.mktemp("limits"), turns))
