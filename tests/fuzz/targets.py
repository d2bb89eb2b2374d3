"""What is fuzzed, each as a function of a message in pieces. Raises where a promise is broken."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import brotli  # type: ignore[import-untyped]
import msgspec
import zstandard

from models.patterns import patterns
from proxy.body.kept_body import KeptBody
from proxy.body.model_rule import NAME_MAX_BYTES, named_by_form, named_by_json
from proxy.body.multipart import FormReader
from proxy.body.request_body import JsonReader, inspect
from proxy.decoding.json_reading import Unreadable, decoder
from proxy.decoding.json_scanner import TopLevelScanner
from proxy.errors import InvalidRequest
from proxy.model_lists import ModelList
from proxy.transforms import StreamTransform
from proxy.turns import PART_BYTES
from proxy.upstream.errors import ProtocolViolation
from proxy.upstream.response import ResponseReader
from proxy.usage.meter import meter_for
from proxy.usage.sse_usage import SseUsageReader
from server.http.chunked import ChunkedBody
from server.http.faults import FramingError
from server.http.framing import parse_head
from server.http.heads import ParsedHead
from tests.fuzz.turns import Counter

Pieces = Sequence[bytes]
#: An upstream's connection gives no more at once.
_READ_BYTES: Final = 256 * 1024


def said(head: ParsedHead) -> object:
    """All that a head says."""
    return (
        (head.line, head.fields, head.lines.crossing),
        (head.content_length, head.expects_continue, head.keep_alive, head.hops),
    )


def heads(pieces: Pieces, turns: Counter) -> None:
    """Request heads, one behind the other."""

    def read(pieces: Pieces) -> tuple[list[object], bool]:
        buffer, found = bytearray(), []
        for piece in pieces:
            buffer += piece
            try:
                with turns.turn():
                    parsed = parse_head(buffer)
                while parsed is not None:
                    found.append(said(parsed[0]))
                    del buffer[: parsed[1]]
                    with turns.turn():
                        parsed = parse_head(buffer)
            except FramingError:
                return found, False
        return found, True

    in_pieces, whole = read(pieces), read([b"".join(pieces)])
    assert in_pieces == whole, "the cut makes a difference"


def chunks(pieces: Pieces, turns: Counter) -> None:
    """A chunked request body."""

    def read(pieces: Pieces) -> tuple[bytes, bool, bool, object]:
        chunked, buffer, found = ChunkedBody(), bytearray(), b""
        for piece in pieces:
            buffer += piece
            try:
                while True:
                    with turns.turn():
                        data = chunked.take(buffer)
                    if not data:
                        break
                    found += data
            except FramingError:
                return found, chunked.ended, False, []
        return found, chunked.ended, True, chunked.trailers

    assert read(pieces) == read([b"".join(pieces)]), "the cut makes a difference"


def bodies(pieces: Pieces, turns: Counter) -> None:
    """A JSON request body: its members, its models, the splice that asks for usage."""
    text = b"".join(pieces)
    kept = KeptBody(*[piece for piece in pieces if piece])
    reader = JsonReader(strict=True)
    for part in kept.parts(PART_BYTES):
        with turns.turn():
            reader.feed(part)
    with turns.turn():
        reader.end(kept)
        reader.inspected()
        inspect(text)
        splices = reader.splices()
    with suppress(InvalidRequest), turns.turn():
        for _ in named_by_json(reader):
            pass
    is_json = _is_json(text)
    if is_json and splices is not None:
        asked = inspect(b"".join(kept.spliced(splices)))
        assert asked.asks_for_usage or not asked.readable, "the splice does not ask for usage"
    if _strict(text).is_json():
        assert is_json, "what is no JSON was taken for it"


def _strict(text: bytes) -> JsonReader:
    """A strict reader, fed byte by byte where that is short."""
    reader = JsonReader(strict=True)
    size = 1 if len(text) < 2000 else PART_BYTES
    for start in range(0, len(text), size):
        reader.feed(text[start : start + size])
    reader.end(KeptBody(text))
    return reader


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except RecursionError:
        return True
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        # Half a character, and a number beyond all bounds, are JSON nonetheless (RFC 8259 8.2, 6).
        return "surrogate" in str(exc) or "out of range" in str(exc)
    return True


def members(pieces: Pieces, turns: Counter) -> None:
    """The scanner finds in JSON what a decoder does, however it is cut."""
    text = b"".join(pieces)
    wanted = (b"usage", b"model")
    scanner, whole = TopLevelScanner(wanted), TopLevelScanner(wanted)
    for piece in pieces:
        for start in range(0, len(piece), PART_BYTES):
            with turns.turn():
                scanner.feed(piece[start : start + PART_BYTES])
    whole.feed(text)
    assert (scanner.found, scanner.members) == (whole.found, whole.members), "the cut matters"
    try:
        said = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if whole.overflowed or b"\\" in text:
        return
    for key in wanted:
        found = whole.found.get(key)
        assert found is None or found == bytes(said[key.decode()]).strip(b" \t\r\n")


def forms(pieces: Pieces, turns: Counter) -> None:
    """A multipart form."""

    def read(pieces: Pieces) -> object:
        reader = FormReader(b"multipart/form-data; boundary=b", keep=NAME_MAX_BYTES)
        try:
            for piece in pieces:
                for start in range(0, len(piece), PART_BYTES):
                    with turns.turn():
                        reader.feed(piece[start : start + PART_BYTES])
            parts = reader.end()
        except InvalidRequest:
            return None
        with suppress(InvalidRequest):
            named_by_form(parts)
        return parts

    assert read(pieces) == read([b"".join(pieces)]), "the cut makes a difference"


def events(pieces: Pieces, turns: Counter) -> None:
    """An event stream: what is withheld and what is counted."""
    stream = b"".join(pieces)
    whole, held = SseUsageReader(), SseUsageReader(withhold=True)
    assert _relayed(whole, [stream], turns) == stream
    passed = _relayed(held, pieces, turns)
    told, told_whole = held.accumulated, whole.accumulated
    assert (told.usage, told.exact) == (told_whole.usage, told_whole.exact), "the cut matters"
    left = iter(stream)
    assert all(byte in left for byte in passed), "something was added or moved"
    assert passed == stream or told.usage is not None, "something else was withheld"


def lists(pieces: Pieces, turns: Counter) -> None:
    """A list of models: what of it a token gets that may use some."""

    def shown(pieces: Pieces) -> bytes:
        return _relayed(ModelList(patterns(["gpt-4*"])), pieces, turns)

    document = b"".join(pieces)
    passed = shown(pieces)
    assert passed == shown([document]), "the cut makes a difference"
    left = iter(document)
    assert all(byte in left for byte in passed), "something was added or moved"
    with suppress(Unreadable):
        allowed = [one for one in _decode_list(document).data if one.id.startswith("gpt-4")]
        assert _decode_list(passed).data == allowed, "another list than it should be"


class _Listed(msgspec.Struct):
    id: str


class _List(msgspec.Struct):
    data: list[_Listed]


_decode_list: Final = decoder(_List)


def _relayed(reader: StreamTransform, pieces: Pieces, turns: Counter) -> bytes:
    passed = []
    for piece in pieces:
        for start in range(0, len(piece), _READ_BYTES):
            with turns.turn():
                passed.append(reader.relay(piece[start : start + _READ_BYTES]))
            while reader.behind:
                with turns.turn():
                    passed.append(reader.catch_up())
    with turns.turn():
        passed.append(reader.end())
    return b"".join(passed)


_ENCODE: Final[dict[bytes, Callable[[bytes], bytes]]] = {
    b"gzip": lambda data: gzip.compress(data, 1),
    b"deflate": zlib.compress,
    b"br": lambda data: bytes(brotli.compress(data, quality=1)),
    b"zstd": zstandard.compress,
}


def codings(pieces: Pieces, turns: Counter) -> None:
    """A compressed answer, each piece a member or frame of its own, and one that is damaged."""
    for media_type in (b"text/event-stream", b"application/json"):
        for coding, encode in _ENCODE.items():
            fields = [(b"content-type", media_type), (b"content-encoding", coding)]
            encoded = [encode(piece) for piece in pieces[:50]]
            assert _relayed(meter_for(fields, asked_for_usage=True), encoded, turns) == b"".join(
                encoded
            )
            damaged = [*encoded[:1], *pieces[:5], *encoded[1:]]
            _relayed(meter_for(fields, asked_for_usage=False), damaged, turns)


def answers(pieces: Pieces, turns: Counter) -> None:
    """An upstream's response."""

    def read(pieces: Pieces) -> object:
        reader, body = ResponseReader(), b""
        reader.begin(head_only=False)
        try:
            for piece in pieces:
                for start in range(0, len(piece), _READ_BYTES):
                    if reader.complete:
                        # llhttp takes line ends behind a response for the next one's beginning.
                        if piece.strip(b"\r\n"):
                            return None
                        continue
                    with turns.turn():
                        reader.feed(piece[start : start + _READ_BYTES])
                        body += reader.take()
                    while reader.unread:
                        with turns.turn():
                            reader.feed(b"")
                            body += reader.take()
        except ProtocolViolation:
            return None
        return reader.heads, body, reader.complete, reader.trailers

    read(pieces)
    one_by_one = [bytes([byte]) for piece in pieces for byte in piece]
    if len(one_by_one) < 3000 and (whole := read([b"".join(pieces)])) is not None:
        assert read(one_by_one) == whole, "the cut makes a difference"


class Target(NamedTuple):
    """`most` is the bound on steps of one turn."""

    run: Callable[[Pieces, Counter], None]
    most: int


TARGETS: Final = {
    "heads": Target(heads, 20_000),
    "chunks": Target(chunks, 500),
    "bodies": Target(bodies, 60_000),
    "members": Target(members, 60_000),
    "forms": Target(forms, 10_000),
    "events": Target(events, 10_000),
    "codings": Target(codings, 20_000),
    "answers": Target(answers, 60_000),
    "lists": Target(lists, 20_000),
}
