"""Shares of budgets that are reached are told as events: once for budget, window and share."""

from __future__ import annotations

import asyncio
import time

from models import Event, EventOnce, Token, budget_alerts
from models.budget_alerts import Reached
from models.budgets import budgets_of
from models.spending import reset
from models.windows import window
from proxy.limits.budgets import BudgetClaim, allowance_of
from proxy.limits.spending import StoredSpending
from proxy.limits.store import project_key, token_key
from tests.models.rows import BY, a_project
from tests.proxy.limits.machine import Machine, allowance, decide, entry_of, machine

__all__ = ["machine"]


async def test_two_workers_tell_of_each_share_once_whatever_is_delivered_again(
    machine: Machine,
) -> None:
    project = await a_project()
    token, _ = await Token.issue(project, by=BY, name="batch")
    day = allowance(3000, subject=token_key(token.id), policy="cheap")
    total = allowance(20, "total", subject=project_key(project.id), unit="tokens", hard=False)
    stores = [await machine.worker(name) for name in ("a", "b")]
    for store in stores:
        await decide(store, BudgetClaim(day, 0), BudgetClaim(total, 0))
    entries = [entry_of(token_id=token.id, project_id=project.id) for _ in range(4)]
    await asyncio.gather(
        machine.deliver(*entries[:2], journal="a"), machine.deliver(*entries[2:], journal="b")
    )
    await machine.deliver(entry_of(token_id=token.id, project_id=project.id))
    told = await Event.filter(kind="budget.threshold").order_by("id")
    assert sorted((event.data["budget"]["scope"], event.data["share"]) for event in told) == [
        (scope, share) for scope in ("project", "token") for share in (50, 80, 100)
    ]
    assert {(event.project_id, event.token_id) for event in told} == {
        (project.id, None),
        (project.id, token.id),
    }
    of_token = next(event for event in told if event.token_id is not None)
    _, end = window("day", "UTC", time.time_ns() // 1000)
    assert end is not None
    resets_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end / 1e6))
    budget = dict(of_token.data["budget"])
    assert budget.pop("spent") >= 0.0000015
    assert budget == {
        "scope": "token",
        "policy": "cheap",
        "limit": "usd",
        "period": "day",
        "timezone": "UTC",
        "amount": 0.000003,
        "resets_at": resets_at,
    }
    assert (of_token.data["token_name"], of_token.data["project_name"]) == ("batch", "Search")
    of_project = next(event for event in told if event.token_id is None)
    assert of_project.data["budget"]["resets_at"] is None
    assert "token_name" not in of_project.data


async def test_a_share_is_told_once_however_late_it_is_told_again(machine: Machine) -> None:
    """The keys of events are forgotten after hours; what was reached is not."""
    project = await a_project()
    key = allowance(100, subject=project_key(project.id)).key
    reached = Reached(key, 0, 50, 100, 60)
    await budget_alerts.tell([reached, reached])
    await EventOnce.all().delete()
    await budget_alerts.tell([reached])
    assert await Event.all().count() == 1


async def test_a_budget_that_is_reset_tells_of_its_shares_anew(machine: Machine) -> None:
    project = await a_project()
    rule = {"limit": "tokens", "amount": 20, "period": "day", "alert_at": [50]}
    token, _ = await Token.issue(project, by=BY, budgets=[rule])
    (budget,) = budgets_of(token.budgets)
    tokens = allowance_of(token_key(token.id), budget)
    store = await machine.worker()
    await decide(store, BudgetClaim(tokens, 0))
    for told in (1, 2):
        await machine.deliver(entry_of(token_id=token.id, project_id=project.id))
        await machine.deliver(entry_of(token_id=token.id, project_id=project.id))
        assert await Event.all().count() == told
        await reset(StoredSpending(lambda: machine.records), token, [budget], by=BY)
