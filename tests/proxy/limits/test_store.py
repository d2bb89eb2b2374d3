"""What both limits engines promise."""

import asyncio
import gc
import random
import weakref
from typing import Literal

import pytest

from proxy.driving import Driven
from proxy.limits.store import (
    NOT_SENT,
    Claim,
    LimitExceeded,
    LimitStore,
    Outcome,
    Reservation,
    claims_on,
)
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


async def refusal(store: LimitStore, *claims: tuple[Claim, ...]) -> LimitExceeded:
    with pytest.raises(LimitExceeded) as caught:
        await store.decide(sum(claims, ()))
    return caught.value


async def taken(store: LimitStore, *claims: tuple[Claim, ...]) -> Reservation | None:
    try:
        return await store.decide(sum(claims, ()))
    except LimitExceeded:
        return None


def total(store: LimitStore, claims: tuple[Claim, ...], attempts: int) -> asyncio.Task[int]:
    return asyncio.create_task(admitted(store, claims, attempts))


async def test_fifty_tasks_on_two_workers_get_exactly_the_quota(stores: Stores) -> None:
    workers = [await stores.worker(), await stores.worker()]
    claims = (
        *claims_on("t:1", quota=300),
        *claims_on("p:1", requests_per_minute=10**6, max_parallel=60),
    )
    counts = await asyncio.gather(*(total(workers[n % 2], claims, 12) for n in range(50)))
    assert sum(counts) == 300


async def test_four_processes_get_exactly_the_quota(stores: Stores) -> None:
    wanted = claims_on("t:1", quota=500) + claims_on(
        "p:1", requests_per_minute=10**6, max_parallel=100
    )
    claims = [list(claim) for claim in wanted]
    processes = [stores.process(claims, 250) for _ in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    results = await asyncio.gather(*(asyncio.to_thread(each.communicate) for each in processes))
    assert sum(int(output) for output, _ in results) == 500


@pytest.mark.parametrize("seed", range(3))
async def test_limits_that_change_under_load_never_admit_one_too_many(
    stores: Stores, seed: int
) -> None:
    chance = random.Random(seed)
    workers = [await stores.worker(), await stores.worker()]
    running = count = 0

    async def client(store: LimitStore) -> None:
        nonlocal running, count
        for _ in range(20):
            quota, parallel = chance.randint(0, 60), chance.randint(1, 4)
            got = await taken(store, claims_on("t:1", quota=quota, max_parallel=parallel))
            if got is None:
                continue
            running += 1
            count += 1
            assert running <= 4
            await asyncio.sleep(0)
            running -= 1
            if chance.random() < 0.3:
                count -= 1
                store.settle(got, NOT_SENT)
            else:
                store.settle(got)

    await asyncio.gather(*(client(workers[n % 2]) for n in range(10)))
    assert count <= 60
    await eventually(
        lambda: left(workers[0], claims_on("t:1", quota=1000, max_parallel=1), 999 - count)
    )


async def left(store: LimitStore, claim: tuple[Claim, ...], expected: int) -> bool:
    """Whether a request may run and leaves `expected` of its quota; it is refunded."""
    got = await taken(store, claim)
    if got is None:
        return False
    store.settle(got, NOT_SENT)
    return got.remaining is not None and got.remaining.remaining == expected


async def test_claims_are_taken_together_or_not_at_all(stores: Stores) -> None:
    store = await stores.worker()
    token = claims_on("t:1", quota=10, requests_per_minute=10, max_parallel=5)
    for refusing in (
        claims_on("p:1", quota=0),
        claims_on("p:1", requests_per_minute=0),
        claims_on("p:1", max_parallel=0),
    ):
        assert (await refusal(store, token, refusing)).claim.key == "p:1"
        assert (await refusal(store, refusing, token)).claim.key == "p:1"
    got = await store.decide(token + claims_on("p:1", max_parallel=1))
    assert got.remaining is not None
    assert (got.remaining.limit, got.remaining.remaining) == (10, 9)
    assert await left(store, claims_on("t:1", quota=10), 8)


async def test_a_refused_quota_names_itself_and_no_wait(stores: Stores) -> None:
    store = await stores.worker()
    await store.decide(claims_on("t:1", quota=1))
    refused = await refusal(store, claims_on("t:1", quota=1))
    assert (refused.claim.dimension, refused.claim.key, refused.retry_after) == (
        "requests",
        "t:1",
        None,
    )
    assert refused.remaining == (1, 0, 0.0)


@pytest.mark.parametrize("by", ["calls", "a task"])
async def test_a_refused_request_is_nothing_for_the_garbage_collector(
    stores: Stores, by: Literal["calls", "a task"]
) -> None:
    """Its frames hold a client's body, and who is refused may ask without an end."""
    store = await stores.worker()
    claims = claims_on("t:1", quota=1)
    await store.decide(claims)
    left: list[weakref.ref[LimitExceeded]] = []

    async def request() -> None:
        try:
            await store.decide(claims)
        except LimitExceeded as exc:
            left.append(weakref.ref(exc))

    async def gone() -> bool:
        return len(left) == 2 and all(one() is None for one in left)

    gc.disable()
    try:
        for _ in range(2):
            if by == "calls":
                Driven().drive(request())
            else:
                await asyncio.create_task(request())
        await eventually(gone)
    finally:
        gc.enable()


async def test_a_quota_is_told_before_a_rate_and_a_rate_before_a_slot(stores: Stores) -> None:
    store = await stores.worker()
    quota = claims_on("q", quota=0)
    rate = claims_on("r", requests_per_minute=1)
    slot = claims_on("s", max_parallel=1)
    await store.decide(rate + slot)
    assert (await refusal(store, slot, rate, quota)).claim.dimension == "requests"
    assert (await refusal(store, slot, rate)).claim.dimension == "rate"
    refused = await refusal(store, slot)
    assert (refused.claim.dimension, refused.claim.key) == ("slots", "s")
    assert refused.retry_after == pytest.approx(1)
    assert refused.remaining[:2] == (1, 0)


async def test_the_longest_wait_is_told(stores: Stores) -> None:
    store = await stores.worker()
    fast, slow = claims_on("t:1", requests_per_minute=2), claims_on("p:1", requests_per_minute=1)
    await store.decide(fast + slow)
    await store.decide(fast)
    for claims in ((fast, slow), (slow, fast)):
        refused = await refusal(store, *claims)
        assert refused.claim.key == "p:1"
        assert refused.retry_after == pytest.approx(60)


async def test_a_rate_admits_its_burst_and_then_refills(stores: Stores) -> None:
    store = await stores.worker()
    rate = claims_on("t:1", requests_per_minute=3)
    remaining = [(await store.decide(rate)).remaining for _ in range(3)]
    assert [each and each[:2] for each in remaining] == [(3, 2), (3, 1), (3, 0)]
    assert remaining[2] is not None
    assert remaining[2].reset == pytest.approx(60)
    refused = await refusal(store, rate)
    assert refused.claim.dimension == "rate"
    assert refused.retry_after is not None
    assert refused.retry_after == pytest.approx(20)
    # Exactly as long as it was told is long enough.
    await stores.turn_clock(refused.retry_after)
    await store.decide(rate)
    await refusal(store, rate)
    await stores.turn_clock(3600)
    assert await admitted(store, rate, 10) == 3


async def test_a_raised_rate_counts_what_was_spent(stores: Stores) -> None:
    store = await stores.worker()
    assert await admitted(store, claims_on("t:1", requests_per_minute=2), 5) == 2
    assert await admitted(store, claims_on("t:1", requests_per_minute=5), 9) == 3


async def test_a_lowered_rate_lets_in_again_within_its_minute(stores: Stores) -> None:
    store = await stores.worker()
    assert await admitted(store, claims_on("t:1", requests_per_minute=100), 100) == 100
    slow = claims_on("t:1", requests_per_minute=1)
    await refusal(store, slow)
    await stores.turn_clock(60)
    await store.decide(slow)


async def test_a_clock_set_back_does_not_stop_a_bucket(stores: Stores) -> None:
    store = await stores.worker()
    rate = claims_on("t:1", requests_per_minute=1)
    await store.decide(rate)
    await stores.turn_clock(-3600)
    await refusal(store, rate)
    await stores.turn_clock(60)
    await store.decide(rate)


async def test_a_rate_of_nothing_never_admits(stores: Stores) -> None:
    refused = await refusal(await stores.worker(), claims_on("t:1", requests_per_minute=0))
    assert (refused.claim.dimension, refused.retry_after) == ("rate", None)


async def test_the_tightest_rate_is_told_or_else_the_quota(stores: Stores) -> None:
    store = await stores.worker()
    wide, tight = (
        claims_on("t:1", quota=5, requests_per_minute=100),
        claims_on("p:1", requests_per_minute=50),
    )
    quota, slot = claims_on("t:2", quota=5), claims_on("p:2", max_parallel=9)
    told = [await store.decide(each) for each in (wide + tight, tight + wide, quota + slot)]
    assert [each.remaining and each.remaining[:2] for each in told] == [(50, 49), (50, 48), (5, 4)]
    assert told[2].remaining is not None
    assert told[2].remaining.reset == 0
    assert (await store.decide(slot)).remaining is None


async def test_a_released_slot_is_free_for_any_worker(stores: Stores) -> None:
    one, other = await stores.worker(), await stores.worker()
    slots = (*claims_on("t:1", max_parallel=2), *claims_on("p:1", max_parallel=2))
    held = [await one.decide(slots), await other.decide(slots)]
    assert (await refusal(one, slots)).claim.key in ("t:1", "p:1")
    one.settle(held[0])
    await eventually(lambda: _is_free(other, slots))
    other.settle(held[1])
    # A lowered limit counts those that are running.
    await eventually(lambda: _is_free(one, claims_on("t:1", max_parallel=1)))


async def _is_free(store: LimitStore, *claims: tuple[Claim, ...]) -> bool:
    got = await taken(store, *claims)
    if got is not None:
        store.settle(got)
    return got is not None


async def test_a_slot_is_released_once(stores: Stores) -> None:
    store = await stores.worker()
    slot = claims_on("t:1", max_parallel=2)
    first, _ = await store.decide(slot), await store.decide(slot)
    store.settle(first)
    store.settle(first)

    async def is_taken_again() -> bool:
        return (await taken(store, slot)) is not None

    await eventually(is_taken_again)
    await refusal(store, slot)


async def test_what_was_not_sent_refunds_quota_and_slot_and_not_the_rate(stores: Stores) -> None:
    store = await stores.worker()
    claim = claims_on("t:1", quota=1, requests_per_minute=2, max_parallel=1)
    store.settle(await store.decide(claim), NOT_SENT)

    async def is_back() -> bool:
        return (await taken(store, claim)) is not None

    await eventually(is_back)
    assert (await refusal(store, claims_on("t:1", requests_per_minute=2))).claim.dimension == "rate"
    assert (await refusal(store, claim)).claim.dimension == "requests"


async def test_a_quota_begins_at_its_base_and_may_change(stores: Stores) -> None:
    store = await stores.worker()
    assert await admitted(store, claims_on("t:1", quota=12, quota_base=10), 5) == 2
    assert await admitted(store, claims_on("t:1", quota=15, quota_base=10), 5) == 3
    assert await admitted(store, claims_on("t:1", quota=3, quota_base=0), 5) == 0


async def test_a_quota_set_anew_counts_from_its_base_and_leaves_the_rest(stores: Stores) -> None:
    store = await stores.worker()
    old = claims_on("t:1", quota=5, requests_per_minute=5, max_parallel=2)
    held = await store.decide(old)
    await store.decide(old)
    new = claims_on("t:1", quota=30, quota_base=20, quota_epoch=1)
    got = await store.decide(new)
    assert got.remaining == (30, 9, 0.0)
    # What the old quota was owed is no business of the new one's.
    store.settle(held, NOT_SENT)
    await eventually(lambda: _is_free(store, claims_on("t:1", max_parallel=2)))
    assert await left(store, new, 8)
    # Neither does a worker that has not heard of it begin anew.
    await refusal(store, claims_on("t:1", quota=20))
    told = (await store.decide(claims_on("t:1", requests_per_minute=5))).remaining
    assert told is not None
    assert told.remaining == 2


async def test_slots_of_a_killed_process_are_free(stores: Stores) -> None:
    slot = claims_on("t:1", max_parallel=3)
    process = stores.process([list(claim) for claim in slot], 3, hold=True)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    assert await asyncio.to_thread(process.stdout.readline) == "3\n"
    survivor = await stores.worker()
    await refusal(survivor, slot)
    process.kill()
    process.wait()
    # On PostgreSQL the next heartbeat of the machine's workers says so, such as the replacement's.
    replacement = await stores.worker()
    await eventually(lambda: _is_free(survivor, slot))
    # What the look has taken goes back in the background.
    for _ in range(3):
        await eventually(lambda: _is_taken(replacement, slot))
    await refusal(replacement, slot)


async def _is_taken(store: LimitStore, *claims: tuple[Claim, ...]) -> bool:
    return await taken(store, *claims) is not None


async def test_closing_finishes_what_was_left_under_way(stores: Stores) -> None:
    claim = claims_on("t:1", quota=5, max_parallel=1)
    store = await stores.worker()
    store.settle(await store.decide(claim), NOT_SENT)
    await store.close()
    other = await stores.worker()
    got = await other.decide(claim)
    assert got.remaining == (5, 4, 0.0)


# Driven by plain calls, or in tasks.


async def driven(store: LimitStore, claims: tuple[Claim, ...]) -> Outcome:
    """What a store says to a request that has no task, as far as its engine needs none."""
    answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    async def request() -> None:
        answer.set_result(await in_a_task(store, claims))

    Driven().drive(request())
    assert not answer.done()
    return await answer


async def in_a_task(store: LimitStore, claims: tuple[Claim, ...]) -> Outcome:
    try:
        return await store.decide(claims)
    except LimitExceeded as exc:
        return exc


async def test_however_they_ask_workers_get_exactly_the_quota(stores: Stores) -> None:
    workers = [await stores.worker(), await stores.worker()]
    claims = (*claims_on("t:1", quota=40, requests_per_minute=10**6), *claims_on("p:1", quota=99))
    outcomes: list[Outcome] = []
    for number in range(20):
        one, other = workers[number % 2], workers[number // 2 % 2]
        outcomes += await asyncio.gather(driven(one, claims), in_a_task(other, claims))
        outcomes.append(await driven(one, claims))
    assert sum(isinstance(each, Reservation) for each in outcomes) == 40
    refused = [each for each in outcomes if isinstance(each, LimitExceeded)]
    assert {each.claim.key for each in refused} == {"t:1"}
    assert len(refused) == 20
