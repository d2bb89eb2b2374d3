"""What is used of budgets and quotas, as pages, the API and the command line ask for it.

Where that is stored is another room's matter, which hands in a `Spending`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, Protocol
from uuid import UUID

from models import audit, exhaustion
from models.audit import Actor
from models.budget_text import budget_text
from models.budgets import Budget, Policy, budgets_of, policies_of, shown_amount
from models.db.database import in_one_transaction
from models.projects import Project
from models.tokens import Token

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: A bucket that was overdrawn by far fills again in a year that no calendar has.
_LAST_US: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


class Quota(NamedTuple):
    """A quota's counter, and where it begins: see `Token`."""

    epoch: int
    base: int


class Limited(NamedTuple):
    """A token or project, as far as something is used of it."""

    kind: Literal["token", "project"]
    id: UUID
    budgets: tuple[Budget, ...]
    policies: tuple[Policy, ...]
    quota: Quota | None = None


class BudgetUse(NamedTuple):
    """What is spent of a budget and what running requests hold of it, in its own unit."""

    spent: int
    held: int
    #: None where its window never ends, and of a bucket, which fills all the time.
    resets_at_us: int | None

    @property
    def resets_at(self) -> datetime | None:
        """When its window ends."""
        if self.resets_at_us is None:
            return None
        return _EPOCH + timedelta(microseconds=min(self.resets_at_us, _LAST_US))

    def remaining(self, budget: Budget) -> int:
        """What the next request may take."""
        return max(0, budget.amount - self.spent - self.held)


class PolicyUse(NamedTuple):
    """The same of a policy; `requests` of its quota, None where it has none."""

    requests: int | None
    budgets: tuple[BudgetUse, ...]


class Use(NamedTuple):
    """The same of a token or project, in the order of its budgets and policies."""

    requests: int | None
    budgets: tuple[BudgetUse, ...]
    policies: tuple[PolicyUse, ...]


class Spending(Protocol):
    """Who knows what is used."""

    async def of(
        self, subjects: Sequence[Limited], *, quotas: bool = False
    ) -> Sequence[Use] | None:
        """What is used of each; of quotas, too, where asked for, which takes a look at each.

        None where that cannot be read now.
        """
        ...


class Resettable(Spending, Protocol):
    """Who can also change it."""

    async def reset(self, subject: Limited) -> None:
        """Let the budgets that are named have spent nothing in the window that is now."""
        ...


def limited(row: Token | Project) -> Limited:
    """What is asked about for a row."""
    budgets, policies = budgets_of(row.budgets), policies_of(row.policies)
    if isinstance(row, Project):
        return Limited("project", row.id, budgets, policies)
    quota = None if row.max_requests is None else Quota(row.quota_epoch, row.quota_base)
    return Limited("token", row.id, budgets, policies, quota)


def spent_by(spending: Spending) -> exhaustion.SpentOf:
    """`spending`, as it is asked for what is used up for good."""

    async def spent(
        kind: exhaustion.Subject, subject: UUID, budgets: tuple[Budget, ...]
    ) -> Sequence[int] | None:
        uses = await spending.of([Limited(kind, subject, budgets, ())])
        return None if uses is None else [use.spent for use in uses[0].budgets]

    return spent


def shown_budget(budget: Budget, use: BudgetUse | None) -> dict[str, Any]:
    """A budget with what is used of it, as every door shows it; Nones where that is not known."""
    if use is None:
        return {**budget.rule(), "spent": None, "held": None, "remaining": None, "resets_at": None}
    return {
        **budget.rule(),
        "spent": shown_amount(budget.limit, use.spent),
        "held": shown_amount(budget.limit, use.held),
        "remaining": shown_amount(budget.limit, use.remaining(budget)),
        "resets_at": use.resets_at,
    }


@in_one_transaction
async def reset(
    spending: Resettable,
    row: Token | Project,
    budgets: Sequence[Budget],
    *,
    policy: str | None = None,
    by: Actor,
) -> None:
    """Let budgets of a row, or of its policy, have spent nothing; their amounts stay."""
    kind: Literal["token", "project"] = "token" if isinstance(row, Token) else "project"
    chosen = tuple(budgets)
    one = Limited(kind, row.id, chosen, ())
    if policy is not None:
        one = Limited(kind, row.id, (), (Policy(policy, budgets=chosen),))
    uses = await spending.of([one])
    found: Sequence[BudgetUse | None] = [None] * len(chosen)
    if uses is not None:
        found = uses[0].budgets if policy is None else uses[0].policies[0].budgets
    await spending.reset(one)
    await exhaustion.refresh(kind, [row.id])
    whose = "" if policy is None else f"{policy}: "
    shown = {
        f"{whose}{budget_text(budget)}": (
            None if use is None else shown_amount(budget.limit, use.spent),
            0,
        )
        for budget, use in zip(chosen, found, strict=True)
    }
    await audit.record(by, "budget.reset", kind, row.id, shown)
