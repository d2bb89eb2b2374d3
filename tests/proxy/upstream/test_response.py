"""The reader of responses without a socket: every case whole, and cut at every byte."""

import gc
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.upstream.errors import ProtocolViolation
from proxy.upstream.response import (
    CHUNKS_PER_TURN,
    FIELDS_MAX,
    HEAD_MAX_BYTES,
    LISTS_MAX_BYTES,
    PIECE_BYTES,
    ResponseReader,
    keep_alive_timeout,
)
from tests.proxy.upstream.conftest import living
from tests.proxy.upstream.corpus import (
    CUT_SHORT,
    ENDLESS,
    ENDLESS_FEEDS,
    GOOD,
    MALFORMED,
    MALFORMED_TO_HEAD,
    SECOND,
    Good,
)


def reading(method: str = "GET") -> ResponseReader:
    reader = ResponseReader()
    reader.begin(head_only=method == "HEAD")
    return reader


def feed(reader: ResponseReader, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        reader.feed(piece)


def single_bytes(wire: bytes) -> list[bytes]:
    return [wire[at : at + 1] for at in range(len(wire))]


def check(reader: ResponseReader, good: Good) -> None:
    """What was read is what stands in the bytes."""
    if good.ends_by_closing:
        assert not reader.complete
        assert reader.end()
    assert reader.complete
    *interim, head = reader.heads
    assert tuple(each.status for each in interim) == good.interim
    assert (head.status, head.reason) == (good.status, good.reason)
    assert good.headers is None or head.headers == good.headers
    assert reader.take() == good.body
    assert reader.trailers == (good.trailers or [])
    assert reader.keep_alive == good.reusable


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD)
def test_a_good_response_is_read_whole(good: Good) -> None:
    reader = reading(good.method)
    reader.feed(good.wire)
    check(reader, good)


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD)
def test_a_good_response_is_read_byte_by_byte(good: Good) -> None:
    reader = reading(good.method)
    feed(reader, single_bytes(good.wire))
    check(reader, good)


CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_so_many_tiny_chunks_are_read_at_once_and_the_rest_later() -> None:
    reader, number = reading(), 43_000
    reader.feed(CHUNKED_HEAD)
    body, turns = b"", 0
    reader.feed(b"1\r\nx\r\n" * number + b"0\r\n\r\n")
    while True:
        # A slice of 4 KiB is read whole.
        assert len(reader.chunks) <= CHUNKS_PER_TURN + 4 * 1024 // 6 + 1
        body += reader.take()
        turns += 1
        if not reader.unread:
            break
        assert not reader.complete
        reader.feed(b"")
    assert (body, reader.complete) == (b"x" * number, True)
    assert turns >= number // (CHUNKS_PER_TURN + 4 * 1024 // 6 + 1)


def test_a_body_that_is_not_chunked_is_read_in_one_piece() -> None:
    reader = reading()
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n")
    reader.feed(b"x" * 200_000)
    assert (len(reader.chunks), reader.complete) == (1, True)


def test_a_piece_of_the_body_is_bounded() -> None:
    reader = reading()
    reader.feed(CHUNKED_HEAD)
    chunk = b"%x\r\n%b\r\n" % (1000, b"x" * 1000)
    for _ in range(10):
        reader.feed(chunk * 100)
    sizes = []
    while reader.chunks:
        sizes.append(len(reader.take()))
    assert sum(sizes) == 1_000_000
    assert max(sizes) < PIECE_BYTES + 1000
    assert reader.queued == 0


@pytest.mark.parametrize("where", ["the head", "interim heads", "trailers"])
def test_a_response_of_too_many_fields_is_a_violation(where: str) -> None:
    lines = b"a:\r\n" * (FIELDS_MAX // 2)
    sent = {
        "the head": [b"HTTP/1.1 200 OK\r\n", lines, lines, b"a:\r\n\r\n"],
        "interim heads": [*[b"HTTP/1.1 103 Early\r\n", lines, b"\r\n"] * 2, CHUNKED_HEAD],
        "trailers": [CHUNKED_HEAD, b"0\r\n", lines, lines, b"\r\n"],
    }[where]
    reader = reading()
    with pytest.raises(ProtocolViolation, match="too many fields"):
        feed(reader, sent)


@pytest.mark.parametrize("name", [b"Connection", b"Keep-Alive"])
@pytest.mark.parametrize("lines", [1, 100])
def test_lists_of_too_many_options_are_a_violation(name: bytes, lines: int) -> None:
    line = b"%b: %b\r\n" % (name, b"," * (LISTS_MAX_BYTES // lines + 1))
    with pytest.raises(ProtocolViolation, match="too long"):
        reading().feed(b"HTTP/1.1 200 OK\r\n" + line * lines + b"Content-Length: 0\r\n\r\n")


@pytest.mark.parametrize("good", [each for each in GOOD.values() if each.reusable])
def test_another_response_may_follow(good: Good) -> None:
    reader = reading(good.method)
    reader.feed(good.wire)
    reader.reset()
    assert reader.trailers == (good.trailers or [])
    reader.begin(head_only=False)
    reader.feed(SECOND)
    assert reader.trailers == []
    assert reader.heads[0].headers == [(b"Content-Length", b"4")]
    assert reader.take() == b"evil"
    assert reader.complete


@pytest.mark.parametrize("wire", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_response_is_refused(wire: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        reading().feed(wire)


@pytest.mark.parametrize("wire", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_response_is_refused_byte_by_byte(wire: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        feed(reading(), single_bytes(wire))


@pytest.mark.parametrize("wire", MALFORMED_TO_HEAD.values(), ids=MALFORMED_TO_HEAD)
def test_an_answer_to_head_has_no_body(wire: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        reading("HEAD").feed(wire)
    with pytest.raises(ProtocolViolation):
        feed(reading("HEAD"), single_bytes(wire))


@pytest.mark.parametrize(("begin", "more"), ENDLESS.values(), ids=ENDLESS)
def test_what_never_ends_is_refused(begin: bytes, more: bytes) -> None:
    reader = reading()
    with pytest.raises(ProtocolViolation):
        feed(reader, [begin, *[more] * ENDLESS_FEEDS])


@pytest.mark.parametrize("wire", CUT_SHORT.values(), ids=CUT_SHORT)
def test_an_end_too_soon_is_no_end(wire: bytes) -> None:
    reader = reading()
    reader.feed(wire)
    assert not reader.end()


def test_a_long_stream_of_small_chunks_is_no_endless_head() -> None:
    reader = reading()
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"1;note=x\r\n.\r\n"
    # Twice what a head may have.
    count = 2 * HEAD_MAX_BYTES // len(chunk)
    for _ in range(count):
        reader.feed(chunk)
    assert len(reader.take()) == count


def test_the_violation_says_what_is_wrong() -> None:
    with pytest.raises(ProtocolViolation, match="answered 101"):
        reading().feed(MALFORMED["101-without-upgrade"])
    with pytest.raises(ProtocolViolation, match="Content-Length"):
        reading().feed(MALFORMED["length-negative"])
    with pytest.raises(ProtocolViolation, match="more than its response"):
        reading().feed(MALFORMED["second-response"])


def test_a_closed_reader_is_freed_at_once() -> None:
    gc.disable()
    try:
        before = living(ResponseReader)
        reader = reading()
        reader.feed(SECOND)
        reader.close()
        del reader
        assert living(ResponseReader) == before
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"timeout=5", 4.0),
        (b"max=100, Timeout=20", 19.0),
        (b"timeout=1", 0.5),
        (b"timeout=0", 0.0),
        (b"timeout", float("inf")),
        (b"timeout=soon", float("inf")),
        (b"timeout=-1", float("inf")),
        (b"timeout=9999999", float("inf")),
        (b"", float("inf")),
    ],
)
def test_keep_alive_timeout(value: bytes, seconds: float) -> None:
    assert keep_alive_timeout(value) == seconds


_PIECES = st.sampled_from([*MALFORMED.values(), *(good.wire for good in GOOD.values())])
_TOKENS = st.sampled_from(
    [b"HTTP/1.1 ", b"200", b" OK", b"\r\n", b"\n", b"\r", b":", b" ", b"Content-Length: ", b"5",
     b"Transfer-Encoding: chunked", b"0", b"\0", b"103", b"204", b";", b"Connection: close"]
)  # fmt: skip
_WIRE = st.one_of(
    st.binary(max_size=200),
    st.lists(_TOKENS, max_size=40).map(b"".join),
    st.tuples(_PIECES, st.integers(0, 80), st.binary(max_size=4)).map(
        lambda cut: cut[0][: cut[1]] + cut[2] + cut[0][cut[1] :]
    ),
)


@settings(max_examples=400, deadline=None)
@given(wire=_WIRE, cuts=st.lists(st.integers(0, 200), max_size=6), head=st.booleans())
@example(wire=SECOND + SECOND, cuts=[], head=False)
def test_any_bytes_in_any_pieces_are_read_alike(wire: bytes, cuts: list[int], head: bool) -> None:
    """Nothing but a ProtocolViolation is ever raised, and cuts change nothing."""
    edges = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    pieces = [wire[start:end] for start, end in pairwise(edges)]
    assert _outcome([wire], head) == _outcome(pieces, head)


def _outcome(pieces: list[bytes], head: bool) -> object:
    reader = reading("HEAD" if head else "GET")
    try:
        feed(reader, pieces)
    except ProtocolViolation:
        return "refused"
    return [reader.heads, reader.take(), reader.trailers, reader.complete, reader.keep_alive]
