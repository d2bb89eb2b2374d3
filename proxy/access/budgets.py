"""The budgets of a grant: what of each a request claims depends on the request alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from models.budgets import Budget
from models.grants import GrantRecord
from proxy.limits.budgets import Allowance, allowance_of
from proxy.limits.store import project_key, token_key


class Budgeted(NamedTuple):
    """A budget of a token or project, or of a policy of theirs."""

    allowance: Allowance
    is_typical: bool
    """Whether it holds what requests mostly use, rather than the most that one may."""


def budgets_of(record: GrantRecord) -> tuple[Budgeted, ...]:
    """Those of a token and its project."""
    return (
        *budgets_on(token_key(record.token_id), record.budgets),
        *budgets_on(project_key(record.project_id), record.project_budgets),
    )


def budgets_on(
    subject: str, budgets: Iterable[Budget], *, policy: str = "", match: str = ""
) -> tuple[Budgeted, ...]:
    """The budgets of a subject (`token_key`, `project_key`), or of its `policy`, which is for the
    requests that `match` tells."""
    return tuple(
        Budgeted(allowance_of(subject, budget, policy, match), budget.hold == "typical")
        for budget in budgets
    )


def refuse(budgets: Sequence[Budgeted]) -> bool:
    """Whether one of them may refuse a request, so that what it may cost has to be known."""
    return any(budget.allowance.hard for budget in budgets)
