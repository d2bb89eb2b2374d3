"""What is stored of limits, as everything but a decision sees it: commands, pages, backups.

Any process may ask, beside the workers that decide. Who asks knows counters by their keys
(`token_key`, `project_key`) and nothing of files, tables or columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol


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
        """Let these begin anew."""
        ...
