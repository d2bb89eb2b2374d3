"""What is stored of limits, as everything but a decision sees it: commands, pages, backups.

Any process may ask, beside the workers that decide. Who asks knows counters by their keys
(`token_key`, `project_key`) and nothing of files, tables or columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from proxy.limits.budgets import Allowance


class Counter(NamedTuple):
    """One subject's counts, in a form that no engine owns.

    `used` belongs to the quota of this epoch, -1 before there was one. `bucket_level` is how many
    requests were taken from the rate's bucket and have not run back in yet, as of `at`, in Unix
    seconds. Slots are not in it: they end with their workers.
    """

    key: str
    epoch: int
    used: int
    bucket_level: float
    at: float


class Used(NamedTuple):
    """Requests that were admitted under the quota of this epoch."""

    epoch: int
    requests: int


class BudgetUse(NamedTuple):
    """What was spent and is held of a budget, in the window that is now.

    Of a bucket, `spent` is what has not run back in yet, without what is held; `resets_at_us` is
    when all of it has. It is None where a window never ends.
    """

    spent: int
    held: int
    resets_at_us: int | None


class WindowUse(NamedTuple):
    """What is taken of a budget in a window that has not ended; `amount` is as it was last asked
    of it."""

    key: str
    start: int
    spent: int
    held: int
    amount: int


class BudgetCounter(NamedTuple):
    """One window of a budget, in a form that no engine owns."""

    key: str
    start: int
    until: int | None
    spent: int
    held: int
    at: int
    amount: int
    alerts: str
    alerted: int
    matches: str


class BudgetHold(NamedTuple):
    """What one request holds: of which windows, and how much of each."""

    request: str
    at: int
    final: bool
    keys: tuple[str, ...]
    starts: tuple[int, ...]
    amounts: tuple[int, ...]


class BudgetDump(NamedTuple):
    """All that is stored of budgets. `positions` are where budgets have journals of their own."""

    counters: Sequence[BudgetCounter]
    holds: Sequence[BudgetHold]
    positions: Mapping[str, int]


class LimitRecords(Protocol):
    """What one engine has stored. Everything raises LimitsUnavailable."""

    async def check(self) -> None:
        """Raise NewerSchema where a newer release made what is stored."""
        ...

    async def used(self, key: str) -> Used | None:
        """What is used of one quota; None where none was ever asked about."""
        ...

    async def dump(self) -> Sequence[Counter]:
        """All counters."""
        ...

    async def load(self, counters: Iterable[Counter]) -> None:
        """Put these in the place of all counters. No worker may be running."""
        ...

    async def forget(self, keys: Iterable[str]) -> None:
        """Let these begin anew, and with them the budgets of the subjects among them."""
        ...

    async def budgets(self, allowances: Sequence[Allowance]) -> Mapping[str, BudgetUse]:
        """What is spent and held of each, by its key."""
        ...

    async def most_used(self, limit: int, offset: int = 0) -> Sequence[WindowUse]:
        """The windows of which most is taken, buckets left out, those first."""
        ...

    async def reset_budgets(self, keys: Iterable[str]) -> None:
        """Let these have spent nothing in their windows. What is held stays."""
        ...

    async def dump_budgets(self) -> BudgetDump:
        """All that is stored of budgets."""
        ...

    async def load_budgets(self, dump: BudgetDump) -> None:
        """Put this in the place of all that is stored of budgets. No worker may be running."""
        ...

    async def add_budgets(self, counters: Iterable[BudgetCounter]) -> None:
        """Store windows that are not there."""
        ...
