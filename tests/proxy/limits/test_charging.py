"""A hold ends in the step in which its charge begins, once, on both engines."""

import asyncio
import time
from uuid import UUID

import pytest

from models.ids import new_request_id
from proxy.limits.budgets import SUM_MAX, BudgetClaim, BudgetExceeded, Charge
from proxy.limits.matching import match_text
from proxy.limits.records import BudgetCounter
from tests.proxy.limits.machine import (
    OF_PROJECT,
    Machine,
    alerts,
    allowance,
    decide,
    entry_of,
    machine,
)

__all__ = ["machine"]

_DAY_US = 86_400_000_000


async def told(machine: Machine, store: object) -> None:
    """What a worker had to tell is written."""
    await store.close()  # type: ignore[attr-defined]


async def test_an_entry_charges_what_it_used_in_place_of_its_hold(machine: Machine) -> None:
    store = await machine.worker()
    day, tokens = allowance(10_000), allowance(500, "total", unit="tokens", subject=OF_PROJECT)
    got = await decide(store, BudgetClaim(day, 6000), BudgetClaim(tokens, 400))
    assert await machine.sums(day) == (0, 6000)
    assert await machine.sums(tokens) == (0, 400)
    await machine.deliver(entry_of(got))
    assert await machine.sums(day) == (1500, 0)
    assert await machine.sums(tokens) == (15, 0)


@pytest.mark.parametrize("first", ["told", "charged"])
async def test_what_the_worker_tells_is_charged_once(machine: Machine, first: str) -> None:
    """Whichever of the two comes first."""
    store = await machine.worker()
    day = allowance(10_000)
    got = await decide(store, BudgetClaim(day, 6000))
    if first == "charged":
        await machine.deliver(entry_of(got))
    store.settle(got, charge=Charge("used", 1500, 15))
    await told(machine, store)
    assert await machine.sums(day) == (1500, 0)
    if first == "told":
        await machine.deliver(entry_of(got))
    assert await machine.sums(day) == (1500, 0)


async def test_counts_that_no_upstream_can_mean_are_charged_as_the_ledger_counts_them(
    machine: Machine,
) -> None:
    """Some hundred such answers would be more than a database can add up."""
    store = await machine.worker()
    tokens = allowance(500, "total", unit="tokens", hard=False)
    got = await decide(store, BudgetClaim(tokens, 1))
    await machine.deliver(entry_of(got, prompt_tokens=2**53 - 1, completion_tokens=2**53 - 1))
    assert await machine.sums(tokens) == (2 * 10**10, 0)


@pytest.mark.parametrize("period", ["total", "hour"])
@pytest.mark.parametrize("told_first", [True, False])
async def test_what_is_spent_grows_no_further_than_every_database_can_count(
    machine: Machine, period: str, *, told_first: bool
) -> None:
    """Else no request of anybody would be let in, whose decision is written beside it."""
    store = await machine.worker()
    of, now = allowance(10**9, period, hard=False), time.time_ns() // 1000
    counter = BudgetCounter(of.key, 0, None, SUM_MAX - 5, 0, now, of.amount, "", 0, "")
    await machine.records.add_budgets([counter])
    got = await decide(store, BudgetClaim(of, 1))
    entry = entry_of(got, cost_nanos=10**15)
    if told_first:
        store.settle(got, charge=Charge("used", 10**15, 0))
        await told(machine, store)
    await machine.deliver(entry)
    found, _ = await machine.sums(of)
    assert SUM_MAX - 10**9 <= found <= SUM_MAX


async def test_the_entry_is_the_truth_where_the_worker_told_something_else(
    machine: Machine,
) -> None:
    store = await machine.worker()
    day, minute = allowance(10_000), allowance(10_000, "minute", unit="tokens")
    got = await decide(store, BudgetClaim(day, 6000), BudgetClaim(minute, 5000))
    store.settle(got, charge=Charge("used", 100, 100))
    await told(machine, store)
    await machine.deliver(entry_of(got, prompt_tokens=4000, completion_tokens=0))
    assert await machine.sums(day) == (1500, 0)
    spent, held = await machine.sums(minute)
    assert 3000 < spent <= 4000
    assert held == 0


@pytest.mark.parametrize(
    ("charge", "expected"), [("used", 1500), ("held", 6000), ("none", 0), ("", 1500)]
)
async def test_an_entry_says_what_it_is_charged(
    machine: Machine, charge: str, expected: int
) -> None:
    """One of the release before says nothing."""
    store = await machine.worker()
    day = allowance(10_000)
    got = await decide(store, BudgetClaim(day, 6000))
    await machine.deliver(entry_of(got, charge=charge))
    assert await machine.sums(day) == (expected, 0)


async def test_a_range_that_is_delivered_again_charges_nothing(machine: Machine) -> None:
    store = await machine.worker()
    day = allowance(10_000)
    got = await decide(store, BudgetClaim(day, 6000))
    entries = [entry_of(got), entry_of()]
    await machine.deliver(*entries)
    for sink in machine.sinks:
        end = await sink.position("j")
        assert await sink.deliver("j", 0, end, entries) == end
    assert await machine.sums(day) == (3000, 0)


async def test_a_request_without_a_hold_is_charged_to_the_windows_of_its_time(
    machine: Machine,
) -> None:
    """The budget was added while it ran; and no window is made for the past."""
    store = await machine.worker()
    day, minute = allowance(10_000, subject=OF_PROJECT), allowance(99, "minute", unit="tokens")
    await decide(store, BudgetClaim(day, 0), BudgetClaim(minute, 0))
    yesterday = time.time_ns() // 1000 - _DAY_US
    await machine.deliver(
        entry_of(),
        entry_of(at_us=yesterday),
        entry_of(token_id=UUID(int=9), project_id=UUID(int=8)),
        entry_of(charge="held"),
    )
    assert await machine.sums(day) == (1500, 0)
    assert 10 <= (await machine.sums(minute))[0] <= 15


async def test_a_policys_budget_is_charged_what_it_is_about(machine: Machine) -> None:
    store = await machine.worker()
    match = match_text(["POST /v1/chat/*"], ["gpt-4*"])
    of_policy = allowance(10_000, match=match, policy="chat")
    await decide(store, BudgetClaim(of_policy, 0))
    await machine.deliver(
        entry_of(),
        entry_of(model="o3"),
        entry_of(endpoint="/v1/responses"),
        entry_of(method="GET"),
    )
    assert await machine.sums(of_policy) == (1500, 0)


async def test_a_budget_that_is_added_counts_what_was_used_in_its_window(machine: Machine) -> None:
    await machine.deliver(entry_of(), entry_of(model="o3", cost_nanos=20))
    store = await machine.worker()
    added = time.time_ns() // 1000
    day, total = allowance(10_000, since_us=added), allowance(10_000, "total", unit="tokens")
    of_policy = allowance(
        10_000, since_us=added, match=match_text(None, ["o3"]), policy="reasoning"
    )
    assert await machine.sums(day) == (1520, 0)
    got = await decide(
        store, BudgetClaim(day, 100), BudgetClaim(total, 5), BudgetClaim(of_policy, 7)
    )
    assert got.left == (10_000 - 1620, 10_000 - 35, 10_000 - 27)
    await machine.deliver(entry_of(got))
    assert await machine.sums(day) == (3020, 0)
    assert await machine.sums(total) == (45, 0)
    assert await machine.sums(of_policy) == (1520, 0)


@pytest.mark.parametrize("behind", ["database", "limits"])
async def test_a_budget_is_added_exactly_where_one_sink_is_behind(
    machine: Machine, behind: str
) -> None:
    """What only one of the two files has taken counts once all the same."""
    await machine.deliver(entry_of())
    ahead = [sink for sink in machine.sinks if sink.name != behind]
    if len(machine.sinks) == 1:
        ahead = machine.sinks
    late = [entry_of(), entry_of()]
    start = await machine.sinks[0].position("j")
    await machine.deliver(*late, sinks=ahead)
    store = await machine.worker()
    day = allowance(100_000, since_us=time.time_ns() // 1000)
    got = await decide(store, BudgetClaim(day, 100))
    for sink in machine.sinks:
        end = await ahead[0].position("j")
        await sink.deliver("j", start, end, late)
    await machine.deliver(entry_of(got))
    assert await machine.sums(day) == (6000, 0)


async def test_budgets_are_added_while_entries_are_delivered(machine: Machine) -> None:
    """No batch passes between reading the hours and making the window."""
    store = await machine.worker()
    entries = [entry_of() for _ in range(40)]

    async def journal(name: str, some: list[object]) -> None:
        for entry in some:
            await machine.deliver(entry, journal=name)  # type: ignore[arg-type]

    delivering = [asyncio.create_task(journal(f"j{n}", [*entries[n::4]])) for n in range(4)]
    days = []
    for n in range(4):
        await asyncio.sleep(0.01)
        days.append(allowance(10**9, since_us=time.time_ns() // 1000, policy=f"p{n}"))
        await decide(store, BudgetClaim(days[-1], 0))
    await asyncio.gather(*delivering)
    assert [await machine.sums(day) for day in days] == [(60_000, 0)] * 4


async def test_each_share_is_told_once(machine: Machine) -> None:
    store = await machine.worker()
    day, soft = allowance(3000), allowance(2000, subject=OF_PROJECT, hard=False)
    got = await decide(store, BudgetClaim(day, 1500), BudgetClaim(soft, 0))
    store.settle(got, charge=Charge("used", 1500, 15))
    await machine.deliver(entry_of(got))
    assert await alerts() == [(soft.key, 50), (day.key, 50)]
    for _ in range(2):
        await machine.deliver(entry_of())
    assert await alerts() == [
        (key, share) for key in (soft.key, day.key) for share in (50, 80, 100)
    ]


async def test_a_share_that_was_noted_is_told_by_the_next_worker(machine: Machine) -> None:
    """The one that noted it died before it told the database."""
    if machine.charges is None:
        return  # One transaction.
    store = await machine.worker()
    day = allowance(3000)
    await decide(store, BudgetClaim(day, 0))
    entry = entry_of()
    start, end = machine.write(entry)
    machine.charges.take("j", start, end, [entry])
    assert await alerts() == []
    await machine.sinks[1].deliver("j", start, end, [entry])
    await machine.sinks[1].deliver("j", start, end, [entry])
    assert await alerts() == [(day.key, 50)]
    assert machine.charges.due() == []


async def test_what_is_reset_has_spent_nothing_and_goes_on(machine: Machine) -> None:
    store = await machine.worker()
    day, minute = allowance(6000), allowance(600, "minute", unit="tokens")
    first = await decide(store, BudgetClaim(day, 5000), BudgetClaim(minute, 500))
    second = await decide(store, BudgetClaim(day, 900), BudgetClaim(minute, 50))
    await machine.deliver(entry_of(first, charge="held"))
    with pytest.raises(BudgetExceeded):
        await decide(store, BudgetClaim(day, 1000))
    await machine.records.reset_budgets([day.key, minute.key])
    assert await machine.sums(day) == (0, 900)
    assert await machine.sums(minute) == (0, 50)
    await decide(store, BudgetClaim(day, 1000), BudgetClaim(minute, 500))
    await machine.deliver(entry_of(second))
    assert await machine.sums(day) == (1500, 1000)


async def test_what_was_dumped_goes_on_where_it_stood(machine: Machine) -> None:
    store = await machine.worker()
    day = allowance(6000)
    first, running = [await decide(store, BudgetClaim(day, 2000)) for _ in range(2)]
    await machine.deliver(entry_of(first))
    dump = await machine.records.dump_budgets()
    await store.close()
    await machine.records.load_budgets(dump)
    assert await machine.records.dump_budgets() == dump
    assert await machine.sums(day) == (1500, 2000)
    for sink in machine.sinks:
        assert await sink.position("j") > 0
    await machine.deliver(entry_of(running, cost_nanos=7))
    assert await machine.sums(day) == (1507, 0)


async def test_a_hold_of_an_unheard_of_request_is_none(machine: Machine) -> None:
    await machine.deliver(entry_of(id=new_request_id()))
    assert await machine.sums(allowance(100)) == (0, 0)
