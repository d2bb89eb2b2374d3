"""The eye on one answer: chooses how its usage is read, and sits between upstream and client.

`Meter.relay` is called with every piece of the answer and returns what goes to the client, which
is the piece itself but for the one usage event that we asked for ourselves.
"""

from __future__ import annotations

from proxy.decoding import CannotDecode, Decoder
from proxy.downstream import RawHeaders
from proxy.headers import value_of
from proxy.usage import PlainReader, StreamReader, Usage


class Meter:
    """Reads usage from one answer. A meter without a reader only passes bytes on."""

    __slots__ = ("_decoder", "_reader")

    def __init__(self, reader: PlainReader | StreamReader | None, decoder: Decoder | None) -> None:
        self._reader = reader
        self._decoder = decoder

    @property
    def usage(self) -> Usage | None:
        """What the upstream has reported so far."""
        return None if self._reader is None else self._reader.tally.usage

    @property
    def model(self) -> str | None:
        """The model that the answer names."""
        return None if self._reader is None else self._reader.tally.model

    @property
    def withholds(self) -> bool:
        """Whether the answer's length may change on its way."""
        return isinstance(self._reader, StreamReader) and self._reader.withholds

    def relay(self, data: bytes) -> bytes:
        """Read a piece of the answer; what of it goes to the client now."""
        reader = self._reader
        if reader is None:
            return data
        if self._decoder is not None:
            self._read_copy(reader, self._decoder, data)
            return data
        if isinstance(reader, StreamReader):
            return reader.relay(data)
        reader.feed(data)
        return data

    def end(self) -> bytes:
        """The answer is complete; bytes that were held back."""
        if self._reader is None:
            return b""
        return self._reader.end() or b""

    def _read_copy(self, reader: PlainReader | StreamReader, decoder: Decoder, data: bytes) -> None:
        try:
            reader.feed(decoder.feed(data))
        except CannotDecode:
            self._reader = None


def meter_for(headers: RawHeaders, *, asked_for_usage: bool) -> Meter:
    """A meter for an answer with these header fields.

    `asked_for_usage` says that we spliced the question into the request, so that its answer is
    ours to keep; a coding that came although we asked for none leaves it in.
    """
    media_type = (value_of(headers, b"content-type") or b"").partition(b";")[0].strip().lower()
    coding = value_of(headers, b"content-encoding") or b"identity"
    decoder = None
    if coding.lower() != b"identity":
        try:
            decoder = Decoder(coding)
        except CannotDecode:
            return Meter(None, None)
    if media_type == b"text/event-stream":
        return Meter(StreamReader(withhold=asked_for_usage and decoder is None), decoder)
    if media_type == b"application/json" or media_type.endswith(b"+json"):
        return Meter(PlainReader(), decoder)
    return Meter(None, None)
