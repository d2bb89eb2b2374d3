"""Budgets and policies as the API shows them: what was set, and what is used of it."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from manage.schemas.schema import Schema
from models import Project, Token
from models.budgets import Budget, BudgetHold, BudgetLimit, BudgetMode, budgets_of, policies_of
from models.spending import BudgetUse, PolicyUse, Use, shown_budget
from models.windows import Period


class BudgetView(Schema):
    """A budget, in USD or tokens. What is used is null where it cannot be read at the moment."""

    limit: BudgetLimit
    amount: int | float
    period: Period
    timezone: str
    mode: BudgetMode
    hold: BudgetHold
    alert_at: list[int]
    spent: int | float | None
    held: Annotated[int | float | None, Field(description="By requests that run.")]
    remaining: int | float | None
    resets_at: Annotated[
        datetime | None,
        Field(description="When its window ends, or its bucket is full; null: never, or now."),
    ]

    @classmethod
    def of(cls, budget: Budget, use: BudgetUse | None) -> Self:
        """`budget` as it is shown."""
        return cls(**shown_budget(budget, use))


class PolicyView(Schema):
    """A policy."""

    name: str
    endpoints: list[str] | None
    models: list[str] | None
    requests_per_minute: int | None
    max_parallel_requests: int | None
    max_requests: int | None
    budgets: list[BudgetView] | None


class UseView(Schema):
    """Both, of a token or a project."""

    budgets: list[BudgetView] | None
    policies: list[PolicyView] | None

    @classmethod
    def of(cls, row: Token | Project, use: Use | None) -> Self:
        """As they are shown."""
        policies = policies_of(row.policies)
        uses: tuple[PolicyUse | None, ...]
        uses = (None,) * len(policies) if use is None else use.policies
        return cls(
            budgets=_budgets(budgets_of(row.budgets), use),
            policies=[
                PolicyView(**{**policy.rule(), "budgets": _budgets(policy.budgets, used)})
                for policy, used in zip(policies, uses, strict=True)
            ]
            or None,
        )


def _budgets(budgets: tuple[Budget, ...], use: Use | PolicyUse | None) -> list[BudgetView] | None:
    uses: tuple[BudgetUse | None, ...]
    uses = (None,) * len(budgets) if use is None else use.budgets
    return [*map(BudgetView.of, budgets, uses)] or None
