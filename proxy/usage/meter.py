"""The stream transform on every answer: reads its usage, withholds the usage event we asked for.

How much of an answer is looked into in one turn of the event loop is bounded, whatever it holds:
where a piece holds more, the meter is `behind`, and catches up in later turns (`turns.Turns`).
What is not withheld passes at once all the same.
"""

from __future__ import annotations

from typing import Protocol

from proxy.decoding.content_coding import CannotDecode, Decoder
from proxy.headers import RawHeaders, is_json_type, type_of
from proxy.response_lines import ResponseLines, lines_of
from proxy.transforms import StreamTransform
from proxy.usage.accumulator import Usage, UsageAccumulator
from proxy.usage.json_usage import JsonUsageReader
from proxy.usage.sse_usage import SseUsageReader


class UsageReader(StreamTransform, Protocol):
    """Reads usage from an answer in one of its forms, given the decoded bytes."""

    accumulated: UsageAccumulator


class Meter:
    """Reads usage from one answer. A meter without a reader only passes bytes on.

    `accumulated` is what has been read, None where the answer is of a form that is not read.
    """

    __slots__ = ("_decoder", "_reader", "accumulated", "behind")

    def __init__(self, reader: UsageReader | None, decoder: Decoder | None) -> None:
        self._reader = reader
        self._decoder = decoder
        self.accumulated = None if reader is None else reader.accumulated
        self.behind = False

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
    def withholds(self) -> bool:
        """Whether the answer's length may change on its way."""
        return self._reader is not None and self._reader.withholds

    def relay(self, data: bytes) -> bytes:
        """Read a piece of the answer; returns what goes to the client now."""
        reader = self._reader
        if reader is None:
            return data
        if self._decoder is None:
            passed = reader.relay(data)
            self.behind = reader.behind
            return passed
        self._read_copy(reader, self._decoder, data)
        return data

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
        while self.behind:
            held_back += self.catch_up()
        return held_back if self._reader is None else held_back + self._reader.end()

    def _read_copy(self, reader: UsageReader, decoder: Decoder, data: bytes) -> None:
        try:
            reader.relay(decoder.feed(data))
        except CannotDecode:
            # No more can be read. What was read before stands, and is not made final by an end.
            self._reader = None
            self.behind = False
        else:
            self.behind = reader.behind or decoder.behind


def meter_for(headers: RawHeaders, *, asked_for_usage: bool) -> Meter:
    """A meter for an answer with these header fields, as `meter_of` them."""
    return meter_of(lines_of(headers), asked_for_usage=asked_for_usage)


def meter_of(lines: ResponseLines, *, asked_for_usage: bool) -> Meter:
    """A meter for an answer with these header lines.

    `asked_for_usage`: we spliced the question into the request, so that the event that answers it
    is withheld. Where the answer is compressed although we asked for no coding, it passes.
    """
    coding = lines.content_coding
    decoder = None
    if coding not in (b"", b"identity"):
        try:
            decoder = Decoder(coding)
        except CannotDecode:
            return Meter(None, None)
    declared = type_of(lines.first.get(b"content-type"))
    if declared == b"text/event-stream":
        return Meter(SseUsageReader(withhold=asked_for_usage and decoder is None), decoder)
    if is_json_type(declared):
        return Meter(JsonUsageReader(), decoder)
    return Meter(None, None)
