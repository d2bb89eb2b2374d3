"""Which reader an answer has whose endpoint has a dialect of its own.

Whatever it is labelled as, its first byte tells its form: JSON, events, or Bedrock's frames. None
of these readers withholds anything, so the beginning need not be held back until it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from proxy.decoding.event_stream import FrameScanner
from proxy.headers import RawHeaders, value_of
from proxy.usage.accumulator import UsageAccumulator
from proxy.usage.bedrock import FIELDS, Converse, Framed, Invoke
from proxy.usage.document_usage import DocumentUsageReader, EventUsageReader
from proxy.usage.gemini import Gemini
from proxy.usage.other_documents import Cohere, Ollama, Predictions
from proxy.usage.own_dialect import OwnDialect
from proxy.usage.sse import BYTE_ORDER_MARK

#: Frames that are looked into in one turn of the event loop.
_FRAMES_PER_TURN: Final = 64
_WHITESPACE: Final = b" \t\r\n"


def _bedrock_fields(headers: RawHeaders) -> dict[bytes, bytes]:
    return {name: value for name in FIELDS if (value := value_of(headers, name)) is not None}


_MADE: Final[Mapping[str, Callable[[UsageAccumulator, RawHeaders], OwnDialect]]] = {
    "gemini": lambda read, _: Gemini(read),
    "predict": lambda read, _: Predictions(read),
    "converse": lambda read, _: Converse(read),
    "invoke": lambda read, headers: Invoke(read, _bedrock_fields(headers)),
    "ollama": lambda read, _: Ollama(read),
    "cohere": lambda read, _: Cohere(read),
}
OWN: Final = frozenset(_MADE)


class OwnDialectReader:
    """Reads an answer of one of the dialects `OWN`, in the form that it turns out to have."""

    withholds: Final = False

    __slots__ = ("_begun", "_dialect", "_ended", "_reader", "_watch", "accumulated", "behind")

    def __init__(self, dialect: str, headers: RawHeaders, *, watch: bool) -> None:
        self.accumulated = UsageAccumulator()
        self._dialect = _MADE[dialect](self.accumulated, headers)
        self._watch = watch
        self._reader: DocumentUsageReader | EventUsageReader | FrameUsageReader | None = None
        self.behind = False
        #: Whether that event had come before what was relayed last.
        self._ended = False
        #: Of a byte order mark, what has come.
        self._begun = b""

    @property
    def terminal_seen(self) -> bool:
        """Whether the event has come that ends an answer of its kind."""
        return self.accumulated.terminal

    @property
    def terminal_last(self) -> bool:
        """Whether that event was in what was relayed last."""
        return self.accumulated.terminal and not self._ended

    @property
    def cut_short(self) -> bool:
        """Whether it broke off, as its own text shows."""
        return self._reader is not None and self._reader.cut_short

    def relay(self, data: bytes) -> bytes:
        """Take the next bytes of the answer, all of which go to the client now."""
        reader = self._reader
        self._ended = self.accumulated.terminal
        if reader is None:
            begun = (self._begun + data).removeprefix(BYTE_ORDER_MARK).lstrip(_WHITESPACE)
            if not begun or BYTE_ORDER_MARK.startswith(begun):
                self._begun = begun
                return data
            reader = self._reader = self._reader_of(begun[:1])
            reader.relay(begun)
        else:
            reader.relay(data)
        self.behind = reader.behind
        return data

    def _reader_of(self, first: bytes) -> DocumentUsageReader | EventUsageReader | FrameUsageReader:
        dialect = self._dialect
        if first in (b"{", b"["):
            return DocumentUsageReader(dialect, watch=self._watch)
        # A frame begins with its length, which is less than 32 MiB.
        if isinstance(dialect, Framed) and first <= b"\x01":
            return FrameUsageReader(dialect, watch=self._watch)
        return EventUsageReader(dialect, watch=self._watch)

    def catch_up(self) -> bytes:
        """Look into more of what has come; nothing was held back for it."""
        if self._reader is not None:
            self._reader.catch_up()
            self.behind = self._reader.behind
        return b""

    def end(self, *, whole: bool = True) -> bytes:
        """The answer is complete; nothing was held back."""
        if self._reader is not None:
            self._reader.end(whole=whole)
        elif whole:
            self._dialect.end()
        return b""


class FrameUsageReader:
    """Reads a stream of Bedrock's frames."""

    __slots__ = ("_dialect", "_scanner", "_unread", "_watch")

    def __init__(self, dialect: Framed, *, watch: bool) -> None:
        self._dialect = dialect
        self._watch = watch
        self._scanner = FrameScanner()
        self._unread = b""

    @property
    def behind(self) -> bool:
        """Whether more has come than one turn of the event loop has time for."""
        return bool(self._unread)

    @property
    def cut_short(self) -> bool:
        """Whether it broke off within a frame, or a checksum was wrong."""
        read = self._dialect.read
        unsaid = self._watch and not (read.terminal or read.failed)
        return unsaid or bool(self._unread) or not self._scanner.between

    def relay(self, data: bytes) -> bytes:
        """Take the next bytes."""
        self._unread += data
        return self.catch_up()

    def catch_up(self) -> bytes:
        """Look into more of what has come."""
        data, at = self._unread, 0
        for _ in range(_FRAMES_PER_TURN):
            if at == len(data):
                break
            at, frame = self._scanner.take(data, at)
            if frame is not None:
                self._dialect.frame(frame)
        self._unread = data[at:]
        return b""

    def end(self, *, whole: bool = True) -> bytes:
        """The stream ended."""
        while self.behind:
            self.catch_up()
        if whole and not self.cut_short:
            self._dialect.end()
        return b""
