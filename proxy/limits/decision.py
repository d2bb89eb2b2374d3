"""What a decision says, from what was counted before it: arithmetic without a database.

The SQLite engine decides by it. The PostgreSQL engine decides alike, in the function that a
migration installs, and says by it what that function answered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, NamedTuple

from proxy.limits.budgets import BudgetExceeded, BudgetState, refused_by
from proxy.limits.store import Claim, LimitExceeded, Remaining

_SLOT_RETRY_AFTER_S: Final = 1.0
#: Lets a client in that waited exactly as long as Retry-After said; less than any whole amount.
GRAIN: Final = 1e-6


class ClaimState(NamedTuple):
    """A claim, and how much of its limit is taken already.

    `level` is requests that are used, what a rate's bucket has not got back yet, or slots in use.
    """

    claim: Claim
    level: float


class Row:
    """A counter in a transaction, to be written where it is changed. Without a row: a new one."""

    __slots__ = ("at", "bucket_level", "changed", "epoch", "used")

    def __init__(
        self, epoch: int = -1, used: int = 0, bucket_level: float = 0.0, at: float = 0.0
    ) -> None:
        self.epoch = epoch
        self.used = used
        self.bucket_level = bucket_level
        self.at = at
        self.changed = False


def refilled(bucket_level: float, elapsed: float, rate: int) -> float:
    """A bucket's level after so many seconds."""
    # At most the rate, for when it was lowered: an empty bucket fills within a minute.
    return max(0.0, min(bucket_level, rate) - elapsed * rate / 60)


def refusal(states: Sequence[ClaimState]) -> LimitExceeded | None:
    """Why a request with these claims is refused; None where it is admitted."""
    exceeded = [state for state in states if state.level + state.claim.amount > _most(state.claim)]
    for claim, _ in exceeded:
        if claim.dimension == "requests":
            return LimitExceeded(claim, None, Remaining(claim.limit, 0, 0.0))
    empty = [_wait(*state) for state in exceeded if state.claim.dimension == "rate"]
    if empty:
        wait, claim, reset = max(empty)
        left = Remaining(claim.limit, 0, reset)
        return LimitExceeded(claim, wait if wait < math.inf else None, left)
    for claim, _ in exceeded:
        left = Remaining(claim.limit, 0, _SLOT_RETRY_AFTER_S)
        return LimitExceeded(claim, _SLOT_RETRY_AFTER_S, left)
    return None


def first_refusal(
    states: Sequence[ClaimState], budgets: Sequence[BudgetState]
) -> LimitExceeded | BudgetExceeded | None:
    """The same, of a request that has budgets as well.

    What waiting does not mend goes first, a quota before budgets; then rates and slots.
    """
    limit = refusal(states)
    budget = refused_by(budgets) if budgets else None
    if limit is None or budget is None:
        return limit or budget
    return budget if budget.is_final and limit.claim.dimension != "requests" else limit


def _most(claim: Claim) -> float:
    return claim.limit + GRAIN if claim.dimension == "rate" else claim.limit


def _wait(claim: Claim, level: float) -> tuple[float, Claim, float]:
    """Seconds until a rate admits the claim, and until its bucket is full."""
    rate = claim.limit
    if not rate:
        return math.inf, claim, 0.0
    return (level + claim.amount - rate) * 60 / rate, claim, level * 60 / rate


def remaining(states: Iterable[tuple[Claim, float]]) -> Remaining | None:
    """What is left once the claims are taken: of the tightest rate, or else of the quota.

    For each `ClaimState`, or for pairs like it.
    """
    # As plain tuples, since each `Remaining` costs more than all of this.
    quota: tuple[int, int, float] | None = None
    tightest: tuple[int, int, float] | None = None
    for (_, dimension, limit, amount, _, _), level in states:
        if dimension == "rate":
            left = max(0, int(limit - level - amount + GRAIN))
            if tightest is None or left < tightest[1]:
                tightest = limit, left, (level + amount) * 60 / limit
        elif dimension == "requests" and quota is None:
            quota = limit, int(limit - level - amount), 0.0
    found = tightest or quota
    return None if found is None else Remaining(*found)


def remaining_of_each(
    claims: Sequence[Claim], levels: Sequence[float], count: int
) -> list[Remaining | None]:
    """The same, of each of so many requests with these claims that are admitted one by one."""
    first = remaining(zip(claims, levels, strict=True))
    if first is None or count == 1:
        return [first] * count
    limit, left, reset = first
    # Each takes 1 of every limit, so that the tightest stays so.
    longer = 60 / limit if reset else 0.0
    return [_left((limit, left - more, reset + more * longer)) for more in range(count)]


#: Without a call of Python for each.
_left: Final[Callable[[tuple[int, int, float]], Remaining]] = partial(tuple.__new__, Remaining)
