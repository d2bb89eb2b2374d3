"""What both limits engines promise of budgets: one decision with all else, and holds that end."""

import asyncio
import random
from typing import Any

import pytest

from models.ids import new_request_id
from proxy.limits.budgets import (
    Allowance,
    BudgetClaim,
    BudgetExceeded,
    Charge,
    Unit,
    budget_key,
)
from proxy.limits.store import (
    NOT_SENT,
    Claim,
    LimitExceeded,
    LimitStore,
    Reservation,
    claims_on,
)
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


def allowance(
    amount: int,
    period: str = "day",
    *,
    subject: str = "t:1",
    unit: Unit = "usd",
    hard: bool = True,
    zone: str = "UTC",
) -> Allowance:
    key = budget_key(subject, unit, period, zone)
    return Allowance(key, unit, amount, hard, period, zone, 0, (50, 80, 100))


async def decide(
    store: LimitStore, *claims: BudgetClaim, limits: tuple[Claim, ...] = ()
) -> Reservation:
    return await store.decide(limits, claims, new_request_id())


async def refusal(
    store: LimitStore, *claims: BudgetClaim, limits: tuple[Claim, ...] = ()
) -> BudgetExceeded:
    with pytest.raises(BudgetExceeded) as caught:
        await decide(store, *claims, limits=limits)
    return caught.value


def used(nanos: int = 0, tokens: int = 0) -> Charge:
    return Charge("used", nanos, tokens)


async def spent(store: LimitStore, of: Allowance) -> int:
    """What is spent and held, as a request sees it that holds nothing."""
    soft = of._replace(hard=False)
    got = await decide(store, BudgetClaim(soft, 0))
    store.settle(got, charge=Charge("none"))
    return of.amount - got.left[0]


async def is_spent(store: LimitStore, of: Allowance, amount: int) -> None:
    async def so() -> bool:
        return await spent(store, of) == amount

    await eventually(so)


async def test_a_hold_is_taken_until_the_request_ends_and_then_its_charge(stores: Stores) -> None:
    store = await stores.worker()
    day = allowance(1000)
    first = await decide(store, BudgetClaim(day, 600))
    assert first.left == (400,)
    held = await refusal(store, BudgetClaim(day, 401))
    assert (held.why, held.spent, held.held, held.retry_after) == ("held", 0, 600, 5.0)
    store.settle(first, charge=used(nanos=100))
    second = await decide(store, BudgetClaim(day, 900))
    assert second.left == (0,)
    store.settle(second, charge=Charge("held"))
    await is_spent(store, day, 1000)
    over = await refusal(store, BudgetClaim(day, 1))
    assert (over.why, over.spent, over.held, over.retry_after) == ("exceeded", 1000, 0, None)
    assert over.resets_at_us is not None


async def test_what_is_only_held_is_told_apart_from_what_is_spent(stores: Stores) -> None:
    """Exactly where `spent + hold <= amount < spent + held + hold`."""
    store = await stores.worker()
    day = allowance(1000)
    done = await decide(store, BudgetClaim(day, 300))
    store.settle(done, charge=Charge("held"))
    await is_spent(store, day, 300)
    await decide(store, BudgetClaim(day, 500))
    assert (await refusal(store, BudgetClaim(day, 201))).why == "held"
    assert (await refusal(store, BudgetClaim(day, 700))).why == "held"
    assert (await refusal(store, BudgetClaim(day, 701))).why == "exceeded"
    assert (await decide(store, BudgetClaim(day, 200))).left == (0,)


async def test_all_is_taken_or_nothing(stores: Stores) -> None:
    store = await stores.worker()
    day, tokens = allowance(1000), allowance(500, "minute", unit="tokens")
    total = allowance(100, "total", subject="p:1")
    limits = claims_on("t:1", quota=2, requests_per_minute=100, max_parallel=5)
    await refusal(
        store,
        BudgetClaim(day, 10),
        BudgetClaim(tokens, 20),
        BudgetClaim(total, 101),
        limits=limits,
    )
    with pytest.raises(LimitExceeded):
        await decide(
            store,
            BudgetClaim(day, 10),
            BudgetClaim(tokens, 20),
            limits=(*limits, *claims_on("p:1", max_parallel=0)),
        )
    got = await decide(
        store,
        BudgetClaim(day, 1000),
        BudgetClaim(tokens, 500),
        BudgetClaim(total, 100),
        limits=limits,
    )
    assert got.left == (0, 0, 0)
    assert got.remaining is not None
    assert got.remaining.remaining == 99


async def test_what_is_told_of_several_refusals(stores: Stores) -> None:
    store = await stores.worker()
    full, day = allowance(10), allowance(1000, subject="p:1")
    bucket, hour = allowance(100, "minute", unit="tokens"), allowance(100, "hour", unit="tokens")
    await decide(store, BudgetClaim(day, 1000), BudgetClaim(bucket, 100), BudgetClaim(hour, 100))
    no_quota, no_slot = claims_on("t:1", quota=0), claims_on("t:1", max_parallel=0)
    with pytest.raises(LimitExceeded):
        await decide(store, BudgetClaim(full, 11), limits=no_quota)
    held, waits, longer = BudgetClaim(day, 1), BudgetClaim(bucket, 1), BudgetClaim(hour, 1)
    many = (held, waits, longer, BudgetClaim(full, 11))
    assert (await refusal(store, *many, limits=no_slot)).why == "exceeded"
    too_large = BudgetClaim(bucket, 101)
    assert (await refusal(store, held, too_large, longer, limits=no_slot)).retry_after is None
    with pytest.raises(LimitExceeded):
        await decide(store, held, waits, limits=no_slot)
    assert (await refusal(store, waits, longer, held)).why == "held"
    assert (await refusal(store, waits, longer)).claim == longer


async def test_a_bucket_takes_holds_and_gets_back_what_they_did_not_use(stores: Stores) -> None:
    store = await stores.worker()
    minute = allowance(600, "minute", unit="tokens")
    first = await decide(store, BudgetClaim(minute, 600))
    waits = await refusal(store, BudgetClaim(minute, 1))
    assert (waits.why, waits.retry_after, waits.resets_at_us) == ("rate", 0.1, None)
    store.settle(first, charge=used(tokens=500))
    await is_spent(store, minute, 500)
    second = await refusal(store, BudgetClaim(minute, 200))
    assert second.retry_after == 10.0
    await stores.turn_clock(9.9)
    await refusal(store, BudgetClaim(minute, 200))
    await stores.turn_clock(0.1)
    assert (await decide(store, BudgetClaim(minute, 200))).left == (0,)
    never = await refusal(store, BudgetClaim(minute, 601))
    assert (never.why, never.retry_after) == ("rate", None)


async def test_a_charge_above_its_hold_is_charged_as_it_is(stores: Stores) -> None:
    store = await stores.worker()
    day, minute = allowance(1000), allowance(600, "minute", unit="tokens")
    got = await decide(store, BudgetClaim(day, 10), BudgetClaim(minute, 600))
    store.settle(got, charge=used(nanos=1500, tokens=900))
    await is_spent(store, day, 1500)
    await is_spent(store, minute, 900)
    await stores.turn_clock(31)
    assert (await decide(store, BudgetClaim(minute, 10))).left == (0,)


async def test_a_bucket_runs_back_in_small_steps_as_in_one(stores: Stores) -> None:
    """A unit takes longer than a step, which must not lose what it adds."""
    store = await stores.worker()
    hour = allowance(360, "hour", unit="tokens")
    store.settle(await decide(store, BudgetClaim(hour, 360)), charge=Charge("held"))
    for _ in range(30):
        await stores.turn_clock(1)
        await refusal(store, BudgetClaim(hour, 4))
        # Written, so that its time moves.
        await decide(store, BudgetClaim(hour._replace(hard=False), 0))
    assert await spent(store, hour) == 357


async def test_a_soft_budget_refuses_nothing_and_counts(stores: Stores) -> None:
    store = await stores.worker()
    day = allowance(100, hard=False)
    got = await decide(store, BudgetClaim(day, 500))
    assert got.left == (-400,)
    store.settle(got, charge=used(nanos=700))
    await is_spent(store, day, 700)


async def test_fifty_clients_of_two_workers_never_overspend_and_spend_nearly_all(
    stores: Stores,
) -> None:
    workers = [await stores.worker(), await stores.worker()]
    day = allowance(10_000)
    chance = random.Random(17)
    bills = 0

    async def client(store: LimitStore) -> None:
        nonlocal bills
        for _ in range(12):
            try:
                got = await decide(store, BudgetClaim(day, 100))
            except BudgetExceeded:
                continue
            await asyncio.sleep(0)
            bill = chance.randint(20, 100)
            bills += bill
            store.settle(got, charge=used(nanos=bill))

    await asyncio.gather(*(client(workers[n % 2]) for n in range(50)))
    assert bills <= 10_000
    for worker in workers:
        await is_spent(worker, day, bills)
    assert bills >= 9_500


async def test_a_request_that_left_gives_all_of_it_back(stores: Stores) -> None:
    store = await stores.worker()
    day = allowance(1000)
    await spent(store, day)
    leaving = asyncio.create_task(decide(store, BudgetClaim(day, 400)))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await is_spent(store, day, 0)


async def test_what_was_not_sent_is_charged_nothing(stores: Stores) -> None:
    store = await stores.worker()
    day = allowance(1000)
    got = await decide(store, BudgetClaim(day, 400), limits=claims_on("t:1", quota=5))
    store.settle(got, NOT_SENT, Charge("none"))
    await is_spent(store, day, 0)


async def test_a_changed_amount_keeps_what_was_spent(stores: Stores) -> None:
    store = await stores.worker()
    day = allowance(1000)
    store.settle(await decide(store, BudgetClaim(day, 900)), charge=Charge("held"))
    await is_spent(store, day, 900)
    assert (await refusal(store, BudgetClaim(day._replace(amount=800), 1))).spent == 900
    assert (await decide(store, BudgetClaim(day._replace(amount=2000), 1100))).left == (0,)


async def test_a_bucket_whose_amount_is_lowered_fills_within_its_time(stores: Stores) -> None:
    store = await stores.worker()
    minute = allowance(600_000, "minute", unit="tokens")
    store.settle(await decide(store, BudgetClaim(minute, 600_000)), charge=Charge("held"))
    lower = minute._replace(amount=600)
    assert (await refusal(store, BudgetClaim(lower, 600))).retry_after == 60.0


async def test_a_window_ends_and_a_hold_settles_into_its_own(stores: Stores) -> None:
    store, other = await stores.worker(), await stores.worker()
    day = allowance(1000, zone="Asia/Kolkata")
    before = await decide(store, BudgetClaim(day, 700))
    await stores.turn_clock(86_400)
    for each in (store, other):
        assert await spent(each, day) == 0
    store.settle(before, charge=used(nanos=650))
    today = await decide(other, BudgetClaim(day, 1000))
    assert today.left == (0,)
    await stores.turn_clock(-86_400)
    await is_spent(store, day, 650)
    await is_spent(other, day, 650)


@pytest.mark.parametrize("seed", range(3))
async def test_any_order_of_requests_keeps_the_sums_and_the_bounds(
    stores: Stores, seed: int
) -> None:
    """Amounts change meanwhile, and some requests leave."""
    chance = random.Random(seed)
    workers: list[Any] = [await stores.worker(), await stores.worker()]
    day, total = allowance(5000), allowance(8000, "total", subject="p:1", unit="tokens")
    bills = tokens = 0

    async def client(store: LimitStore) -> None:
        nonlocal bills, tokens
        for _ in range(10):
            claims = (
                BudgetClaim(day, chance.randint(0, 200)),
                BudgetClaim(total, chance.randint(0, 200)),
            )
            limits = claims_on("t:1", quota=150, max_parallel=chance.randint(3, 6))
            try:
                got = await decide(store, *claims, limits=limits)
            except (BudgetExceeded, LimitExceeded):
                continue
            await asyncio.sleep(0)
            charge = chance.choice([Charge("none"), Charge("held"), used(claims[0].hold // 2, 7)])
            bills += {"none": 0, "held": claims[0].hold}.get(charge.kind, charge.nanos)
            tokens += {"none": 0, "held": claims[1].hold}.get(charge.kind, charge.tokens)
            store.settle(got, charge=charge)

    await asyncio.gather(*(client(workers[n % 2]) for n in range(20)))
    assert bills <= 5000
    await is_spent(workers[0], day, bills)
    await is_spent(workers[1], total, tokens)
