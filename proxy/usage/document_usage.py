"""Usage of a dialect of its own in JSON documents and in events, read while they pass, sans-io."""

from __future__ import annotations

from typing import Final

from proxy.turns import PART_BYTES, TURN_WEIGHT, weight
from proxy.usage.accumulator import UsageAccumulator
from proxy.usage.json_documents import JsonDocuments
from proxy.usage.large_event import LargeEvent
from proxy.usage.own_dialect import OwnDialect
from proxy.usage.sse import data_of
from proxy.usage.sse_usage import SseUsageReader


class DocumentUsageReader:
    """Reads a plain answer, an array or lines of JSON. `watch`: the transfer does not say itself
    whether the answer is whole."""

    withholds: Final = False

    __slots__ = ("_dialect", "_documents", "_watch", "accumulated")

    def __init__(self, dialect: OwnDialect, *, watch: bool = False) -> None:
        self.accumulated: UsageAccumulator = dialect.read
        self._dialect = dialect
        self._documents = JsonDocuments(dialect)
        self._watch = watch

    @property
    def behind(self) -> bool:
        """Whether more has come than one turn of the event loop has time for."""
        return self._documents.behind

    @property
    def terminal_seen(self) -> bool:
        """Whether the document came that ends a stream of its kind."""
        return self.accumulated.terminal

    @property
    def cut_short(self) -> bool:
        """Whether it broke off within a document or an array, or before the last one."""
        read = self.accumulated
        if not self._watch or read.failed or read.terminal:
            return False
        return self._dialect.goes_on or not self._documents.complete

    def relay(self, data: bytes) -> bytes:
        """Take the next bytes of the answer, all of which go to the client now."""
        self._documents.feed(data)
        return data

    def catch_up(self) -> bytes:
        """Look into more of what has come; nothing was held back for it."""
        self._documents.catch_up()
        return b""

    def end(self, *, whole: bool = True) -> bytes:
        """The answer is complete. Whether its text is, its own brackets say."""
        while self.behind:
            self.catch_up()
        if whole and self._documents.complete and not self.cut_short:
            self._dialect.end()
        return b""


class EventUsageReader(SseUsageReader):
    """Reads server-sent events whose data are documents of a dialect of its own."""

    __slots__ = ("_dialect",)

    def __init__(self, dialect: OwnDialect, *, watch: bool = False) -> None:
        super().__init__(dialect.read, watch=watch)
        self._dialect = dialect
        self._wanted = dialect.sought

    @property
    def terminal_seen(self) -> bool:
        """Whether the event came that ends an answer of its kind."""
        return self.accumulated.terminal

    def end(self, *, whole: bool = True) -> bytes:
        """The stream ended. One that was cut short leaves nothing final that was not before."""
        super().end(whole=False)
        if whole and not self.cut_short:
            self._dialect.end()
        return b""

    def _large_event(self) -> _LargeEvent:
        return _LargeEvent(self._dialect)

    def _read(self, event: bytes) -> bool:
        # Google sends what went wrong as an event, or as bare JSON.
        data = data_of(event) or event.strip()
        if data[:1] in (b"{", b"["):
            documents = JsonDocuments(self._dialect)
            documents.feed(data)
            while documents.behind:
                documents.catch_up()
        self._wanted = self._dialect.sought
        return False

    def _take_large(self, event: LargeEvent) -> bool:
        event.members()
        self._wanted = self._dialect.sought
        return False


class _LargeEvent(LargeEvent):
    """An event that is too large to be decoded: its data as a document of the dialect's."""

    __slots__ = ("_documents",)

    def __init__(self, dialect: OwnDialect) -> None:
        super().__init__()
        self._documents = JsonDocuments(dialect)

    @property
    def behind(self) -> bool:
        """Whether more has been fed than one turn had time for."""
        return bool(self._unread) or self._documents.behind

    def catch_up(self) -> None:
        """Look into more of what has been fed."""
        if self._documents.behind:
            self._documents.catch_up()
            return
        unread, done, heavy = self._unread, 0, 0
        while done < len(unread) and heavy < TURN_WEIGHT and not self._documents.behind:
            part = unread[done : done + PART_BYTES]
            heavy += 2 * weight(part)
            self._take(part)
            done += len(part)
        self._unread = unread[done:]

    def _scan(self, text: bytes) -> None:
        self._documents.feed(text)

    def members(self) -> dict[str, bytes]:
        """The event has been fed whole. The dialect has been told of it: nothing is left to say."""
        while self.behind:
            self.catch_up()
        return {}
