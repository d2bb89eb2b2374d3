"""What is used up for good: as rows, on both backends, whoever writes."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from config import Database
from models import Actor, Exhausted, Project, Token, exhaustion, spent_budgets
from models.budgets import Budget
from models.db.conditions import execute
from models.db.database import run_in_transaction
from models.exhaustion import Subject
from models.spent_budgets import SpentBudget

BY = Actor("management")
TOTAL: dict[str, Any] = {"limit": "usd", "amount": 10, "period": "total"}


async def _project(**fields: Any) -> Project:
    present = datetime.now(UTC)
    return await Project.create(
        name="docs", live_name="docs", provider="openai", created_at=present, updated_at=present,
        **fields,
    )  # fmt: skip


async def _token(**fields: Any) -> Token:
    token, _ = await Token.issue(await _project(), by=BY, **fields)
    return token


async def _count(token: Token, requests: int) -> None:
    """As the ledger counts, and as the release before does."""
    await execute(
        "UPDATE token SET request_count = request_count + {} WHERE id = {}",
        [requests, str(token.id)],
    )
    await token.refresh_from_db()


async def _rows() -> list[tuple[UUID, str, str]]:
    return [(row.subject_id, row.kind, row.why) for row in await Exhausted.all().order_by("id")]


async def _untold() -> list[tuple[UUID, str]]:
    found = await run_in_transaction(exhaustion.untold)
    return [(one.token_id, one.why) for one in found]


@pytest.fixture
def spent() -> Iterator[dict[UUID, int]]:
    """What is spent of whose budgets, in nano-dollars."""
    amounts: dict[UUID, int] = {}

    async def of(
        _kind: Subject, subject: UUID, budgets: tuple[Budget, ...]
    ) -> Sequence[int] | None:
        return [amounts[subject]] * len(budgets) if subject in amounts else None

    exhaustion.configure(of)
    yield amounts
    exhaustion.configure(None)


async def test_a_quota_is_used_up_with_its_last_request(connected: Database) -> None:
    token = await _token(max_requests=3)
    await _count(token, 2)
    assert await _rows() == []
    await _count(token, 1)
    assert await _rows() == [(token.id, "token", "requests")]
    # Requests that were let in beyond it change nothing.
    await _count(token, 4)
    assert await _rows() == [(token.id, "token", "requests")]


@pytest.mark.parametrize("after", [8, None])
async def test_a_raised_or_lifted_quota_is_not_used_up(
    connected: Database, after: int | None
) -> None:
    token = await _token(max_requests=3)
    await _count(token, 7)
    await token.change(by=BY, max_requests=after)
    assert await _rows() == []


async def test_a_quota_below_what_was_used_is_used_up_at_once(connected: Database) -> None:
    token = await _token(max_requests=9)
    await _count(token, 7)
    await token.change(by=BY, max_requests=8)
    assert await _rows() == []
    await token.change(by=BY, max_requests=7)
    assert await _rows() == [(token.id, "token", "requests")]
    await token.delete()
    assert await _rows() == []


async def test_each_exhaustion_is_told_once(connected: Database) -> None:
    token = await _token(max_requests=3)
    await _count(token, 3)
    assert await _untold() == [(token.id, "requests")]
    assert await _untold() == []
    await token.change(by=BY, max_requests=5)
    await _count(token, 1)
    assert await _untold() == []
    await _count(token, 1)
    assert await _untold() == [(token.id, "requests")]


async def test_a_token_that_comes_from_elsewhere_is_no_news(connected: Database) -> None:
    token = Token(
        project=await _project(), hint="h", max_requests=2, request_count=2,
        created_at=datetime.now(UTC),
    )  # fmt: skip
    await token.save(force_create=True)
    assert await _rows() == [(token.id, "token", "requests")]
    assert await _untold() == []


async def test_a_spent_budget_is_noted_until_it_has_room(
    connected: Database, spent: dict[UUID, int]
) -> None:
    token = await _token(budgets=[TOTAL])
    spent[token.id] = 10 * 10**9 - 1
    await exhaustion.refresh("token", [token.id])
    assert await _rows() == []
    spent[token.id] += 1
    for _ in range(2):
        await exhaustion.refresh("token", [token.id])
    assert await _rows() == [(token.id, "token", "budget")]
    assert await _untold() == [(token.id, "budget")]
    spent[token.id] = 0
    await exhaustion.refresh("token", [token.id])
    assert await _rows() == []


async def test_a_changed_budget_is_judged_at_once(
    connected: Database, spent: dict[UUID, int]
) -> None:
    token = await _token(budgets=[TOTAL])
    spent[token.id] = 10 * 10**9
    await exhaustion.refresh("token", [token.id])
    await token.change(by=BY, budgets=[{**TOTAL, "amount": 11}])
    assert await _rows() == []
    await token.change(by=BY, budgets=[{**TOTAL, "amount": 9}])
    assert await _rows() == [(token.id, "token", "budget")]
    await token.change(by=BY, budgets=[{**TOTAL, "amount": 9, "mode": "soft"}])
    assert await _rows() == []
    await token.change(by=BY, budgets=[{**TOTAL, "amount": 9, "period": "month"}])
    assert await _rows() == []
    await token.change(by=BY, budgets=[TOTAL])
    assert await _rows() == [(token.id, "token", "budget")]
    await token.change(by=BY, budgets=None)
    assert await _rows() == []


async def test_a_projects_budget_is_noted_as_its_own_and_told_of_no_token(
    connected: Database, spent: dict[UUID, int]
) -> None:
    project = await _project()
    spent[project.id] = 5 * 10**9
    await project.change(by=BY, budgets=[{**TOTAL, "amount": 5}])
    assert await _rows() == [(project.id, "project", "budget")]
    assert await _untold() == []
    await project.change(by=BY, budgets=[{**TOTAL, "amount": 6}])
    assert await _rows() == []


async def test_what_was_noted_stands_while_nobody_knows_what_is_spent(
    connected: Database, spent: dict[UUID, int]
) -> None:
    token = await _token(budgets=[TOTAL])
    spent[token.id] = 10 * 10**9
    await exhaustion.refresh("token", [token.id])
    del spent[token.id]
    await exhaustion.refresh("token", [token.id])
    assert await _rows() == [(token.id, "token", "budget")]


@pytest.mark.parametrize("kind", ["token", "project"])
async def test_what_a_charge_passed_over_is_found_by_the_refusal_that_follows(
    connected: Database, spent: dict[UUID, int], kind: Subject
) -> None:
    token = await _token(budgets=[TOTAL])
    project = await Project.get(id=token.project_id)
    await project.change(by=BY, budgets=[TOTAL])
    subject = token.id if kind == "token" else project.id
    spent[subject] = 10 * 10**9
    key = f"{kind[0]}:{subject}|usd|total|UTC|"
    # There is room for less than this request asks for.
    await spent_budgets.tell(SpentBudget(key, 10 * 10**9, 9 * 10**9, 2 * 10**9, None))
    assert await _rows() == []
    await spent_budgets.tell(SpentBudget(key, 10 * 10**9, 10 * 10**9, 1, None))
    assert await _rows() == [(subject, kind, "budget")]
