"""Entries that a worker charges itself, with its next decisions: once, whoever comes first."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from config import Database
from models.db import database as connecting
from models.entry import Entry
from proxy.journal.budget_sink import charge_beside
from proxy.journal.consumer import JournalConsumer
from proxy.journal.writer import Journal
from proxy.limits.budgets import SUM_MAX, BudgetClaim, Charge, window_of
from proxy.limits.gate import Gate
from proxy.limits.records import BudgetCounter
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.store import Reservation, claims_on
from tests.proxy.limits.machine import OF_PROJECT, Machine, alerts, allowance, decide, entry_of

DAY = allowance(1_000_000)
# What has run in of it during a test is less than one.
BUCKET = allowance(300, "hour", subject=OF_PROJECT)
BOTH = BudgetClaim(DAY, 100), BudgetClaim(BUCKET, 100)


class Own:
    """A worker that charges what is written to its journal, beside the machine's sinks."""

    def __init__(self, machine: Machine, store: SqliteLimits) -> None:
        self.machine = machine
        self.store = store
        self.moves: list[tuple[str, int]] = []
        self._running: dict[str, Reservation] = {}
        store.moved = lambda *move: self.moves.append(move)

    async def request(self, *claims: BudgetClaim, **entry: Any) -> Entry:
        """One that was let in, and how it will end."""
        got = await decide(self.store, *(claims or BOTH))
        self._running[got.request_id] = got
        return entry_of(got, **{"cost_nanos": 30} | entry)

    def write(self, *entries: Entry) -> tuple[int, int]:
        """To the journal's file, of which the store is told; then they have ended."""
        start, end = self.machine.write(*entries)
        self.told(start, end, *entries)
        return start, end

    def told(self, start: int, end: int, *entries: Entry) -> None:
        self.store.written("j", start, end, entries)
        self.end(*entries)

    def end(self, *entries: Entry) -> None:
        for one in entries:
            if (got := self._running.pop(one.id, None)) is not None:
                charge = Charge(one.charge or "used", one.cost_nanos or 0, 0)
                self.store.settle(got, charge=charge)

    async def settled(self) -> None:
        """The next transaction is over."""
        await decide(self.store, BudgetClaim(allowance(1, subject="t:other"), 0))

    async def sink(self, start: int, end: int, *entries: Entry) -> int:
        """The sink is given them; where it is then."""
        return await self.machine.sinks[-1].deliver("j", start, end, entries)

    async def spent(self) -> int:
        spent, held = await self.machine.sums(DAY)
        assert held == 0
        return spent

    async def holds(self) -> list[bool]:
        dump = await self.machine.records.dump_budgets()
        # Without that of `settled`.
        return [hold.final for hold in dump.holds if len(hold.keys) > 1]


@pytest.fixture
async def own(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Own]:
    async with connecting.open_database(sqlite_database):
        machine = Machine(tmp_path, sqlite_database)
        store = await machine.worker()
        assert isinstance(store, SqliteLimits)
        yield Own(machine, store)
        await machine.close()


async def test_they_are_charged_with_the_next_decision_and_the_sink_is_moved_behind_them(
    own: Own,
) -> None:
    entries = [await own.request(), await own.request(cost_nanos=5)]
    entries += [await own.request(charge="held", cost_nanos=None)]
    start, end = own.write(*entries)
    await own.settled()
    assert (await own.spent(), await own.holds()) == (30 + 5 + 100, [])
    assert await own.machine.sums(BUCKET) == (135, 0)
    assert own.moves == [("j", end)]
    assert await own.sink(start, end, *entries) == end
    assert await own.spent() == 135


async def test_a_bucket_that_ran_empty_is_charged_in_the_order_of_the_entries(own: Own) -> None:
    """It has no debt to what it held of it, and so nothing of later requests is lost in one."""
    held, unseen = await own.request(cost_nanos=0), entry_of(cost_nanos=7)
    with closing(sqlite3.connect(own.machine.directory / "limits.db")) as file, file:
        file.execute("UPDATE budget SET spent = 50 WHERE key = ?", (BUCKET.key,))
    own.write(held, unseen)
    await own.settled()
    assert await own.machine.sums(BUCKET) == (7, 0)
    assert await own.spent() == 7


async def test_what_the_sink_has_charged_is_left(own: Own) -> None:
    first, second = await own.request(), await own.request()
    start, middle = own.machine.write(first)
    _, end = own.machine.write(second)
    await own.sink(start, middle, first)
    own.told(start, middle, first)
    own.told(middle, end, second)
    await own.settled()
    assert (await own.spent(), await own.holds(), own.moves) == (60, [], [("j", end)])


async def test_of_entries_of_which_the_sink_has_charged_a_part_it_charges_the_rest(
    own: Own,
) -> None:
    first, second = await own.request(), await own.request()
    start, middle = own.machine.write(first)
    _, end = own.machine.write(second)
    await own.sink(start, middle, first)
    own.told(start, end, first, second)
    await own.settled()
    assert (await own.spent(), own.moves) == (60, [])
    await own.sink(middle, end, second)
    assert (await own.spent(), await own.holds()) == (60, [])


async def test_behind_what_was_not_charged_they_are_told_and_wait(own: Own) -> None:
    """As where the disk refused an entry for a while."""
    missed, later, last = await own.request(), await own.request(), await own.request()
    start, middle = own.machine.write(missed)
    own.end(missed)
    own.write(later)
    await own.settled()
    assert await own.machine.sums(DAY) == (60, 100)
    assert (sorted(await own.holds()), own.moves) == ([False, True, True], [])
    await own.sink(start, middle, missed)
    _, end = own.write(last)
    await own.settled()
    assert (await own.spent(), await own.holds(), own.moves) == (90, [], [("j", end)])


async def test_a_share_that_they_reach_is_told_by_the_sink(own: Own) -> None:
    half = await own.request(BudgetClaim(DAY, 600_000), cost_nanos=500_000)
    start, end = own.write(half)
    await own.settled()
    assert own.moves == []
    assert (await own.spent(), await own.holds()) == (500_000, [])
    await own.sink(start, end, half)
    assert await alerts() == [(DAY.key, 50)]
    more = await own.request(BudgetClaim(DAY, 100), cost_nanos=10)
    _, end = own.write(more)
    await own.settled()
    assert (await own.spent(), own.moves) == (500_010, [("j", end)])


async def test_a_budget_that_was_added_meanwhile_is_charged_what_it_held_nothing_of(
    own: Own,
) -> None:
    late, bucket = allowance(10**6, "month"), allowance(100, "hour")
    other = allowance(10**6, "week", match='[["/v1/other"],null]', policy="other")
    entry, unseen = await own.request(), entry_of(cost_nanos=7)
    added = tuple(BudgetClaim(each, 0) for each in (late, bucket, other))
    await decide(own.store, *added)
    own.write(entry, unseen)
    await own.settled()
    assert await own.spent() == 37
    assert [(await own.machine.sums(each))[0] for each in (late, bucket, other)] == [37, 37, 0]


async def test_while_a_window_is_made_they_wait(own: Own) -> None:
    entry = await own.request()
    assert own.machine._gate is not None
    async with own.machine._gate.alone():
        own.write(entry)
        await own.settled()
        assert (await own.holds(), own.moves) == ([True], [])
    await own.settled()
    assert (await own.spent(), await own.holds()) == (30, [])


async def test_a_hold_that_is_not_as_it_was_written_is_the_sinks(own: Own) -> None:
    """Its worker was taken for dead, and it is charged what it held."""
    got = await decide(own.store, *BOTH)
    assert own.machine.charges is not None
    for worker, _ in await asyncio.to_thread(own.machine.charges.holders):
        await asyncio.to_thread(own.machine.charges.end_holds, worker, keep=True)
    entry = entry_of(got, cost_nanos=30)
    start, end = own.write(entry)
    own.store.settle(got, charge=Charge("used", 30, 0))
    await own.settled()
    assert (await own.spent(), own.moves) == (100, [])
    await own.sink(start, end, entry)
    assert (await own.spent(), await own.holds()) == (30, [])


async def test_of_a_transaction_that_fails_nothing_is_charged_and_then_once(own: Own) -> None:
    own.write(await own.request())
    impossible = claims_on("p:1", quota=2**70, quota_base=2**69)
    with pytest.raises(Exception, match="too large"):
        await own.store.decide(impossible)
    await own.settled()
    assert (await own.spent(), await own.holds(), len(own.moves)) == (30, [], 1)


async def test_what_is_spent_grows_no_further_than_the_file_can_count(own: Own) -> None:
    counter = BudgetCounter(DAY.key, *window_of("day", "UTC", entry_of().at_us), SUM_MAX, 0, 0,
                            DAY.amount, "", 0, "")  # fmt: skip
    await own.machine.records.add_budgets([counter])
    soft = DAY._replace(hard=False, alerts=())
    own.write(await own.request(BudgetClaim(soft, 1), cost_nanos=10**15))
    await own.settled()
    assert (await own.spent(), len(own.moves)) == (SUM_MAX, 1)


async def test_one_that_ran_for_long_is_the_sinks(own: Own) -> None:
    got = await decide(own.store, *BOTH)
    entry = entry_of(got, cost_nanos=30, at_us=entry_of().at_us - 2 * 3_600_000_000)
    own.store.settle(got, charge=Charge("used", 30, 0))
    own.write(entry)
    await own.settled()
    assert (await own.spent(), await own.holds(), own.moves) == (30, [True], [])


async def test_no_more_than_some_wait(own: Own) -> None:
    held = await own.request()
    own.machine.write(entry_of())
    first = own.write(held)[0]
    for _ in range(25):
        own.write(*[entry_of() for _ in range(100)])
    assert not own.store.takes("j", first)
    await own.settled()
    assert (await own.spent(), await own.holds()) == (30, [True])


async def test_the_consumer_gives_the_sink_nothing_that_was_charged(own: Own) -> None:
    journal = Journal(own.machine.directory / "own")
    consumer = JournalConsumer(journal, own.machine.sinks)
    charges = own.machine.charges
    assert charges is not None
    charge_beside(own.store, charges, journal, consumer)
    # What one has left that died before is told of with the first.
    journal.append(entry_of())
    assert await consumer.consume_once()
    given: list[int] = []
    deliver = own.machine.sinks[-1].deliver

    async def counted(journal_id: str, start: int, end: int, entries: Any) -> int:
        given.append(len(entries))
        return await deliver(journal_id, start, end, entries)

    own.machine.sinks[-1].deliver = counted  # type: ignore[method-assign]
    for _ in range(3):
        entry = await own.request()
        journal.append(entry)
        own.end(entry)
        assert await consumer.consume_once()
        await own.settled()
        assert await consumer.consume_once()
    assert (await own.spent(), await own.holds(), given) == (90, [], [])
    assert journal.pending == 0
    # At the end the sink is given whatever is left.
    journal.written = None
    consumer.takes_itself("limits", lambda *_: True)
    entry = await own.request()
    journal.append(entry)
    own.end(entry)
    await consumer.close(timeout=5)
    assert (await own.spent(), given) == (120, [1])
    assert not [*journal.directory.glob("*.journal")]


async def test_a_share_of_which_nobody_was_told_is_told_with_what_comes_next(own: Own) -> None:
    """Its worker died before it told; all that follows could be charged here."""
    charges = own.machine.charges
    assert charges is not None
    half = await own.request(BudgetClaim(DAY, 500_000), cost_nanos=500_000)
    more = await own.request()
    charges.take("j", *own.machine.write(half), [half])
    journal = Journal(own.machine.directory / "own")
    consumer = JournalConsumer(journal, own.machine.sinks)
    charge_beside(own.store, charges, journal, consumer)
    journal.append(more)
    assert await consumer.consume_once()
    assert await alerts() == [(DAY.key, 50)]
    assert (await own.spent(), journal.pending) == (500_030, 0)
    await consumer.close(timeout=5)


async def test_one_that_was_told_before_it_was_written_is_charged_once(own: Own) -> None:
    entry = await own.request()
    own.end(entry)
    await own.settled()
    await own.request()
    start, end = own.write(entry)
    await own.settled()
    assert (await own.machine.sums(DAY), own.moves) == ((30, 100), [])
    await own.sink(start, end, entry)
    assert await own.machine.sums(DAY) == (30, 100)


async def test_what_fails_in_charging_them_fails_no_decision(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> bool:
        raise OSError("no more files")

    monkeypatch.setattr(Gate, "enter", fails)
    entry = await own.request()
    start, end = own.write(entry)
    await own.settled()
    assert (await own.spent(), await own.holds(), own.moves) == (30, [True], [])
    await own.sink(start, end, entry)
    assert (await own.spent(), await own.holds()) == (30, [])


async def test_only_what_follows_is_charged_together(own: Own) -> None:
    first, missed, last = await own.request(), await own.request(), await own.request()
    _, end = own.write(first)
    gap = own.machine.write(missed)
    own.end(missed)
    after = own.write(last)
    await own.settled()
    assert own.moves == [("j", end)]
    await own.sink(*gap, missed)
    assert own.store.takes("j", after[0])
    # That has it charged, without another decision.
    async with asyncio.timeout(10):
        while len(own.moves) < 2:
            await asyncio.sleep(0)
    assert (await own.spent(), await own.holds(), own.moves[1]) == (90, [], ("j", after[1]))


async def test_one_that_was_taken_for_dead_while_it_waited_is_the_sinks(own: Own) -> None:
    missed, entry = await own.request(), await own.request()
    gap = own.machine.write(missed)
    own.end(missed)
    await own.settled()
    assert own.machine.charges is not None
    for worker, _ in await asyncio.to_thread(own.machine.charges.holders):
        await asyncio.to_thread(own.machine.charges.end_holds, worker, keep=True)
    start, end = own.write(entry)
    await own.settled()
    await own.sink(*gap, missed)
    await own.settled()
    assert (await own.spent(), own.moves) == (130, [])
    await own.sink(start, end, entry)
    assert (await own.spent(), await own.holds()) == (60, [])


async def test_nothing_is_kept_of_what_was_charged_or_left(own: Own) -> None:
    assert own.machine._gate is not None
    half = await own.request(BudgetClaim(DAY, 600_000), cost_nanos=500_000)
    own.write(await own.request())
    await own.settled()
    own.write(half)
    await own.settled()
    await own.settled()
    budgets = own.store._budgets
    assert (len(own.moves), budgets.awaited, budgets.final) == (1, set(), set())
    # But for those of `settled`.
    assert not [one for one in budgets.holds.values() if sum(one.amounts)]
    async with asyncio.timeout(10), own.machine._gate.alone():
        pass
