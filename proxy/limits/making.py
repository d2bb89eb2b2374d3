"""Windows of budgets that begin with what was used in them before, made beside the decisions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from proxy.limits.asking import Asking, answer
from proxy.limits.budgets import Allowance
from proxy.limits.store import LimitsUnavailable

#: Makes what is missing of the windows that are now. Raises LimitsUnavailable.
MakeBases = Callable[[Sequence[Allowance]], Awaitable[None]]


class Making:
    """Requests that wait for such windows; `again` is given each of them once they are there."""

    def __init__(self, make: MakeBases | None, again: Callable[[Asking], None]) -> None:
        self._make = make
        self._again = again
        self._found: list[tuple[Asking, tuple[Allowance, ...]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def possible(self) -> bool:
        """Whether there is anything to count from; else each window begins empty."""
        return self._make is not None

    def add(self, asking: Asking, missing: tuple[Allowance, ...]) -> None:
        """A decision found these missing, in a transaction that is not committed yet."""
        self._found.append((asking, missing))

    def forget(self) -> None:
        """It was not committed, or its request asks again by itself."""
        self._found.clear()

    def start(self) -> None:
        """Make what was found missing."""
        while self._found:
            asking, missing = self._found.pop()
            task = asyncio.create_task(self._make_for(asking, missing))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _make_for(self, asking: Asking, missing: tuple[Allowance, ...]) -> None:
        if self._make is None:
            return
        try:
            await self._make(missing)
        except LimitsUnavailable as exc:
            answer([(asking, exc)])
        except BaseException as exc:
            answer([(asking, LimitsUnavailable(repr(exc)))])
            raise
        else:
            self._again(asking)

    def close(self) -> None:
        """Make no more."""
        for task in self._tasks:
            task.cancel()
