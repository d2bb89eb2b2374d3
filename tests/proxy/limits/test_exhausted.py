"""Budgets without an end, spent: noted where they are charged, on both engines, and taken back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from models import Actor, Exhausted, Project, Token, exhaustion
from models.budgets import budgets_of
from models.db.conditions import execute
from models.spending import reset, spent_by
from proxy.limits.budgets import Allowance, BudgetClaim, allowance_of
from proxy.limits.spending import StoredSpending
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.store import project_key, token_key
from proxy.limits.telling import tell_reached
from tests.proxy.limits.machine import Machine, alerts, allowance, decide, entry_of, machine

__all__ = ["machine"]

BY = Actor("management")
TOTAL: dict[str, Any] = {"limit": "usd", "amount": 10, "period": "total"}
USD = 10**9


@pytest.fixture(autouse=True)
async def asked(machine: Machine) -> AsyncIterator[None]:
    exhaustion.configure(spent_by(StoredSpending(lambda: machine.records)))
    yield
    exhaustion.configure(None)


async def _token(**budget: Any) -> Token:
    present = datetime.now(UTC)
    project = await Project.create(
        name="docs", live_name="docs", provider="openai", created_at=present, updated_at=present
    )
    token, _ = await Token.issue(project, by=BY, budgets=[TOTAL | budget])
    return token


def _allowance(row: Token | Project, policy: str = "") -> Allowance:
    (budget,) = budgets_of(row.budgets)
    key = token_key(row.id) if isinstance(row, Token) else project_key(row.id)
    return allowance_of(key, budget, policy)


async def _use(machine: Machine, of: Allowance, token: Token, usd: int, *, held: int = 1) -> None:
    """A request that costs so much, admitted and counted: on SQLite by its worker, if it can."""
    worker = await machine.worker()
    reservation = await decide(worker, BudgetClaim(of, held * USD))
    ids = {"token_id": str(token.id), "project_id": str(token.project_id)}
    entry = entry_of(reservation, cost_nanos=usd * USD, **ids)
    start, end = machine.write(entry)
    if isinstance(worker, SqliteLimits):
        worker.written("j", start, end, [entry])
        await decide(worker, BudgetClaim(allowance(1, subject=project_key(UUID(int=9))), 0))
    for sink in machine.sinks:
        assert await sink.deliver("j", start, end, [entry]) == end
    await worker.close()


async def _noted() -> list[tuple[UUID, str]]:
    return [(row.subject_id, row.why) for row in await Exhausted.all()]


@pytest.mark.parametrize("alert_at", [[50, 100], []])
async def test_a_budget_is_noted_with_the_charge_that_spends_it(
    machine: Machine, alert_at: list[int]
) -> None:
    token = await _token(alert_at=alert_at)
    await _use(machine, _allowance(token), token, 9)
    assert await _noted() == []
    await _use(machine, _allowance(token), token, 1)
    assert await _noted() == [(token.id, "budget")]
    # It is told beside the shares that were asked for, and is none of them.
    assert [share for _, share in await alerts()] == alert_at


@pytest.mark.parametrize("fields", [{"mode": "soft"}, {"period": "month"}])
async def test_one_that_lets_requests_through_again_is_not(
    machine: Machine, fields: dict[str, str]
) -> None:
    token = await _token(**fields)
    await _use(machine, _allowance(token), token, 11)
    assert await _noted() == []


async def test_that_of_a_policy_ends_only_what_the_policy_is_about(machine: Machine) -> None:
    token = await _token()
    await _use(machine, _allowance(token, "images"), token, 11)
    assert await _noted() == []


async def test_that_of_a_project_is_noted_of_the_project(machine: Machine) -> None:
    token = await _token(amount=99)
    project = await Project.get(id=token.project_id)
    await project.change(by=BY, budgets=[TOTAL])
    await _use(machine, _allowance(project), token, 10)
    assert await _noted() == [(project.id, "budget")]


async def test_reset_it_has_room_at_once(machine: Machine) -> None:
    token = await _token()
    await _use(machine, _allowance(token), token, 10)
    spending = StoredSpending(lambda: machine.records)
    await reset(spending, token, budgets_of(token.budgets), by=BY)
    assert await _noted() == []


async def test_raised_and_spent_again_it_is_noted_again(machine: Machine) -> None:
    token = await _token()
    await _use(machine, _allowance(token), token, 10)
    await token.change(by=BY, budgets=[{**TOTAL, "amount": 12}])
    assert await _noted() == []
    await _use(machine, _allowance(token), token, 2)
    assert await _noted() == [(token.id, "budget")]


async def test_a_charge_that_comes_to_less_than_was_thought_takes_it_back(
    machine: Machine,
) -> None:
    """A worker died, was charged what it held, and its entry came after all."""
    token = await _token()
    worker = await machine.worker()
    reservation = await decide(worker, BudgetClaim(_allowance(token), 10 * USD))
    await worker.close()
    if machine.charges is None:
        await execute("UPDATE limit_hold SET final = true")
        await execute("UPDATE limit_budget SET spent = spent + held, held = 0")
    else:
        for name, _ in machine.charges.holders():
            machine.charges.end_holds(name, keep=True)
        await tell_reached(machine.charges)
    await exhaustion.refresh("token", [token.id])
    assert await _noted() == [(token.id, "budget")]
    ids = {"token_id": str(token.id), "project_id": str(token.project_id)}
    await machine.deliver(entry_of(reservation, cost_nanos=3 * USD, **ids))
    assert await _noted() == []
