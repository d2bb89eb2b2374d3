"""The eye on one answer: chooses how its usage is read, and sits between upstream and client.

`Meter.relay` is called with every piece of the answer and returns what goes to the client, which
is the piece itself but for the one usage event that we asked for ourselves.

How much of an answer is looked into in one turn of the event loop is bounded, whatever it holds:
where a piece holds more, the meter is `behind`, and catches up in later turns (`turns.Turns`).
What is not withheld passes at once all the same.
"""

from __future__ import annotations

from proxy.downstream import RawHeaders
from proxy.headers import value_of
from proxy.usage.content_coding import CannotDecode, Decoder
from proxy.usage.event_usage import StreamReader
from proxy.usage.readers import PlainReader, Usage


class Meter:
    """Reads usage from one answer. A meter without a reader only passes bytes on."""

    __slots__ = ("_decoder", "_reader", "_tally", "behind")

    def __init__(self, reader: PlainReader | StreamReader | None, decoder: Decoder | None) -> None:
        self._reader = reader
        self._decoder = decoder
        self._tally = None if reader is None else reader.tally
        #: Whether `catch_up` is to be called before anything else is relayed.
        self.behind = False

    @property
    def usage(self) -> Usage | None:
        """What the upstream has reported so far."""
        return None if self._tally is None else self._tally.usage

    @property
    def exact(self) -> bool:
        """Whether that is the whole: an answer that is cut may have reported only its beginning.

        Nor is it where the upstream said in its answer that it failed.
        """
        return self._tally is not None and self._tally.exact

    @property
    def model(self) -> str | None:
        """The model that the answer names."""
        return None if self._tally is None else self._tally.model

    @property
    def withholds(self) -> bool:
        """Whether the answer's length may change on its way."""
        return isinstance(self._reader, StreamReader) and self._reader.withholds

    def relay(self, data: bytes) -> bytes:
        """Read a piece of the answer; what of it goes to the client now."""
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
        """Look into more of what has come; bytes that were held back for it."""
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
        """The answer is complete; bytes that were held back."""
        held_back = b""
        while self.behind:
            held_back += self.catch_up()
        return held_back if self._reader is None else held_back + self._reader.end()

    def _read_copy(self, reader: PlainReader | StreamReader, decoder: Decoder, data: bytes) -> None:
        try:
            reader.relay(decoder.feed(data))
        except CannotDecode:
            # What was read until here stands; more there will not be.
            self._reader = None
            self.behind = False
        else:
            self.behind = reader.behind or decoder.behind


def meter_for(headers: RawHeaders, *, asked_for_usage: bool) -> Meter:
    """A meter for an answer with these header fields.

    `asked_for_usage` says that we spliced the question into the request, so that its answer is
    ours to keep; a coding that came although we asked for none leaves it in.
    """
    media_type = (value_of(headers, b"content-type") or b"").partition(b";")[0].strip().lower()
    codings = [value for name, value in headers if name.lower() == b"content-encoding"]
    coding = b",".join(codings).lower()
    decoder = None
    if coding not in (b"", b"identity"):
        try:
            decoder = Decoder(coding)
        except CannotDecode:
            return Meter(None, None)
    if media_type == b"text/event-stream":
        return Meter(StreamReader(withhold=asked_for_usage and decoder is None), decoder)
    if media_type == b"application/json" or media_type.endswith(b"+json"):
        return Meter(PlainReader(), decoder)
    return Meter(None, None)
