"""The interface behind which limits are decided, and the values that cross it.

All limits of a request, the token's and its project's, are decided together or not at all. There
are two engines: `sqlite` (node-local, synchronous) and `postgres` (a function that a migration
installs, called once for all requests that wait together). What both have stored is read and moved
through `records`; `engines` says which of them goes with which database.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, Protocol
from uuid import UUID

import msgspec

from models.again import Recorded
from proxy.limits.budgets import BudgetClaim, Charge

#: What is counted: requests in all (a quota), per minute (a token bucket), and at once.
Dimension = Literal["requests", "rate", "slots"]


Scope = Literal["token", "project"]
_PREFIXES: Final[Mapping[Scope, str]] = MappingProxyType({"token": "t:", "project": "p:"})


def token_key(token_id: UUID | str) -> str:
    """What names a token's counters."""
    return f"{_PREFIXES['token']}{token_id}"


def project_key(project_id: UUID | str) -> str:
    """What names a project's counters."""
    return f"{_PREFIXES['project']}{project_id}"


def subject_of(key: str) -> tuple[Scope, UUID]:
    """Whose counters `token_key` or `project_key` named."""
    return "token" if key.startswith(_PREFIXES["token"]) else "project", UUID(key[2:])


def policy_key(subject: str, name: str) -> str:
    """What names the counters of a policy of a token or project; `subject` is the key of that."""
    return f"{subject}/{name}"


def scope_of(key: str) -> Scope:
    """Whose counters a key names."""
    return "token" if key.startswith(_PREFIXES["token"]) else "project"


def policy_of(key: str) -> str | None:
    """The policy whose counters a key names; None where they are the subject's own."""
    return key.partition("/")[2] or None


class Claim(NamedTuple):
    """An `amount` to be taken from one limit of one subject, a token or a project.

    `key` names the subject's counters (`token_key`, `project_key`); a request has one claim at most
    for a key and dimension. A quota set anew has a higher `epoch`, with which its count starts
    again, at `base`: a limit that is set late counts from the token's `request_count`. Rate and
    slots go on as they were. Only counts are stored, so a changed limit holds from the next claim.
    """

    key: str
    dimension: Dimension
    limit: int
    amount: int = 1
    base: int = 0
    epoch: int = 0


def claims_on(
    key: str,
    *,
    quota: int | None = None,
    quota_base: int = 0,
    quota_epoch: int = 0,
    requests_per_minute: int | None = None,
    max_parallel: int | None = None,
) -> tuple[Claim, ...]:
    """What one request claims of a subject: a claim for each limit that it has."""
    claims = []
    if quota is not None:
        claims.append(Claim(key, "requests", quota, base=quota_base, epoch=quota_epoch))
    if requests_per_minute is not None:
        claims.append(Claim(key, "rate", requests_per_minute))
    if max_parallel is not None:
        claims.append(Claim(key, "slots", max_parallel))
    return tuple(claims)


Moved = Callable[[str, int], None]
Amounts = Mapping[Dimension, int]
"""What a request really used, by dimension; one that is not named used what was taken."""

AS_TAKEN: Final[Amounts] = MappingProxyType({})
#: No byte of the request was written to an upstream.
NOT_SENT: Final[Amounts] = MappingProxyType({"requests": 0})


def refund(claim: Claim, actual: Amounts) -> int:
    """How much of a claim goes back: only a quota is refunded, and slots are freed besides."""
    if claim.dimension != "requests":
        return 0
    return claim.amount - actual.get("requests", claim.amount)


class Remaining(NamedTuple):
    """The tightest requests-per-minute limit, or the quota where there is no rate.

    `reset` is in seconds: until the bucket is full again, 0 for a quota.
    """

    limit: int
    remaining: int
    reset: float


class Reservation(msgspec.Struct, frozen=True):
    """An admitted request's hold on its limits. `lease` is None without a parallel limit.

    `left` is what each of `budgets` has left beside this request's hold.
    """

    claims: tuple[Claim, ...]
    lease: int | None
    remaining: Remaining | None
    budgets: tuple[BudgetClaim, ...] = ()
    request_id: str = ""
    left: tuple[int, ...] = ()


class LimitExceeded(Exception):
    """A claim refused. Nothing was taken from any of them.

    `claim` is the one that refused. Where several do, a quota goes before a rate, the longest wait
    first, and a rate before slots. `retry_after` is in seconds, None where waiting does not help.
    `remaining` is that of the limit that refused.
    """

    def __init__(self, claim: Claim, retry_after: float | None, remaining: Remaining):
        super().__init__(claim.dimension)
        self.claim = claim
        self.retry_after = retry_after
        self.remaining = remaining


class LimitsUnavailable(Exception):
    """The store cannot answer; a limited request must not be admitted unseen."""


class NewerSchema(LimitsUnavailable):
    """A newer release made what is stored, and this one would damage it."""


class ChargesItself(Protocol):
    """A store that charges budgets for what its worker's journal is written, before the sink does.

    It moves the sink's position in the same step, so that each entry is charged once.
    """

    moved: Moved | None
    """Called with a journal and up to where it was charged."""

    def written(self, journal: str, start: int, end: int, entries: Sequence[Recorded]) -> None:
        """These entries were written to a journal of ours, between these two bytes of it."""
        ...

    def takes(self, journal: str, position: int) -> bool:
        """Whether what was written behind there will be charged so, in a moment."""
        ...


#: What came of a decision: a reservation, or the exception that `LimitStore.decide` raises.
Outcome = Reservation | Exception


class LimitStore(Protocol):
    """Counters shared by all workers (and machines) that serve one database.

    Every reservation is settled exactly once.
    """

    @property
    def healthy(self) -> bool:
        """Whether limits can be decided, as far as is known; noticed without requests, too."""
        ...

    def decide(
        self, claims: tuple[Claim, ...], budgets: tuple[BudgetClaim, ...] = (), request_id: str = ""
    ) -> Awaitable[Reservation]:
        """Take the amount of every claim and the hold of every budget, or nothing.

        `request_id` is that of the entry in which the request will end, by which its holds are
        known. To be awaited once, at once. Raises there LimitExceeded, BudgetExceeded,
        LimitsUnavailable. The wait's cancellation took nothing or gives back what it took.
        """
        ...

    def settle(
        self, reservation: Reservation, actual: Amounts = AS_TAKEN, charge: Charge | None = None
    ) -> None:
        """The request ended: its slots are free, and what it did not use is refunded.

        Only a quota is refunded, never a rate. `charge` is what its entry says, from which on its
        budgets count that instead of its hold; the charge itself is the journal's, so without
        `charge` the hold stands until the entry comes. Neither blocks nor raises.
        """
        ...

    async def close(self) -> None:
        """Write what `settle` left to write, then close the store."""
        ...
