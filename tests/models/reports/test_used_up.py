"""Budgets that are nearly or wholly used up, found among all tokens and projects."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import pytest

from config import Database
from models import Token, changes
from models.db.conditions import select
from models.reports.used_up import _HAS_SOME, nearly_used_up
from models.spending import BudgetUse, Limited, PolicyUse, Use
from tests.models.rows import BY, a_project

pytestmark = pytest.mark.usefixtures("connected")

_DAY: Final[dict[str, Any]] = {"limit": "tokens", "amount": 100, "period": "day"}
_TOTAL: Final[dict[str, Any]] = {**_DAY, "period": "total"}


class Told:
    """What is used: by the id of a row, of its own budgets and then of its policies'."""

    def __init__(self, used: Mapping[Any, list[tuple[int, int]]]) -> None:
        self._used = used

    async def of(
        self, subjects: Sequence[Limited], *, quotas: bool = False
    ) -> Sequence[Use] | None:
        assert not quotas
        return [self._use(subject) for subject in subjects]

    def _use(self, subject: Limited) -> Use:
        told = [BudgetUse(spent, held, None) for spent, held in self._used[subject.id]]
        own = len(subject.budgets)
        policies = (PolicyUse(None, tuple(told[own:])),) if subject.policies else ()
        return Use(None, tuple(told[:own]), policies)


class Away:
    """Nothing can be read."""

    async def of(self, subjects: Sequence[Limited], *, quotas: bool = False) -> None:
        return None


async def test_the_fullest_are_first_and_those_of_no_use_any_more_are_left_out() -> None:
    project = await a_project()
    policy = {"name": "dear", "budgets": [_TOTAL]}
    await project.change(by=BY, budgets=[_DAY], policies=[policy])
    token, _ = await Token.issue(project, by=BY, name="one", budgets=[_DAY, _TOTAL])
    told = {project.id: [(79, 0), (100, 0)], token.id: [(50, 30), (95, 0)]}
    past = changes.now() - timedelta(seconds=1)
    await Token.issue(project, by=BY, name="ended", budgets=[_DAY], expires_at=past)
    revoked, _ = await Token.issue(project, by=BY, name="revoked", budgets=[_DAY])
    await revoked.revoke(by=BY)
    # What was taken away again is none.
    without, _ = await Token.issue(project, by=BY, name="none", budgets=[_DAY])
    await without.change(by=BY, budgets=None)
    found = await nearly_used_up(Told(told), limit=9)
    assert found is not None
    assert [(one.row.id, one.policy, one.budget.period) for one in found] == [
        (project.id, "dear", "total"),
        (token.id, None, "total"),
        (token.id, None, "day"),
    ]
    assert len(await nearly_used_up(Told(told), limit=1) or ()) == 1
    assert await nearly_used_up(Away(), limit=1) is None


async def test_rows_without_are_not_walked_along(database: Database) -> None:
    explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
    if database.dialect == "postgres":
        # So few rows would be read as a whole.
        await select("SET enable_seqscan = off")
    query = Token.filter(_HAS_SOME).order_by("-created_at").limit(9)
    plan = await select(f"{explain} {query.sql(params_inline=True)}")
    assert "idx_token_budgeted" in " ".join(map(str, plan))
