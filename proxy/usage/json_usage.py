"""Usage in one JSON document, read while it passes, sans-io."""

from __future__ import annotations

from typing import Final

from proxy.decoding.json_reading import Unreadable
from proxy.decoding.json_scanner import TopLevelScanner
from proxy.turns import PART_BYTES, TURN_WEIGHT, weight
from proxy.usage.accumulator import UsageAccumulator
from proxy.usage.reported import decode_answer, decode_model, decode_usage


class JsonUsageReader:
    """Reads a small document in one call when it ends; scans a large one while it passes.

    It is given the decoded bytes of the answer. While `behind`, more has come than one turn of the
    event loop has time for, and `catch_up` is to be called in later turns.
    """

    #: A document up to this size is decoded in one call, which is faster than scanning it.
    KEEP_BYTES: Final = 256 * 1024
    #: A JSON answer always passes whole.
    withholds: Final = False

    __slots__ = ("_kept", "_scanner", "_size", "_unread", "accumulated", "behind")

    def __init__(self) -> None:
        self.accumulated = UsageAccumulator()
        self._kept: list[bytes] = []
        self._size = 0
        self._scanner: TopLevelScanner | None = None
        self._unread = b""
        self.behind = False

    def relay(self, data: bytes) -> bytes:
        """Take the next bytes of the answer, all of which go to the client now."""
        if self._scanner is None:
            self._kept.append(data)
            self._size += len(data)
            if self._size <= self.KEEP_BYTES:
                return data
            self._scanner = TopLevelScanner((b"usage", b"model"))
            self._unread = b"".join(self._kept)
            self._kept.clear()
        else:
            self._unread += data
        self.catch_up()
        return data

    def catch_up(self) -> bytes:
        """Scan more of what has come; nothing was held back for it."""
        unread, done, heavy = self._unread, 0, 0
        while self._scanner is not None and done < len(unread) and heavy < TURN_WEIGHT:
            part = unread[done : done + PART_BYTES]
            heavy += weight(part)
            self._scanner.feed(part)
            done += len(part)
        self._unread = unread[done:]
        self.behind = done < len(unread)
        return b""

    def end(self) -> bytes:
        """The answer is complete: read it. Nothing was held back.

        An answer that does not report usage in a known form leaves usage unknown.
        """
        while self.behind:
            self.catch_up()
        try:
            if self._scanner is None:
                answer = decode_answer(b"".join(self._kept))
                self.accumulated.update(answer.model, answer.usage, final=True)
            else:
                found = self._scanner.found
                self.accumulated.update(
                    decode_model(found.get(b"model", b"null")),
                    decode_usage(found.get(b"usage", b"null")),
                    # A document that is cut short may have been about to report something else.
                    final=self._scanner.complete,
                )
        except Unreadable:
            pass
        return b""
