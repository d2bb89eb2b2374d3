"""How many bytes of bodies a worker keeps at once, of all its requests together."""

from __future__ import annotations

import msgspec

from proxy import errors


def _full() -> errors.Overloaded:
    return errors.Overloaded("Too many bytes of request bodies are kept at once.", retry_after=1.0)


class BodyBudget:
    """`kept` of at most `most` bytes."""

    __slots__ = ("kept", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.kept = 0

    def keep(self, size: int) -> KeptBytes:
        """Keep a body of so many bytes. Raises Overloaded where there is no room for it."""
        kept = self.kept + size
        if kept > self.most:
            raise _full()
        self.kept = kept
        return KeptBytes(self, size)

    def check(self, size: int) -> None:
        """Raise Overloaded where there is no room for so many more bytes."""
        if self.kept + size > self.most:
            raise _full()

    def has_spare(self, size: int) -> bool:
        """Whether half of it stays free beside so many more: what need not be kept must not keep
        out what has to be."""
        return 2 * (self.kept + size) <= self.most


class KeptBytes(msgspec.Struct, eq=False):
    """One body's part of the budget: `size` bytes."""

    _budget: BodyBudget
    size: int = 0

    def take(self, size: int) -> None:
        """Keep so many more. Raises Overloaded where the budget has no room for them."""
        self._budget.check(size)
        self._budget.kept += size
        self.size += size

    def give_back(self, size: int) -> None:
        """So many are kept no longer; what was spliced in never counted."""
        size = min(size, self.size)
        self.size -= size
        self._budget.kept -= size

    def end(self) -> None:
        """Nothing is kept any longer. Safe to call again."""
        self._budget.kept -= self.size
        self.size = 0
