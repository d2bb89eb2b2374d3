"""The small answers that a worker was asked for last, in memory: a hit there waits for nothing."""

from __future__ import annotations

from typing import Final

from proxy.cache.kept import Kept

#: Of one answer; a larger one is read from the store each time.
SMALL_BYTES: Final = 256 * 1024
#: What an entry costs beside its body.
_ENTRY_BYTES: Final = 1024


class Remembered:
    """An answer; the number of its `renewals` at that time; and when the store was last told that
    it is asked for (Unix seconds)."""

    __slots__ = ("kept", "renewal", "told_at")

    def __init__(self, kept: Kept, renewal: int, told_at: float) -> None:
        self.kept = kept
        self.renewal = renewal
        self.told_at = told_at


class Memory:
    """At most `max_bytes` of them, those asked for last."""

    __slots__ = ("_entries", "_max_bytes", "bytes")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: dict[bytes, Remembered] = {}
        self.bytes = 0

    def get(self, key: bytes) -> Remembered | None:
        """The answer under a key, which counts as asked for last from now on."""
        entries = self._entries
        entry = entries.pop(key, None)
        if entry is not None:
            entries[key] = entry
        return entry

    def put(self, key: bytes, kept: Kept, renewal: int, now: float) -> None:
        """Remember an answer where it is small, in place of another under its key."""
        self.drop(key)
        if kept.size > SMALL_BYTES:
            return
        self._entries[key] = Remembered(kept, renewal, now)
        self.bytes += _cost(kept)
        while self.bytes > self._max_bytes:
            self.drop(next(iter(self._entries)))

    def drop(self, key: bytes) -> None:
        """Forget what is under a key."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= _cost(entry.kept)


def _cost(kept: Kept) -> int:
    return kept.size + len(kept.about.block) + _ENTRY_BYTES
