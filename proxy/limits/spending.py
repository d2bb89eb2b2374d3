"""What is used of tokens, projects and their policies, out of what an engine has stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import time_ns

from models import budget_alerts, spent_budgets
from models.budgets import Budget
from models.errors import DatabaseUnavailable
from models.spending import BudgetUse, Limited, PolicyUse, Quota, Use
from models.windows import BUCKET_SECONDS
from proxy.limits import records
from proxy.limits.budgets import Allowance, allowance_of, window_of
from proxy.limits.records import LimitRecords
from proxy.limits.store import LimitsUnavailable, policy_key, project_key, token_key

_NOTHING = records.BudgetUse(0, 0, None)


class StoredSpending:
    """A `models.spending.Spending`. `opened` gives the records when something is to be read."""

    def __init__(self, opened: Callable[[], LimitRecords]) -> None:
        self._opened = opened

    async def of(
        self, subjects: Sequence[Limited], *, quotas: bool = False
    ) -> Sequence[Use] | None:
        """What is used of each; None where that cannot be read now."""
        try:
            wanted = [allowance for one in subjects for allowance in _allowances(one)]
            found = await self._opened().budgets(wanted) if wanted else {}
            return [await self._use(subject, found, quotas) for subject in subjects]
        except (LimitsUnavailable, DatabaseUnavailable):
            return None

    async def reset(self, subject: Limited) -> None:
        """Let the budgets that are named have spent nothing. Raises LimitsUnavailable."""
        found = _allowances(subject)
        await self._opened().reset_budgets([one.key for one in found])
        now_us = time_ns() // 1000
        for one in found:
            # What was told of the window may come again.
            start_us, end_us = window_of(one.period, one.zone, now_us)
            await budget_alerts.forget(one.key, start_us, one.alerts)
            await spent_budgets.forget(one.key, end_us, one.amount)

    async def _use(
        self, subject: Limited, found: Mapping[str, records.BudgetUse], quotas: bool
    ) -> Use:
        key = _key(subject)
        policies = []
        for policy in subject.policies:
            requests = None
            if quotas and policy.max_requests is not None:
                quota = Quota(policy.quota_epoch, policy.quota_base)
                requests = await self._requests(policy_key(key, policy.name), quota)
            budgets = _uses(_on(key, policy.budgets, policy.name), found)
            policies.append(PolicyUse(requests, budgets))
        requests = None
        if quotas and subject.quota is not None:
            requests = await self._requests(key, subject.quota)
        return Use(requests, _uses(_on(key, subject.budgets), found), tuple(policies))

    async def _requests(self, key: str, quota: Quota) -> int:
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
    return [allowance_of(subject, budget, policy) for budget in budgets]


def _uses(
    allowances: Iterable[Allowance], found: Mapping[str, records.BudgetUse]
) -> tuple[BudgetUse, ...]:
    return tuple(_use(allowance, found.get(allowance.key, _NOTHING)) for allowance in allowances)


def _use(allowance: Allowance, found: records.BudgetUse) -> BudgetUse:
    spent, held, resets_at_us = found
    if allowance.period in BUCKET_SECONDS and not spent + held:
        # A full bucket is not full again at some time.
        resets_at_us = None
    return BudgetUse(spent, held, resets_at_us)
