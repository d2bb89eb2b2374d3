"""What an answer of `limit_decide` means for those who wait, and what is told next: no database."""

from __future__ import annotations

import asyncio
from typing import Any

from proxy.limits.batch import Account, Batch, CallsUnderWay
from proxy.limits.queue import Waiting
from proxy.limits.store import NOT_SENT, Claim, LimitExceeded, Reservation, claims_on

QUOTA = claims_on("t:1", quota=10)


def waiting(*wanted: tuple[Claim, ...]) -> list[Waiting]:
    loop = asyncio.get_running_loop()
    return [Waiting(claims, loop.create_future(), 0) for claims in wanted]


def answer(**changes: Any) -> dict[str, Any]:
    """Of one group about one counter, decided."""
    known = {"used": [0], "spent": [0.0], "busy": [0], "admitted": [1], "held": [None]}
    return known | {"done": [True]} | changes


async def test_who_left_takes_nothing_from_those_who_wait() -> None:
    account = Account()
    gone, here, last = those = waiting(*[(*QUOTA, *claims_on("t:1", max_parallel=9))] * 3)
    batch = Batch(1, those, [], account, CallsUnderWay())
    gone.outcome.cancel()
    batch.decided(answer(admitted=[2], held=[2]))
    assert isinstance(here.outcome.result(), Reservation)
    assert isinstance(last.outcome.result(), Reservation)
    assert account.count("t:1") == 2
    # All are told, and nothing is owed.
    assert account.synced


async def test_what_was_admitted_for_who_left_goes_back() -> None:
    account = Account()
    gone, here = those = waiting(*[(*QUOTA, *claims_on("t:1", max_parallel=9))] * 2)
    batch = Batch(1, those, [], account, CallsUnderWay())
    gone.outcome.cancel()
    batch.decided(answer(admitted=[2], held=[2]))
    assert isinstance(here.outcome.result(), Reservation)
    # One slot less than the database has, and one request of the quota.
    assert account.count("t:1") == 1
    assert account.pending(()) == ["t:1", "t:1"]
    _, refunds = account.begin(["t:1"], ["t:1"])
    assert refunds == {"t:1": {0: 1}}


async def test_each_who_is_refused_gets_an_error_of_its_own() -> None:
    """Raising writes into it."""
    those = waiting(*[claims_on("t:1", quota=1)] * 3)
    Batch(1, those, [], Account(), CallsUnderWay()).decided(answer())
    errors = [one.outcome.exception() for one in those[1:]]
    assert all(isinstance(error, LimitExceeded) for error in errors)
    assert errors[0] is not errors[1]


async def test_each_group_is_told_of_its_own_counters() -> None:
    both = (*claims_on("t:1", quota=10), *claims_on("p:1", quota=20))
    those = waiting(both, claims_on("t:2", quota=30))
    Batch(1, those, [], Account(), CallsUnderWay()).decided(
        answer(
            used=[1, 2, 3], spent=[0.0] * 3, busy=[0] * 3, admitted=[1, 1], held=[None] * 3,
            done=[True] * 3,
        )
    )  # fmt: skip
    told = [one.outcome.result().remaining for one in those]
    assert told == [(10, 8, 0.0), (30, 26, 0.0)]


async def test_refunds_of_a_call_that_was_not_carried_out_are_added_to_those_since() -> None:
    account, under_way = Account(), CallsUnderWay()
    account.refund(QUOTA, NOT_SENT)
    batch = Batch(1, [], account.pending(()), account, under_way)
    assert account.synced
    account.refund(QUOTA, NOT_SENT)
    batch.undone()
    _, refunds = account.begin([], ["t:1"])
    assert refunds == {"t:1": {0: 2}}


async def test_refunds_of_a_call_of_which_nobody_knows_are_not_repeated() -> None:
    """Twice would let one too many in."""
    account = Account()
    account.refund(QUOTA, NOT_SENT)
    Batch(1, [], account.pending(()), account, CallsUnderWay()).lost()
    assert account.begin([], ["t:1"])[1] == {}


async def test_what_a_counter_was_left_out_of_is_told_with_the_next_call() -> None:
    account, under_way = Account(), CallsUnderWay()
    lease = account.take(claims_on("t:1", max_parallel=2))
    assert lease is not None
    account.release(lease)
    account.refund(QUOTA, NOT_SENT)
    account.refund(claims_on("t:2", quota=5), NOT_SENT)
    batch = Batch(1, [], ["t:1", "t:2"], account, under_way)
    batch.decided({"used": [], "spent": [], "busy": [], "admitted": [],
                   "held": [None, None], "done": [False, True]})  # fmt: skip
    assert not account.is_told("t:1")
    assert account.is_told("t:2")
    _, refunds = account.begin(["t:1"], ["t:1", "t:2"])
    assert refunds == {"t:1": {0: 1}}


async def test_counters_of_calls_under_way_are_told_later_and_not_all_at_once() -> None:
    account = Account()
    for number in range(600):
        lease = account.take(claims_on(f"t:{number}", max_parallel=1))
        assert lease is not None
        account.release(lease)
    first = account.pending({f"t:{number}" for number in range(10)})
    assert len(first) == 500
    assert not {f"t:{number}" for number in range(10)} & set(first)
    account.begin(first, first)
    assert len(account.pending(())) == 100


async def test_a_worker_that_was_taken_for_dead_tells_what_it_holds_and_only_that() -> None:
    account = Account()
    held = account.take(claims_on("t:1", max_parallel=2))
    ended = account.take(claims_on("t:2", max_parallel=2))
    assert held is not None
    assert ended is not None
    account.release(ended)
    account.begin(["t:1", "t:2"], ["t:1", "t:2"])
    account.sync_all()
    assert account.pending(()) == ["t:1"]


async def test_a_count_that_differs_from_what_was_told_is_told_again() -> None:
    account = Account()
    lease = account.take(claims_on("t:1", max_parallel=2))
    account.held_reported("t:1", 1)
    assert account.synced
    account.held_reported("t:1", 2)
    assert account.pending(()) == ["t:1"]
    assert lease is not None


def test_a_third_call_about_a_counter_waits_and_so_does_one_behind_the_second() -> None:
    under_way = CallsUnderWay()
    under_way.begin(1, ["t:1"])
    assert "t:1" not in under_way
    assert under_way.unheard("t:1") == 1
    under_way.begin(2, ["t:1"])
    assert "t:1" in under_way
    # The second was heard first: what the first did is not known yet.
    under_way.end(2, ["t:1"])
    assert "t:1" in under_way
    assert under_way.unheard("t:1") == 1
    under_way.end(1, ["t:1"])
    assert "t:1" not in under_way
    assert under_way.unheard("t:1") == 0


def test_a_lease_is_released_once_and_a_refund_is_something_to_tell() -> None:
    account = Account()
    first = account.take(claims_on("t:1", max_parallel=2))
    account.take(claims_on("t:1", max_parallel=2))
    assert first is not None
    account.release(first)
    account.release(first)
    assert account.count("t:1") == 1
    account.begin(["t:1"], ["t:1"])
    assert account.synced
    account.refund(QUOTA, NOT_SENT)
    assert not account.synced


async def test_after_a_call_of_which_nobody_knows_the_next_one_says_so_until_one_is_heard() -> None:
    account, under_way = Account(), CallsUnderWay()
    numbers = iter(range(1, 9))

    def batch() -> Batch:
        slots = claims_on("t:1", max_parallel=2)
        return Batch(next(numbers), waiting(slots), [], account, under_way)

    def is_sure(call: Batch) -> bool:
        """What `limit_decide` is told: whether all calls before were heard of."""
        return call.arguments("w", 0)[3] is True

    first = batch()
    assert is_sure(first)
    first.lost()
    # The row may say anything: it is told without another request, too.
    assert account.pending(()) == ["t:1"]
    second = batch()
    assert not is_sure(second)
    second.undone()
    third = batch()
    assert not is_sure(third)
    third.decided(answer(held=[1]))
    assert is_sure(batch())
