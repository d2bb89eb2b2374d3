"""What is used of tokens, projects and their policies, out of what an engine has stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from models.budgets import Budget
from models.errors import DatabaseUnavailable
from models.spending import BudgetUse, Limited, PolicyUse, Quota, Use
from proxy.limits import records
from proxy.limits.budgets import Allowance, budget_key
from proxy.limits.records import LimitRecords
from proxy.limits.store import LimitsUnavailable, policy_key, project_key, token_key

_NOTHING = records.BudgetUse(0, 0, None)


class StoredSpending:
    """A `models.spending.Spending`. `opened` gives the records when something is to be read."""

    def __init__(self, opened: Callable[[], LimitRecords]) -> None:
        self._opened = opened

    async def of(self, subjects: Sequence[Limited]) -> Sequence[Use] | None:
        """What is used of each; None where that cannot be read now."""
        try:
            wanted = [allowance for one in subjects for allowance in _allowances(one)]
            found = await self._opened().budgets(wanted) if wanted else {}
            return [await self._use(subject, found) for subject in subjects]
        except (LimitsUnavailable, DatabaseUnavailable):
            return None

    async def _use(self, subject: Limited, found: Mapping[str, records.BudgetUse]) -> Use:
        key = _key(subject)
        policies = []
        for policy in subject.policies:
            quota = None
            if policy.max_requests is not None:
                quota = Quota(policy.quota_epoch, policy.quota_base)
            requests = await self._requests(policy_key(key, policy.name), quota)
            budgets = _uses(_on(key, policy.budgets, policy.name), found)
            policies.append(PolicyUse(requests, budgets))
        requests = await self._requests(key, subject.quota)
        return Use(requests, _uses(_on(key, subject.budgets), found), tuple(policies))

    async def _requests(self, key: str, quota: Quota | None) -> int | None:
        if quota is None:
            return None
        used = await self._opened().used(key)
        # Of an older quota, or of none: nothing was asked about this one yet.
        return used.requests if used is not None and used.epoch == quota.epoch else quota.base


def _key(subject: Limited) -> str:
    return (token_key if subject.kind == "token" else project_key)(subject.id)


def _allowances(subject: Limited) -> list[Allowance]:
    key = _key(subject)
    found = _on(key, subject.budgets)
    for policy in subject.policies:
        found += _on(key, policy.budgets, policy.name)
    return found


def _on(subject: str, budgets: Iterable[Budget], policy: str = "") -> list[Allowance]:
    return [
        Allowance(
            key=budget_key(subject, budget.limit, budget.period, budget.timezone, policy),
            unit=budget.limit,
            amount=budget.amount,
            hard=budget.mode == "hard",
            period=budget.period,
            zone=budget.timezone,
            since_us=budget.since_us,
            alerts=budget.alert_at,
            policy=policy,
        )
        for budget in budgets
    ]


def _uses(
    allowances: Iterable[Allowance], found: Mapping[str, records.BudgetUse]
) -> tuple[BudgetUse, ...]:
    return tuple(BudgetUse(*found.get(allowance.key, _NOTHING)) for allowance in allowances)
