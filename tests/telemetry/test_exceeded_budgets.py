"""Budgets that had no room are told of once in their window, by however many workers."""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

import pytest

from models import Event, spent_budgets
from models.errors import DatabaseUnavailable
from models.spent_budgets import SpentBudget
from models.windows import window
from proxy.errors import BudgetExceeded as Refusal
from proxy.failures import of_limits
from proxy.limits.budgets import BudgetClaim, BudgetExceeded
from telemetry.exceeded_budgets import KNOWN_MAX, REMEMBERED_S, ExceededBudgets
from tests.models.rows import a_project
from tests.proxy.limits.machine import allowance
from tests.proxy.upstream.conftest import until


def _spent(number: int = 0, *, amount: int = 100) -> SpentBudget:
    return SpentBudget(f"p:{UUID(int=number)}|usd|total|UTC|", amount, 90, 20, None)


@pytest.mark.usefixtures("connected")
async def test_two_workers_that_refuse_and_refuse_tell_of_a_budget_once_for_each_window() -> None:
    project = await a_project()
    of = allowance(3 * 10**9, subject=f"p:{project.id}", policy="cheap")
    now = time.time_ns() // 1000
    _, today = window("day", "UTC", now)
    assert today is not None
    _, tomorrow = window("day", "UTC", today)
    workers = [ExceededBudgets() for _ in range(2)]
    for worker in workers:
        worker.open()
        for end in (today, today, tomorrow):
            failure = BudgetExceeded(
                BudgetClaim(of, 2 * 10**9), "exceeded", (2 * 10**9, 0), resets_at_us=end
            )
            refusal = of_limits(failure)
            assert isinstance(refusal, Refusal)
            assert refusal.spent is not None
            worker.note(refusal.spent)
    await until(lambda: not any(worker._waiting for worker in workers))
    await asyncio.gather(*(worker.close() for worker in workers))
    events = await Event.filter(kind="budget.exceeded").order_by("id")
    assert sorted(event.data["budget"]["resets_at"] for event in events) == [
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end / 1e6))
        for end in (today, tomorrow or 0)
    ]
    assert (events[0].project_id, events[0].token_id) == (project.id, None)
    assert events[0].data["needed"] == 2
    assert events[0].data["project_name"] == "Search"
    assert events[0].data["budget"]["policy"] == "cheap"


@pytest.mark.usefixtures("connected")
async def test_another_amount_is_another_matter_and_so_is_what_begins_anew() -> None:
    for amount in (100, 100, 200):
        await spent_budgets.tell(_spent(amount=amount))
    assert await Event.all().count() == 2
    spent = _spent()
    await spent_budgets.forget(spent.key, None, 100)
    await spent_budgets.tell(spent)
    assert await Event.all().count() == 3


@pytest.mark.usefixtures("connected")
async def test_a_worker_tells_anew_of_a_budget_that_was_reset_elsewhere() -> None:
    now = [0.0]
    worker = ExceededBudgets(clock=lambda: now[0])
    worker.open()
    worker.note(_spent())
    await until(lambda: not worker._waiting)
    # By the command line, for one.
    await spent_budgets.forget(_spent().key, None, 100)
    for now[0] in (REMEMBERED_S / 2, REMEMBERED_S, REMEMBERED_S + 1):
        worker.note(_spent())
        await until(lambda: not worker._waiting)
    await worker.close()
    assert await Event.filter(kind="budget.exceeded").count() == 2


async def test_what_could_not_be_written_is_written_later_and_a_flood_is_written_once() -> None:
    told: list[str] = []
    away = True

    async def tell(budget: SpentBudget) -> None:
        if away:
            raise DatabaseUnavailable("away")
        told.append(budget.key)

    worker = ExceededBudgets(tell)
    worker.open()
    for _ in range(100):
        worker.note(_spent())
    await asyncio.sleep(0)
    assert len(worker._waiting) == 1
    away = False
    # Also as the worker ends.
    await worker.close()
    assert told == [_spent().key]
    worker.note(_spent())
    assert not worker._waiting


async def test_so_many_budgets_wait_and_are_remembered_at_most() -> None:
    worker = ExceededBudgets()
    for number in range(KNOWN_MAX + 10):
        worker.note(_spent(number))
    assert len(worker._waiting) == KNOWN_MAX
    assert len(worker._known) <= KNOWN_MAX
