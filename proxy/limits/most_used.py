"""Budgets of which most is used, in numbers that a metric can have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from models.budget_owners import Owned, owned_by
from models.budgets import Budget
from proxy.limits.budgets import Parts, parts_of
from proxy.limits.records import LimitRecords, WindowUse
from proxy.limits.store import scope_of

#: Windows that are looked at in one step, and in how many: those of tokens and projects that are
#: not in use any more are left out, of which there may be any number.
_STEP: Final = 100
_STEPS: Final = 10


class BudgetLeft(NamedTuple):
    """How much of a budget is left, as a share of its amount."""

    scope: str
    id: str
    policy: str
    limit: str
    period: str
    share: float


async def least_left(records: LimitRecords, most: int) -> Sequence[BudgetLeft]:
    """Of so many budgets that are in use, those with the least left first.

    Only those that a request was decided by. Raises LimitsUnavailable, DatabaseUnavailable.
    """
    found: list[BudgetLeft] = []
    for step in range(_STEPS):
        uses = await records.most_used(_STEP, step * _STEP)
        found += await _in_use(uses)
        if len(uses) < _STEP or len(found) >= most:
            break
    return sorted(found, key=lambda one: one.share)[:most]


async def _in_use(uses: Sequence[WindowUse]) -> Sequence[BudgetLeft]:
    parts = [parts_of(use.key) for use in uses]
    ids: dict[str, set[str]] = {"token": set(), "project": set()}
    for one in parts:
        ids[scope_of(one.subject)].add(_id(one))
    owned = await owned_by("token", ids["token"]) | await owned_by("project", ids["project"])
    return [
        left
        for use, one in zip(uses, parts, strict=True)
        for left in _left(use, one, owned.get(_id(one)))
    ]


def _left(use: WindowUse, parts: Parts, owned: Owned | None) -> Iterator[BudgetLeft]:
    if owned is None:
        return
    budgets: Iterable[Budget] = owned.budgets
    if parts.policy:
        named = [policy.budgets for policy in owned.policies if policy.name == parts.policy]
        budgets = [budget for some in named for budget in some]
    wanted = (parts.unit, parts.period, parts.zone)
    for budget in budgets:
        if (budget.limit, budget.period, budget.timezone) == wanted:
            taken = (use.spent + use.held) / budget.amount
            yield BudgetLeft(
                scope_of(parts.subject),
                _id(parts),
                parts.policy,
                parts.unit,
                parts.period,
                max(0.0, 1.0 - taken),
            )
            return


def _id(parts: Parts) -> str:
    return parts.subject.partition(":")[2]
