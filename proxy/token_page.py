"""What a token is shown of itself: how it stands, its limits, and what is left of them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

import msgspec

from models.budgets import Budget, Policy
from models.exhaustion import lasting
from models.grants import GrantRecord
from models.spending import BudgetUse, Limited, PolicyUse, Quota, Spending, Use, shown_budget
from models.token_status import TokenStatus
from proxy.access.grant import Grant
from proxy.failures import of_limits
from proxy.limits.store import LimitsUnavailable

#: Seconds for which what was read is shown again: whoever asks all the time reads no oftener.
_KEPT_S: Final = 0.9
_KEPT_MAX: Final = 1024


class _Kept(NamedTuple):
    record: GrantRecord
    until: float
    content: asyncio.Task[bytes]


class Suspended(Protocol):
    """Who knows which upstream keys are no good (`accounts.rests.Rests`)."""

    @property
    def suspended(self) -> Collection[UUID]:
        """Keys that their upstream and a test of ours refuse."""
        ...


class TokenPage:
    """Of all tokens of one worker."""

    def __init__(self, spending: Spending, rests: Suspended) -> None:
        self._spending = spending
        self._rests = rests
        self._kept: dict[UUID, _Kept] = {}

    async def of(self, grant: Grant) -> bytes:
        """The JSON for one token. Raises a refusal where what is used cannot be read."""
        loop, record = asyncio.get_running_loop(), grant.record
        kept = self._kept.get(record.token_id)
        if kept is None or kept.record is not record or loop.time() >= kept.until:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            kept = _Kept(record, loop.time() + _KEPT_S, loop.create_task(self._read(grant)))
            kept.content.add_done_callback(_heard)
            self._kept[record.token_id] = kept
        # Who leaves takes nothing from the others that wait for it.
        return await asyncio.shield(kept.content)

    async def _read(self, grant: Grant) -> bytes:
        record, quota = grant.record, None
        if record.max_requests is not None:
            quota = Quota(record.quota_epoch, record.quota_base)
        asked = [Limited("token", record.token_id, record.budgets, record.policies, quota)]
        shared = lasting(record.project_budgets)
        if shared:
            asked.append(Limited("project", record.project_id, shared, ()))
        uses = await self._spending.of(asked, quotas=True)
        if uses is None:
            raise of_limits(LimitsUnavailable("not to be read"))
        spent = shared and _is_spent(shared, uses[1].budgets)
        suspended = self._rests.suspended
        has_key = any(target.key_id not in suspended for target in grant.targets)
        status = _status(record, uses[0], project_is_spent=bool(spent), has_key=has_key)
        return msgspec.json.encode(_shown(record, uses[0], status))


def _heard(read: asyncio.Task[bytes]) -> None:
    if not read.cancelled():
        # Else asyncio logs what nobody waited for any more.
        read.exception()


def _is_spent(budgets: Sequence[Budget], uses: Sequence[BudgetUse]) -> bool:
    return any(use.spent >= one.amount for one, use in zip(budgets, uses, strict=True))


def _status(record: GrantRecord, use: Use, *, project_is_spent: bool, has_key: bool) -> TokenStatus:
    """The first that holds; a token that may not be used at all does not get here."""
    own = [used for one, used in zip(record.budgets, use.budgets, strict=True) if lasting([one])]
    used_up = project_is_spent or _is_spent(lasting(record.budgets), own)
    if used_up or _left(record.max_requests, use.requests) == 0:
        return "exhausted"
    return "active" if has_key else "no_upstream_key"


def _shown(record: GrantRecord, use: Use, status: TokenStatus) -> dict[str, Any]:
    ends = [end for end in (record.expires_at, record.secret_expires_at) if end is not None]
    expires_at = datetime.fromtimestamp(min(ends), UTC) if ends else None
    return {
        "id": record.token_id,
        "project_id": record.project_id,
        "status": status,
        "expires_at": expires_at,
        "max_requests": record.max_requests,
        "remaining_requests": _left(record.max_requests, use.requests),
        "requests_per_minute": record.requests_per_minute,
        "max_parallel_requests": record.max_parallel_requests,
        "allowed_models": record.allowed_models,
        "allowed_endpoints": record.allowed_endpoints,
        "allowed_ips": record.allowed_ips,
        "budgets": [*map(shown_budget, record.budgets, use.budgets)],
        "policies": [
            _policy(policy, used)
            for policy, used in zip(record.policies, use.policies, strict=True)
        ],
    }


def _policy(policy: Policy, use: PolicyUse) -> dict[str, Any]:
    return {
        **policy.rule(),
        "budgets": [*map(shown_budget, policy.budgets, use.budgets)],
        "remaining_requests": _left(policy.max_requests, use.requests),
    }


def _left(most: int | None, used: int | None) -> int | None:
    return None if most is None or used is None else max(0, most - used)
