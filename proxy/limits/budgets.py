"""Budgets: what a request claims of one, and the arithmetic of all that happens to it.

A budget is money or tokens over a period. Calendar periods have windows, each with sums of its own:
what is `spent`, and what running requests hold of it. A minute or an hour is a bucket, whose level
is what was taken and has not run back in yet. Everything is whole numbers: nano-dollars, tokens,
microseconds. Where something does not divide, the budget has a little less.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, cast

from models.budgets import Budget
from models.windows import BUCKET_SECONDS, CalendarPeriod, window

Unit = Literal["usd", "tokens"]
#: How a budget refuses: what is spent leaves no room, or what is only held does, or its bucket
#: has not run full again.
Why = Literal["exceeded", "held", "rate"]

#: Among the shares of which alerts tell: that what lets nothing through once it is spent is spent.
#: It is told whenever a charge finds it so, or no longer so; the others once.
SPENT: Final = 0
#: How long a request is told to wait for what others hold, in seconds.
_HELD_RETRY_AFTER_S: Final = 5.0
_MICRO: Final = 1_000_000
#: What one request is charged at most: no count beyond is honest, nor does the ledger count more.
_NANOS_MAX: Final = 10**15
_TOKENS_MAX: Final = 2 * 10**10
#: What is spent of a budget at most. Of 64 bits, so much is left that no database overflows by what
#: is charged before it is bounded again.
SUM_MAX: Final = 2**62
#: Between the parts of a key; neither names of zones nor those of policies have it.
_BETWEEN: Final = "|"


class Allowance(NamedTuple):
    """One budget of a token or project, or of one of its policies.

    `key` is `budget_key`'s. `since_us` is when it was added, in Unix time. `match` says which
    requests a policy is about (`proxy.limits.matching`), '' where all are.
    """

    key: str
    unit: Unit
    amount: int
    hard: bool
    period: str
    zone: str
    since_us: int
    alerts: tuple[int, ...] = ()
    match: str = ""
    policy: str = ""


class BudgetClaim(NamedTuple):
    """What one request may cost a budget at most, or typically."""

    allowance: Allowance
    hold: int


class Charge(NamedTuple):
    """What a request that has ended is charged: what it used, what it held, or nothing."""

    kind: Literal["used", "held", "none"]
    nanos: int = 0
    tokens: int = 0


def used(nanos: int, tokens: int) -> Charge:
    """The charge of a request that used so much, whatever its upstream makes of that."""
    if nanos <= _NANOS_MAX and tokens <= _TOKENS_MAX:
        return Charge("used", nanos, tokens)
    return Charge("used", min(nanos, _NANOS_MAX), min(tokens, _TOKENS_MAX))


class Parts(NamedTuple):
    """What a key says."""

    subject: str
    unit: Unit
    period: str
    zone: str
    policy: str


def budget_key(subject: str, unit: Unit, period: str, zone: str, policy: str = "") -> str:
    """What identifies a budget. `subject` is a token's or a project's key."""
    # A bucket is the same in every zone.
    return _BETWEEN.join((subject, unit, period, "" if period in BUCKET_SECONDS else zone, policy))


def allowance_of(subject: str, budget: Budget, policy: str = "", match: str = "") -> Allowance:
    """A budget of a subject, or of its `policy`, which is for the requests that `match` tells."""
    ends_all = budget.mode == "hard" and budget.period == "total" and not policy
    return Allowance(
        key=budget_key(subject, budget.limit, budget.period, budget.timezone, policy),
        unit=budget.limit,
        amount=budget.amount,
        hard=budget.mode == "hard",
        period=budget.period,
        zone=budget.timezone,
        since_us=budget.since_us,
        alerts=(SPENT, *budget.alert_at) if ends_all else budget.alert_at,
        match=match,
        policy=policy,
    )


def parts_of(key: str) -> Parts:
    """Of what a key was made."""
    subject, unit, period, zone, policy = key.split(_BETWEEN, 4)
    return Parts(subject, "usd" if unit == "usd" else "tokens", period, zone, policy)


def bucket_us(period: str) -> int:
    """How long an empty bucket takes to fill, in microseconds; 0 where there are windows."""
    return BUCKET_SECONDS.get(period, 0) * _MICRO


def window_of(period: str, zone: str, now_us: int) -> tuple[int, int | None]:
    """The window of a moment; a bucket has one that never ends."""
    if period == "total" or period in BUCKET_SECONDS:
        return 0, None
    return window(cast(CalendarPeriod, period), zone, now_us)


def needs_base(allowance: Allowance, start_us: int) -> bool:
    """Whether a window that has no sums yet may have been spent of before the budget was added."""
    if allowance.period in BUCKET_SECONDS:
        return False
    return allowance.period == "total" or allowance.since_us > start_us


def charged(unit: Unit, hold: int, charge: Charge) -> int:
    """What a budget is charged of which the request held so much."""
    if charge.kind == "held":
        return hold
    if charge.kind == "none":
        return 0
    return charge.nanos if unit == "usd" else charge.tokens


def charges_of(claims: Iterable[BudgetClaim], charge: Charge) -> list[int]:
    """What each budget is charged."""
    kind, nanos, tokens = charge
    if kind == "held":
        return [hold for _, hold in claims]
    if kind == "none":
        return [0 for _ in claims]
    return [nanos if allowance.unit == "usd" else tokens for allowance, _ in claims]


def run_back(level: int, at_us: int, now_us: int, amount: int, bucket: int) -> tuple[int, int]:
    """A bucket's level now, and the moment from which it runs on.

    What has run in is counted in whole units; the moment moves by the time of these alone, so that
    the rest of the time counts with the next.
    """
    if level <= 0 or now_us <= at_us:
        # The clock may have been set back: the bucket must not stand still.
        return max(level, 0), now_us
    back = (now_us - at_us) * amount // bucket
    if back >= level:
        return 0, now_us
    return level - back, at_us - (-back * bucket // amount)


def use_of(
    allowance: Allowance, sums: tuple[int, int, int], until_us: int | None, now_us: int
) -> tuple[int, int, int | None]:
    """What is spent and held, and when it resets: of what is spent, held, and the time of that."""
    spent, held, at = sums
    bucket = bucket_us(allowance.period)
    if not bucket:
        return spent, held, until_us
    level, _ = run_back(spent, at, now_us, allowance.amount, bucket)
    return max(0, level - held), held, now_us - (-level * bucket // allowance.amount)


class BudgetExceeded(Exception):
    """A hard budget that has no room for a request. Nothing was taken of anything.

    `spent` and `held` are what was counted before. `retry_after` is in seconds; None where waiting
    does not help. `resets_at_us` is when the window ends, in Unix time; None where it never does,
    and of a bucket.
    """

    def __init__(
        self,
        claim: BudgetClaim,
        why: Why,
        sums: tuple[int, int],
        *,
        retry_after: float | None = None,
        resets_at_us: int | None = None,
    ):
        super().__init__(why)
        self.claim = claim
        self.why = why
        self.spent, self.held = sums
        self.retry_after = retry_after
        self.resets_at_us = resets_at_us

    @property
    def is_final(self) -> bool:
        """Whether the same request cannot be let in however long it waits in this window."""
        return self.retry_after is None


class BudgetState(NamedTuple):
    """A claim, and what was counted of its budget before it.

    `spent` of a bucket is its level, which what is held is part of.
    """

    claim: BudgetClaim
    spent: int
    held: int
    end_us: int | None

    @property
    def left(self) -> int:
        """What is left once the claim is taken."""
        allowance, hold = self.claim
        held = 0 if allowance.period in BUCKET_SECONDS else self.held
        return allowance.amount - self.spent - held - hold


def refused_by(states: Iterable[BudgetState]) -> BudgetExceeded | None:
    """Why these budgets refuse; None where they have room.

    What waiting does not mend goes first, then what others hold, then the longest wait.
    """
    found = [refusal for state in states if (refusal := _refusal(state)) is not None]
    return min(found, key=_rank, default=None)


def _rank(refusal: BudgetExceeded) -> tuple[int, float]:
    if refusal.why == "exceeded":
        return 0, 0.0
    if refusal.retry_after is None:
        return 1, 0.0
    return (2, 0.0) if refusal.why == "held" else (3, -refusal.retry_after)


def _refusal(state: BudgetState) -> BudgetExceeded | None:
    claim, spent, held, end = state
    allowance, hold = claim
    if not allowance.hard:
        return None
    amount = allowance.amount
    if bucket := bucket_us(allowance.period):
        over = spent + hold - amount
        if over <= 0:
            return None
        wait = None if hold > amount else -(-over * bucket // amount) / _MICRO
        return BudgetExceeded(claim, "rate", (max(0, spent - held), held), retry_after=wait)
    if spent + held + hold <= amount:
        return None
    if spent + hold > amount:
        return BudgetExceeded(claim, "exceeded", (spent, held), resets_at_us=end)
    return BudgetExceeded(
        claim, "held", (spent, held), retry_after=_HELD_RETRY_AFTER_S, resets_at_us=end
    )
