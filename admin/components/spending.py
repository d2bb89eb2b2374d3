"""What is used of a token's or project's budgets and policies, as pages show it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple, TypeAlias

from admin.components import filters
from admin.web.request import AuthenticatedContext
from models import Project, Token
from models.budgets import Budget, Policy
from models.reports.used_up import NEAR, UsedUp, taken
from models.spending import BudgetUse, PolicyUse, Use, limited
from models.windows import BUCKET_SECONDS

Level: TypeAlias = Literal["fine", "near", "full", "unknown"]

_PERIODS: Final = {
    "minute": "a minute",
    "hour": "an hour",
    "day": "a day",
    "week": "a week",
    "month": "a month",
    "total": "in all",
}


class ShownBudget(NamedTuple):
    """One budget with its bar, whose parts are in percent of the amount."""

    title: str
    notes: Sequence[str]
    policy: str | None
    level: Level
    spent: str
    held: str
    remaining: str
    spent_share: float
    held_share: float
    resets_at: datetime | None
    is_bucket: bool

    @property
    def label(self) -> str:
        """The bar in words."""
        held = f", {self.held} held by running requests" if self.held_share else ""
        return f"{self.title}: {self.spent} spent{held}, {self.remaining} left"


class ShownPolicy(NamedTuple):
    """A policy; `requests` are what is used of its quota, None where that is not known."""

    rule: Policy
    requests: int | None


class ShownUse(NamedTuple):
    """All that is shown of one row."""

    budgets: Sequence[ShownBudget]
    policies: Sequence[ShownPolicy]


async def used_of(ctx: AuthenticatedContext, row: Token | Project) -> ShownUse:
    """What a row has, and what is used of it. Asks only where it has something."""
    subject = limited(row)
    uses = None
    if subject.budgets or subject.policies:
        uses = await ctx.service.spending.of([subject._replace(quota=None)], quotas=True)
    use = None if uses is None else uses[0]
    known: Iterable[PolicyUse | None]
    known = [None] * len(subject.policies) if use is None else use.policies
    shown = [*_budgets(subject.budgets, use, None)]
    policies = []
    for rule, used in zip(subject.policies, known, strict=True):
        shown += _budgets(rule.budgets, used, rule.name)
        policies.append(ShownPolicy(rule, None if used is None else used.requests))
    return ShownUse(shown, policies)


def _budgets(
    budgets: Sequence[Budget], use: Use | PolicyUse | None, policy: str | None
) -> list[ShownBudget]:
    uses: Sequence[BudgetUse | None] = [None] * len(budgets) if use is None else use.budgets
    return [shown(budget, used, policy) for budget, used in zip(budgets, uses, strict=True)]


def shown(budget: Budget, use: BudgetUse | None, policy: str | None = None) -> ShownBudget:
    """A budget as it is drawn."""

    def text(amount: int) -> str:
        return filters.usd(amount) if budget.limit == "usd" else filters.count(amount)

    unit = "" if budget.limit == "usd" else " tokens"
    notes = [budget.timezone] if budget.timezone != "UTC" else []
    notes += ["soft: refuses nothing"] if budget.mode == "soft" else []
    spent, held, left = (0, 0, 0) if use is None else (use.spent, use.held, use.remaining(budget))
    spent_share = min(100.0, 100 * spent / budget.amount)
    held_share = min(100.0 - spent_share, 100 * held / budget.amount)
    return ShownBudget(
        title=f"{text(budget.amount)}{unit} {_PERIODS[budget.period]}",
        notes=notes,
        policy=policy,
        level="unknown" if use is None else _level(budget, use),
        spent=text(spent),
        held=text(held),
        remaining=text(left),
        spent_share=round(spent_share, 2),
        held_share=round(held_share, 2),
        resets_at=None if use is None else use.resets_at,
        is_bucket=budget.period in BUCKET_SECONDS,
    )


def _level(budget: Budget, use: BudgetUse) -> Level:
    if use.spent >= budget.amount:
        return "full"
    return "near" if taken(budget, use) >= NEAR else "fine"


class OwnedBudget(NamedTuple):
    """A budget with whose it is."""

    name: str
    href: str
    shown: ShownBudget


def used_up(found: Sequence[UsedUp]) -> Sequence[OwnedBudget]:
    """Budgets of any token or project that are nearly or wholly used up, as a list of bars."""
    return [
        OwnedBudget(
            name=(row.name or row.hint) if isinstance(row, Token) else row.name,
            href=f"/admin/{'tokens' if isinstance(row, Token) else 'projects'}/{row.id}",
            shown=shown(budget, use, policy),
        )
        for row, policy, budget, use in found
    ]
