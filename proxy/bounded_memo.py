"""A memo of what was read of bytes that come again and again, bounded in bytes, sans-io.

Clients choose what is put in, so nothing they send may make it large, slow or useless:

- A key is kept once it came twice; of the first time, only a hash is noted. What never comes again
  costs one store into a table of fixed size.
- There are two generations. A full one becomes the old one, and what is still used moves back into
  the young one, so that a flood of new keys cannot evict what others use.
- Python's hash of bytes is keyed by process, so that collisions cannot be aimed at.
"""

from __future__ import annotations

from array import array
from typing import Final, Generic, Protocol, TypeVar


class Sized(Protocol):
    """A value that knows what it takes with its key and its place in a dictionary, in bytes."""

    @property
    def size(self) -> int: ...


V = TypeVar("V", bound=Sized)

_NOTED: Final = 4096
_PLACES: Final = _NOTED - 1
#: A place in a dictionary, at its emptiest after it has grown.
PLACE_BYTES: Final = 128

#: What may be learned at once, where nothing was learned for long.
_LEARNED_AT_ONCE: Final = 64


class Learning:
    """What may be learned of what is read, where that costs more than reading: each reading earns
    it a little, and to learn once takes as much as `costs` of them have earned. So a flood of what
    is worth nothing costs little more than to read it."""

    __slots__ = ("_costs", "_earned")

    def __init__(self, *, costs: int) -> None:
        self._costs = costs
        self._earned = _LEARNED_AT_ONCE * costs

    def earn(self) -> bool:
        """One more was read; whether that is enough to learn once."""
        earned = self._earned = self._earned + 1
        return earned >= self._costs

    def spend(self) -> None:
        """Something is learned."""
        self._earned = min(self._earned, _LEARNED_AT_ONCE * self._costs) - self._costs

    def forget(self) -> None:
        """As at the beginning."""
        self._earned = _LEARNED_AT_ONCE * self._costs


class BoundedMemo(Generic[V]):
    """`young` is looked into by its users; what it does not hold is `recall`ed, and else
    `offer`ed."""

    __slots__ = ("_entry_max", "_half", "_noted", "_old", "_used", "young")

    def __init__(self, max_bytes: int, *, entry_max_bytes: int) -> None:
        self.young: dict[bytes, V] = {}
        self._old: dict[bytes, V] = {}
        self._noted = array("q", bytes(8 * _NOTED))
        self._half = (max_bytes - 8 * _NOTED) // 2
        self._entry_max = entry_max_bytes
        self._used = 0

    def recall(self, key: bytes) -> V | None:
        """The value of a key, wherever it is."""
        value = self.young.get(key)
        if value is None and (value := self._old.get(key)) is not None:
            self._put(key, value)
        return value

    def offer(self, key: bytes, value: V) -> None:
        """Keep a value that `recall` did not know, where its key was offered before."""
        if value.size <= self._entry_max and self.came_before(key):
            self._put(key, value)

    def keep(self, key: bytes, value: V) -> None:
        """Keep a value whose key `came_before`."""
        if value.size <= self._entry_max:
            self._put(key, value)

    def came_before(self, key: bytes) -> bool:
        """Whether a key that `recall` did not know was asked about before; from now on it was."""
        mark, noted = hash(key), self._noted
        place = mark & _PLACES
        if mark in (noted[place], noted[mark >> 24 & _PLACES]):
            return True
        # Each hash has two places, so that two keys which always come together do not keep one
        # another from being kept.
        displaced = noted[place]
        if displaced and place == displaced & _PLACES:
            noted[displaced >> 24 & _PLACES] = displaced
        noted[place] = mark
        return False

    def _put(self, key: bytes, value: V) -> None:
        if self._used + value.size > self._half:
            self._old, self.young = self.young, {}
            self._used = 0
        self.young[key] = value
        self._used += value.size

    def clear(self) -> None:
        """Forget everything."""
        self.young, self._old = {}, {}
        self._noted = array("q", bytes(8 * _NOTED))
        self._used = 0
