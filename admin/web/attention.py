"""What needs somebody, as each page says it at its foot and the dashboard in full.

Read again after every change of a token, project or key, on whatever machine, and else every few
seconds at most: each page that is opened asks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

from models import generation
from models.errors import DatabaseUnavailable
from models.reports import attention
from models.reports.attention import Matter
from models.reports.used_up import UsedUp, nearly_used_up
from models.windows import BUCKET_SECONDS

if TYPE_CHECKING:
    from models.bindings import Upstreams
    from models.spending import Spending

_KEPT_S: Final = 5.0
_MOST_BUDGETS: Final = 8


class Attention(NamedTuple):
    """All of it, as far as it was looked at."""

    matters: Sequence[Matter]
    budgets: Sequence[UsedUp]

    @property
    def budget_count(self) -> int:
        """How many budgets; those that fill again by the minute or hour need nobody."""
        return sum(one.budget.period not in BUCKET_SECONDS for one in self.budgets)

    @property
    def things(self) -> int:
        """How many there are."""
        return len(self.matters) + self.budget_count

    @property
    def version(self) -> str:
        """Another one for other things."""
        budgets = [(one.row.id, one.policy, one.budget.period) for one in self.budgets]
        matters = [(one.kind, one.id, one.note) for one in self.matters]
        return f"{crc32(repr((matters, budgets)).encode()):x}"


class AttentionWatch:
    """What a worker's pages last saw."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._kept: Attention | None = None
        self._generation = -1
        self._until = 0.0

    async def look(self, spending: Spending, upstreams: Upstreams) -> Attention | None:
        """What needs somebody now; None where that cannot be read, which is trouble of its own."""
        try:
            async with self._lock:
                return await self._look(spending, upstreams)
        except DatabaseUnavailable:
            return None

    async def _look(self, spending: Spending, upstreams: Upstreams) -> Attention:
        changed = await generation.current()
        if self._kept is None or changed != self._generation or time.monotonic() >= self._until:
            budgets = await nearly_used_up(spending, limit=_MOST_BUDGETS)
            self._kept = Attention(await attention.matters(upstreams), budgets or ())
            self._generation = changed
            self._until = time.monotonic() + _KEPT_S
        return self._kept
