"""Holds of workers that died are charged, once, and an entry that comes later stands."""

import asyncio

import pytest

from models.db.conditions import execute
from proxy.limits.budgets import BudgetClaim
from proxy.limits.postgres import PostgresLimits
from proxy.limits.sqlite import SqliteLimits
from tests.proxy.limits.machine import Machine, allowance, decide, entry_of, machine

__all__ = ["machine"]


def die(store: SqliteLimits | PostgresLimits) -> None:
    """As the kernel has it: the lock is free, and what was not told stays untold."""
    store._locks.unregister()


async def test_a_dead_workers_holds_are_charged_once_its_journal_is_drained(
    machine: Machine,
) -> None:
    day = allowance(10_000)
    dying, living = await machine.worker(), await machine.worker()
    ended, unheard = [await decide(dying, BudgetClaim(day, 2000)) for _ in range(2)]
    await decide(living, BudgetClaim(day, 3000))
    entry = entry_of(ended)
    start, end = machine.write(entry)
    die(dying)
    sweepers = [machine.unheard(), machine.unheard()]
    for _ in range(2):
        for sweeper in sweepers:
            await sweeper.sweep()
    assert await machine.sums(day) == (0, 7000)
    for sink in machine.sinks:
        await sink.deliver("j", start, end, [entry])
    # What is written from now on is not of the dead.
    machine.write(entry_of(), journal="k")
    for sweeper in sweepers:
        await sweeper.sweep()
    assert await machine.sums(day) == (1500 + 2000, 3000)
    dump = await machine.records.dump_budgets()
    assert [hold.request for hold in dump.holds] != [unheard.request_id]
    assert len(dump.holds) == 1


async def test_a_journal_that_does_not_come_is_not_waited_for_for_ever(machine: Machine) -> None:
    day = allowance(10_000)
    dying = await machine.worker()
    got = await decide(dying, BudgetClaim(day, 2000))
    entry = entry_of(got)
    start, end = machine.write(entry)
    die(dying)
    await machine.unheard().sweep()
    assert await machine.sums(day) == (0, 2000)
    if machine.charges is None:
        # Of another machine, and silent for long.
        await execute("UPDATE limit_holder SET home = 'elsewhere', beat = beat - 899")
        await machine.unheard().sweep()
        assert await machine.sums(day) == (0, 2000)
        await execute("UPDATE limit_holder SET beat = beat - 2")
    else:
        await machine.unheard(seconds=890).sweep()
        assert await machine.sums(day) == (0, 2000)
    for _ in range(2):
        await machine.unheard(seconds=902).sweep()
        assert await machine.sums(day) == (2000, 0)
    for sink in machine.sinks:
        await sink.deliver("j", start, end, [entry])
    assert await machine.sums(day) == (1500, 0)


async def test_what_came_with_a_backup_ends_as_a_dead_workers(machine: Machine) -> None:
    day = allowance(10_000)
    store = await machine.worker()
    await decide(store, BudgetClaim(day, 2000))
    dump = await machine.records.dump_budgets()
    await store.close()
    await machine.records.load_budgets(dump)
    if machine.charges is None:
        await machine.unheard().sweep()
        await execute("UPDATE limit_holder SET beat = beat - 1000")
    await machine.unheard().sweep()
    assert await machine.sums(day) == (2000, 0)


async def test_a_sweep_that_fails_is_followed_by_others(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it fails for."""
    monkeypatch.setattr("proxy.limits.unheard._EVERY_S", 0.0)
    sweeper = machine.unheard()
    swept = asyncio.Event()
    failures = iter([OSError("no file"), RuntimeError("no loop")])

    async def sweep() -> None:
        if (failure := next(failures, None)) is not None:
            raise failure
        swept.set()

    monkeypatch.setattr(sweeper, "sweep", sweep)
    sweeper.open()
    await swept.wait()
    await sweeper.close()


async def test_old_windows_are_removed(machine: Machine) -> None:
    store = await machine.worker()
    day, total = allowance(10_000), allowance(10_000, "total")
    await decide(store, BudgetClaim(day, 0), BudgetClaim(total, 0))
    holders = machine.unheard()._holders
    await holders.clean(days=0)
    assert len((await machine.records.dump_budgets()).counters) == 2
    await holders.clean(days=-2)
    (left,) = (await machine.records.dump_budgets()).counters
    assert left.key == total.key
