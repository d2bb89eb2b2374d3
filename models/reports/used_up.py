"""Which budgets are nearly or wholly used up, over all tokens and projects that are in use."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tortoise.expressions import Q

from models.budgets import Budget, budgets_of, policies_of
from models.projects import Project
from models.spending import BudgetUse, Limited, Spending, Use
from models.tokens import Token

#: Percent of an amount from which a budget is nearly used up.
NEAR: Final = 80
#: Of tokens, and of projects, the newest so many are looked at.
_MOST_ROWS: Final = 2_000


class UsedUp(NamedTuple):
    """One such budget, of a token, a project, or a policy of theirs."""

    row: Token | Project
    policy: str | None
    budget: Budget
    use: BudgetUse


async def nearly_used_up(spending: Spending, *, limit: int) -> Sequence[UsedUp] | None:
    """Those of which most is used, that first; None where what is used cannot be read."""
    rows: list[Token | Project] = [*await _tokens(), *await _projects()]
    subjects = [
        Limited(
            "token" if isinstance(row, Token) else "project",
            row.id,
            budgets_of(row.budgets),
            tuple(policy for policy in policies_of(row.policies) if policy.budgets),
        )
        for row in rows
    ]
    uses = await spending.of(subjects)
    if uses is None:
        return None
    found = [
        one
        for row, subject, use in zip(rows, subjects, uses, strict=True)
        for one in _of(row, subject, use)
        if taken(one.budget, one.use) >= NEAR
    ]
    return sorted(found, key=lambda one: -taken(one.budget, one.use))[:limit]


def taken(budget: Budget, use: BudgetUse) -> float:
    """How much of a budget is spent or held, in percent."""
    return 100 * (use.spent + use.held) / budget.amount


async def _tokens() -> list[Token]:
    rows = await Token.filter(_HAS_SOME).order_by("-created_at").limit(_MOST_ROWS)
    return [row for row in rows if not row.is_over]


async def _projects() -> list[Project]:
    rows = await Project.filter(_HAS_SOME).order_by("-created_at").limit(_MOST_ROWS)
    return [row for row in rows if row.is_active and row.deleted_at is None]


#: As the partial indices say it, which the databases compare; by anything else besides they would
#: rather take another index.
_HAS_SOME: Final = Q(budgets__isnull=False) | Q(policies__isnull=False)


def _of(row: Token | Project, subject: Limited, use: Use) -> Iterator[UsedUp]:
    for budget, used in zip(subject.budgets, use.budgets, strict=True):
        yield UsedUp(row, None, budget, used)
    for policy, of_policy in zip(subject.policies, use.policies, strict=True):
        for budget, used in zip(policy.budgets, of_policy.budgets, strict=True):
            yield UsedUp(row, policy.name, budget, used)
