"""What the SQLite engine decides, from counters that it has read: arithmetic without a database.

The PostgreSQL engine decides alike, in the functions that a migration installs.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple, TypeAlias

from proxy.limits.store import Claim, LimitExceeded, Remaining

#: A key's `epoch`, `used`, `spent` and `at`, as `limits_sqlite` stores them.
Row: TypeAlias = tuple[int, int, float, float]
#: What a key without a row has.
NEW: Final[Row] = (-1, 0, 0.0, 0.0)

_PARALLEL_RETRY_AFTER_S: Final = 1.0
# Lets a client in that waited exactly as long as it was told.
_GRAIN: Final = 1e-6


class ClaimState(NamedTuple):
    """A claim, its row as of now, and the slots in use: before anything is taken."""

    claim: Claim
    epoch: int
    used: int
    spent: float
    at: float
    busy: int


def state_of(claim: Claim, row: Row, now: float, busy: int) -> ClaimState:
    """How a claim stands: its quota's epoch begun, its bucket refilled. `row` is not of later."""
    epoch, used, spent, at = row
    if claim.quota is not None and epoch < claim.quota_epoch:
        epoch, used = claim.quota_epoch, claim.quota_base
    if (rate := claim.requests_per_minute) is not None:
        # At most the rate, for when it was lowered: an empty bucket fills within a minute.
        spent, at = max(0.0, min(spent, rate) - (now - at) * rate / 60), now
    return ClaimState(claim, epoch, used, spent, at, busy)


def refusal(states: list[ClaimState]) -> LimitExceeded | None:
    """Why a request with these claims is refused; None where it is admitted."""
    for claim, _, used, *_ in states:
        if claim.quota is not None and used >= claim.quota:
            return LimitExceeded("quota", claim.key, None, Remaining(claim.quota, 0, 0.0))
    empty = []
    for claim, _, _, spent, *_ in states:
        if (rate := claim.requests_per_minute) is not None and spent + 1 > rate + _GRAIN:
            wait = (spent + 1 - rate) * 60 / rate if rate else math.inf
            empty.append((wait, claim.key, Remaining(rate, 0, spent * 60 / rate if rate else 0.0)))
    if empty:
        wait, key, left = max(empty)
        return LimitExceeded("rate", key, wait if wait < math.inf else None, left)
    for claim, *_, busy in states:
        if claim.max_parallel is not None and busy >= claim.max_parallel:
            left = Remaining(claim.max_parallel, 0, _PARALLEL_RETRY_AFTER_S)
            return LimitExceeded("parallel", claim.key, _PARALLEL_RETRY_AFTER_S, left)
    return None


def remaining(states: list[ClaimState]) -> Remaining | None:
    """What is left once one request is taken."""
    tightest: Remaining | None = None
    for claim, _, used, spent, *_ in states:
        if (rate := claim.requests_per_minute) is not None:
            left = max(0, int(rate - spent - 1 + _GRAIN))
            if tightest is None or tightest.reset == 0 or left < tightest.remaining:
                tightest = Remaining(rate, left, (spent + 1) * 60 / rate)
        elif claim.quota is not None and tightest is None:
            tightest = Remaining(claim.quota, claim.quota - used - 1, 0.0)
    return tightest
