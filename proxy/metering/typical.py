"""What a token's requests on a model used: of the last 200, all but the dearest hundredth."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict, deque
from typing import Final, NamedTuple

#: Requests that are remembered of each token and model, and of how many of those pairs.
REQUESTS: Final = 200
PAIRS_MAX: Final = 2_000
_NAME_MAX: Final = 200


class Used(NamedTuple):
    """What one request used."""

    tokens: int
    nanos: int


class Typical:
    """Of one worker. Some 10 MB at most: what was used longest ago is forgotten first.

    What nobody asks for is not remembered: most budgets hold the most that a request may use.
    """

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], _Last] = OrderedDict()

    def add(self, token: str, model: str, used: Used) -> None:
        """A request has ended, and this is what it used."""
        if not self._seen:
            return
        key = token, model[:_NAME_MAX]
        if (last := self._seen.get(key)) is not None:
            self._seen.move_to_end(key)
            last.add(used)

    def of(self, token: str, model: str) -> Used | None:
        """The 99th percentile of what was used; None where nothing is remembered, but from now on
        will be."""
        key = token, model[:_NAME_MAX]
        last = self._seen.get(key)
        if last is None:
            if len(self._seen) >= PAIRS_MAX:
                self._seen.popitem(last=False)
            self._seen[key] = _Last()
            return None
        return last.percentile()


class _Last:
    """The last requests in order, and what they used in order of size."""

    __slots__ = ("_nanos", "_order", "_tokens")

    def __init__(self) -> None:
        self._order: deque[Used] = deque()
        self._tokens: list[int] = []
        self._nanos: list[int] = []

    def add(self, used: Used) -> None:
        if len(self._order) == REQUESTS:
            first = self._order.popleft()
            for sizes, one in zip((self._tokens, self._nanos), first, strict=True):
                del sizes[bisect_left(sizes, one)]
        self._order.append(used)
        insort(self._tokens, used.tokens)
        insort(self._nanos, used.nanos)

    def percentile(self) -> Used | None:
        if not self._order:
            return None
        at = -(-99 * len(self._order) // 100) - 1
        return Used(self._tokens[at], self._nanos[at])
