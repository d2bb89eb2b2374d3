"""Budgets with the least left, out of what an engine has stored, on both engines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from models import Token, changes
from models.budgets import budgets_of, policies_of
from models.projects import Project
from proxy.limits import most_used
from proxy.limits.budgets import BudgetClaim, allowance_of
from proxy.limits.most_used import BudgetLeft, least_left
from proxy.limits.records import BudgetCounter
from proxy.limits.store import project_key, token_key
from tests.models.rows import BY, a_project
from tests.proxy.limits.machine import Machine, decide, entry_of, machine

__all__ = ["machine"]

_DAY: dict[str, Any] = {"limit": "tokens", "amount": 100, "period": "day"}


async def _use(machine: Machine, token: Token, project: Project, times: int) -> None:
    """So many requests of 15 tokens, that all budgets of both count."""
    store = await machine.worker(token.name)
    claims = []
    for key, row in ((token_key(token.id), token), (project_key(project.id), project)):
        claims += [allowance_of(key, budget) for budget in budgets_of(row.budgets)]
        for policy in policies_of(row.policies):
            claims += [allowance_of(key, one, policy.name) for one in policy.budgets]
    await decide(store, *(BudgetClaim(claim, 0) for claim in claims))
    entries = [entry_of(token_id=token.id, project_id=project.id) for _ in range(times)]
    await machine.deliver(*entries, journal=token.name)


async def _left(machine: Machine, most: int = 9) -> list[BudgetLeft]:
    found = await least_left(machine.records, most)
    return [one._replace(share=round(one.share, 6)) for one in found]


async def test_what_is_left_of_budgets_in_use_the_least_first(machine: Machine) -> None:
    project = await a_project(budgets=[{**_DAY, "period": "total", "amount": 200}])
    policy = {"name": "cheap", "budgets": [{**_DAY, "period": "month", "amount": 40}]}
    first, _ = await Token.issue(
        project, by=BY, name="a", budgets=[_DAY, {**_DAY, "period": "minute"}], policies=[policy]
    )
    gone, _ = await Token.issue(project, by=BY, name="b", budgets=[{**_DAY, "amount": 10}])
    ended, _ = await Token.issue(project, by=BY, name="c", budgets=[{**_DAY, "amount": 10}])
    await _use(machine, first, project, 4)
    await _use(machine, gone, project, 1)
    await _use(machine, ended, project, 1)
    await gone.revoke(by=BY)
    await ended.change(by=BY, expires_at=changes.now() - timedelta(seconds=1))

    of = str(first.id)
    assert await _left(machine) == [
        BudgetLeft("token", of, "cheap", "tokens", "month", 0.0),
        BudgetLeft("token", of, "", "tokens", "day", 0.4),
        BudgetLeft("project", str(project.id), "", "tokens", "total", 0.55),
    ]
    assert len(await _left(machine, 1)) == 1
    # By the amount of now, whatever it was when it was asked about.
    await first.change(by=BY, budgets=[{**_DAY, "amount": 600}], policies=[])
    assert await _left(machine) == [
        BudgetLeft("project", str(project.id), "", "tokens", "total", 0.55),
        BudgetLeft("token", of, "", "tokens", "day", 0.9),
    ]
    await project.change(by=BY, is_active=False)
    assert await _left(machine) == []


async def test_windows_of_who_is_gone_stand_before_nobody(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(most_used, "_STEP", 3)
    project = await a_project(budgets=[{**_DAY, "period": "total"}, _DAY])
    token, _ = await Token.issue(project, by=BY, name="a")
    await _use(machine, token, project, 1)

    def window(key: str, until: int | None) -> BudgetCounter:
        return BudgetCounter(key, 0, until, 90, 9, 0, 100, "", 0, "")

    day = f"p:{project.id}|tokens|day|UTC|"
    await machine.records.add_budgets(
        [*(window(f"t:{uuid4()}|usd|total|UTC|", None) for _ in range(7)), window(day, 1)]
    )
    # Nor does what was spent of a window that has ended.
    left = await _left(machine)
    assert sorted((one.id, one.period, one.share) for one in left) == [
        (str(project.id), "day", 0.85),
        (str(project.id), "total", 0.85),
    ]
