"""The stream transform on every answer: reads its usage, withholds the usage event we asked for.

How much of an answer is looked into in one turn of the event loop is bounded, whatever it holds:
where a piece holds more, the meter is `behind`, and catches up in later turns (`turns.Turns`).
What is not withheld passes at once all the same.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal, Protocol

import msgspec

from proxy.decoding.content_coding import CannotDecode, Decoder
from proxy.headers import RawHeaders, is_json_type, type_of, value_of
from proxy.providers.endpoints import Dialect
from proxy.response_lines import ResponseLines, lines_of
from proxy.transforms import StreamTransform
from proxy.usage.accumulator import Usage, UsageAccumulator
from proxy.usage.dialects import OWN, OwnDialectReader
from proxy.usage.error_code import code_of_aws
from proxy.usage.json_usage import JsonUsageReader
from proxy.usage.sse import BYTE_ORDER_MARK
from proxy.usage.sse_usage import SseUsageReader

#: Dialects whose streams say in themselves that they are whole.
SAY_THEIR_END: Final[frozenset[Dialect]] = frozenset(
    ("chat", "completions", "gemini", "converse", "invoke", "ollama", "cohere")
)


class UsageReader(StreamTransform, Protocol):
    """Reads usage from an answer in one of its forms, given the decoded bytes."""

    accumulated: UsageAccumulator

    def end(self, *, whole: bool = True) -> bytes:
        """The answer ended; not `whole` where that was inside its content coding."""
        ...

    @property
    def terminal_seen(self) -> bool:
        """Whether the event was relayed that ends an answer of its kind."""
        ...

    @property
    def terminal_last(self) -> bool:
        """Whether that event was in what was handed on last."""
        ...

    @property
    def cut_short(self) -> bool:
        """Whether it has not said that it is whole, and was to say so."""
        ...


class Meter(msgspec.Struct, eq=False):
    """Reads usage from one answer. A meter without a reader only passes bytes on.

    `accumulated` is what has been read, None where the answer is of a form that is not read.
    """

    voids: ClassVar[tuple[bytes, ...]] = (b"content-length",)

    _reader: UsageReader | None
    _decoder: Decoder | None
    _sniffing: Sniffing | None = None
    accumulated: UsageAccumulator | None = None
    behind: bool = False

    @classmethod
    def reading(cls, reader: UsageReader, decoder: Decoder | None = None) -> Meter:
        """A meter with this reader."""
        return cls(reader, decoder, None, reader.accumulated)

    @property
    def reads_document(self) -> bool:
        """Whether what it reads is a JSON document, not coded, and no refusal."""
        reader = self._reader
        return type(reader) is JsonUsageReader and not reader.refused and self._decoder is None

    @property
    def usage(self) -> Usage | None:
        """What the upstream has reported so far."""
        return None if self.accumulated is None else self.accumulated.usage

    @property
    def exact(self) -> bool:
        """Whether `usage` is what the whole answer used."""
        return self.accumulated is not None and self.accumulated.exact

    @property
    def model(self) -> str | None:
        """The model that the answer names."""
        return None if self.accumulated is None else self.accumulated.model

    @property
    def failed(self) -> bool:
        """Whether the answer says in itself that it failed."""
        return self.accumulated is not None and self.accumulated.failed

    @property
    def code(self) -> str:
        """The upstream's own code of the error that the answer is or holds; '' where none is."""
        return "" if self.accumulated is None else self.accumulated.code

    @property
    def refusal(self) -> bytes:
        """The body of an answer with an error status; b"" where it was not read."""
        return b"" if self.accumulated is None else self.accumulated.refusal

    @property
    def terminal_seen(self) -> bool:
        """Whether the event has been relayed that ends an answer of its kind."""
        return self._reader is not None and self._reader.terminal_seen

    @property
    def terminal_last(self) -> bool:
        """Whether that event was in what was relayed last."""
        return self._reader is not None and self._reader.terminal_last

    @property
    def cut_short(self) -> bool:
        """Whether it is a stream of a chat that is to say when it is whole, and did not."""
        return self._reader is not None and self._reader.cut_short

    @property
    def withholds(self) -> bool:
        """Whether the answer's length may change on its way."""
        if self._sniffing is not None:
            return self._sniffing.withhold
        return self._reader is not None and self._reader.withholds

    @property
    def between_events(self) -> SseUsageReader | None:
        """What reads the answer, where that is a stream of events, not coded, of which none has
        begun; it `passes` some."""
        reader = self._reader
        if type(reader) is SseUsageReader and self._decoder is None and reader.is_between:
            return reader
        return None

    def relay(self, data: bytes) -> bytes:
        """Read a piece of the answer; returns what goes to the client now."""
        reader = self._reader
        if reader is None:
            return data if self._sniffing is None else self._sniff(self._sniffing, data)
        if self._decoder is None:
            passed = reader.relay(data)
            if reader.behind or self.behind:
                # Setting a field of a struct costs more than to look at it.
                self.behind = reader.behind
            return passed
        self._read_copy(reader, self._decoder, data)
        return data

    def read_whole(self, answer: bytes) -> bool:
        """Read an answer that has come whole in place of `relay` and `end`, where nothing of it is
        ever held back, nor found cut short; whether it was read."""
        reader = self._reader
        if type(reader) is not JsonUsageReader or self._decoder is not None:
            return False
        return reader.read_whole(answer)

    def catch_up(self) -> bytes:
        """Look into more of what has come; returns bytes that were held back for it."""
        reader, decoder = self._reader, self._decoder
        if reader is None:
            return b""
        if decoder is not None and not reader.behind:
            self._read_copy(reader, decoder, b"")
            return b""
        held_back = reader.catch_up()
        self.behind = reader.behind or (decoder is not None and decoder.behind)
        return held_back

    def end(self) -> bytes:
        """The answer is complete; returns bytes that were held back."""
        held_back = b""
        if self._sniffing is not None:
            held_back, self._sniffing = self._sniffing.begun, None
        while self.behind:
            held_back += self.catch_up()
        if self._reader is None:
            return held_back
        return held_back + self._reader.end(whole=self._decoder is None or self._decoder.whole)

    def _sniff(self, sniffing: Sniffing, data: bytes) -> bytes:
        """Look at the beginning of an answer whose form nothing says, and choose its reader."""
        begun = sniffing.begun + data
        form = form_of(begun)
        if form is None and len(begun) < SNIFFED_BYTES:
            sniffing.begun = begun
            return b""
        self._sniffing = None
        if form == "events":
            self._reader = SseUsageReader(withhold=sniffing.withhold, watch=sniffing.watch)
        elif form == "json":
            self._reader = JsonUsageReader()
        if self._reader is not None:
            self.accumulated = self._reader.accumulated
        return self.relay(begun)

    def _read_copy(self, reader: UsageReader, decoder: Decoder, data: bytes) -> None:
        try:
            reader.relay(decoder.feed(data))
        except CannotDecode:
            # No more can be read. What was read before stands, and is not made final by an end.
            self._reader = None
            self.behind = False
        else:
            self.behind = reader.behind or decoder.behind


class Sniffing:
    """An answer whose form is told by its first bytes, which are kept until it is."""

    __slots__ = ("begun", "watch", "withhold")

    def __init__(self, *, withhold: bool, watch: bool) -> None:
        self.begun = b""
        self.withhold = withhold
        self.watch = watch


#: Enough of an answer to tell its form; white space and a mark before it included.
SNIFFED_BYTES: Final = 64
#: How a line of an event stream begins.
_EVENT_LINES: Final = (b"data:", b"event:", b"id:", b"retry:", b":")


def form_of(begun: bytes) -> Literal["events", "json", "other"] | None:
    """What an answer that begins so is; None where that is not told yet."""
    if BYTE_ORDER_MARK.startswith(begun):
        return None
    text = begun.removeprefix(BYTE_ORDER_MARK).lstrip()
    if text[:1] == b"{":
        return "json"
    if text.startswith(_EVENT_LINES):
        return "events"
    if any(line.startswith(text) for line in _EVENT_LINES):
        return None
    return "other"


def meter_for(
    headers: RawHeaders,
    *,
    asked_for_usage: bool,
    counted: bool = False,
    status: int = 200,
    watch: bool = False,
    dialect: Dialect = "generic",
) -> Meter:
    """A meter for an answer with these header fields, as `meter_of` them."""
    return meter_of(
        lines_of(headers),
        asked_for_usage=asked_for_usage,
        counted=counted,
        status=status,
        watch=watch,
        dialect=dialect,
    )


def meter_of(
    lines: ResponseLines,
    *,
    asked_for_usage: bool,
    counted: bool = False,
    status: int = 200,
    watch: bool = False,
    dialect: Dialect = "generic",
) -> Meter:
    """A meter for an answer with this status and these header lines.

    `asked_for_usage`: we spliced the question into the request, so that the event that answers it
    is withheld. Where the answer is compressed although we asked for no coding, it passes.
    `counted`: the request uses tokens, so that its answer is read whatever it is labelled as.
    `watch`: whether a stream is a chat's and is to say itself when it is whole (`cut_short`).
    `dialect` is the one of the request's endpoint.
    """
    coding = lines.content_coding if b"content-encoding" in lines.first else b""
    decoder = None
    if coding not in (b"", b"identity"):
        try:
            decoder = Decoder(coding)
        except CannotDecode:
            return Meter(None, None)
    refused = status >= 400
    if dialect in OWN and not refused:
        return Meter.reading(OwnDialectReader(dialect, lines.headers, watch=watch), decoder)
    declared = type_of(lines.first.get(b"content-type"))
    withhold = asked_for_usage and decoder is None and not refused
    if declared == b"text/event-stream":
        return Meter.reading(SseUsageReader(withhold=withhold, watch=watch), decoder)
    is_json = declared == b"application/json" or is_json_type(declared)
    if (
        counted
        and not refused
        and decoder is None
        and not (is_json and b"content-length" in lines.first)
    ):
        # Some servers say nothing of what they send, or `text/plain` or JSON of an event stream.
        return Meter(None, None, Sniffing(withhold=withhold, watch=watch))
    named = value_of(lines.headers, b"x-amzn-errortype") if refused else None
    if is_json or named is not None:
        reader = JsonUsageReader(refused=refused)
        # AWS names an error there, and mostly nowhere else.
        reader.accumulated.code = "" if named is None else code_of_aws(named)
        return Meter.reading(reader, decoder)
    return Meter(None, None)


def meter_of_document(whole: bytes) -> Meter:
    """One that `reads_document`, as `meter_of` makes it, and has read one that came whole, in place
    of `relay` and `end`; it is no longer than what `JsonUsageReader` keeps."""
    reader = JsonUsageReader()
    reader.read_whole(whole)
    return Meter(reader, None, None, reader.accumulated)
