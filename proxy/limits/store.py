"""The interface behind which limits are decided, and the values that cross it.

All limits of a request, the token's and its project's, are decided together or not at all. There
are two engines: `limits_sqlite` (node-local, synchronous) and `limits_postgres` (a function that a
migration installs, called once for all requests that wait together). A Valkey store would stand
behind the same protocol.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

Kind = Literal["quota", "rate", "parallel"]


class Claim(NamedTuple):
    """What one subject (a token or a project) allows.

    `key` names the counters (`t:<id>`, `p:<id>`); the claims of a request have distinct keys. A
    quota set anew has a higher `quota_epoch`, with which the count starts again, at `quota_base`:
    a limit that is set late counts from the token's `request_count`. Rate and slots go on as they
    were. Only counts are stored, so a changed limit holds from the next claim on.
    """

    key: str
    quota: int | None = None
    quota_base: int = 0
    requests_per_minute: int | None = None
    max_parallel: int | None = None
    quota_epoch: int = 0


class Remaining(NamedTuple):
    """The tightest requests-per-minute limit, or the quota where there is no rate.

    `reset` is in seconds: until the bucket is full again, 0 for a quota.
    """

    limit: int
    remaining: int
    reset: float


class Reservation(NamedTuple):
    """An admitted request's hold on its limits. `lease` is None without a parallel limit."""

    claims: tuple[Claim, ...]
    lease: str | None
    remaining: Remaining | None


class Exhausted(Exception):
    """A claim refused. Nothing was taken from any of them.

    Where several refuse, a quota goes before a rate, the longest wait first, and a rate before a
    parallel limit. `retry_after` is in seconds, None where waiting does not help. `remaining` is
    that of the limit that refused.
    """

    def __init__(self, kind: Kind, key: str, retry_after: float | None, remaining: Remaining):
        super().__init__(kind)
        self.kind = kind
        self.key = key
        self.retry_after = retry_after
        self.remaining = remaining


class LimitsUnavailable(Exception):
    """The store cannot answer; a limited request must not be admitted unseen."""


class LimitStore(Protocol):
    """Counters shared by all workers (and machines) that serve one database.

    Every reservation ends in exactly one of `release` and `give_back`.
    """

    @property
    def healthy(self) -> bool:
        """Whether limits can be decided, as far as is known; noticed without requests, too."""
        ...

    async def acquire(self, claims: tuple[Claim, ...]) -> Reservation:
        """Take one request from every claim, or nothing.

        Raises `Exhausted` or `LimitsUnavailable`. Its cancellation either took nothing or gives
        back what it took.
        """
        ...

    def release(self, reservation: Reservation) -> None:
        """The request ended: its parallel slot is free. Never blocks, never raises."""
        ...

    def give_back(self, reservation: Reservation) -> None:
        """No byte was written upstream: quota and slot return (the rate does not)."""
        ...

    async def close(self) -> None:
        """Finish what `release` and `give_back` left under way, then let go of the store."""
        ...
