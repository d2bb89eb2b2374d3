"""Event streams in any line ends, cut at any byte."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.usage.sse import LINES_MAX, EventBuffer, Stretch, data_of

LINES = [b": a comment", b"event: delta", b'data: {"a":1}', b"data:", b"id: 7", b"data: second"]
ENDS = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}


def stream_of(*events: list[bytes], end: bytes) -> bytes:
    return b"".join(b"".join(line + end for line in event) + end for event in events)


def split(stream: bytes, *cuts: int) -> tuple[list[bytes], bytes]:
    """Events and rest of a stream that arrives cut at these places."""
    buffer = EventBuffer()
    events: list[bytes] = []
    for start, stop in itertools.pairwise([0, *sorted(cuts), len(stream)]):
        events += events_of(buffer.feed(stream[start:stop]))
    held = buffer.pending
    rest = buffer.rest()
    assert (len(rest), buffer.pending) == (held, 0)
    return events, rest


def events_of(data: bytes) -> list[bytes]:
    """Every event of a stretch; what asks for each of them is as slow as it looks."""
    stretch, events, end = Stretch(data), [], 0
    while end < len(data):
        begin, end = stretch.around(end, end)
        events.append(data[begin:end])
    return events


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_events_are_the_same_however_the_stream_is_cut(end: bytes) -> None:
    first, second = stream_of(LINES, end=end), stream_of([b"data: [DONE]"], end=end)
    stream = first + second + b"data: unfinished"
    for one in range(len(stream) + 1):
        for two in range(one, len(stream) + 1):
            assert split(stream, one, two) == ([first, second], b"data: unfinished")


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_stream_in_single_bytes(end: bytes) -> None:
    stream = stream_of(LINES, LINES, LINES, end=end) + b"x"
    assert split(stream, *range(len(stream))) == ([stream_of(LINES, end=end)] * 3, b"x")


def test_an_event_is_there_with_its_last_byte() -> None:
    buffer = EventBuffer()
    assert buffer.feed(b"data: 1\n") == b""
    assert buffer.feed(b"\n") == b"data: 1\n\n"
    assert buffer.feed(b"data: 2\r\n\r") == b""
    assert buffer.feed(b"\n") == b"data: 2\r\n\r\n"
    # A lone CR may be half of CRLF until the byte behind it has come.
    assert buffer.feed(b"data: 3\r\r") == b""
    assert buffer.feed(b"d") == b"data: 3\r\r"


@pytest.mark.parametrize(
    "blank", [b"\n\r\n", b"\r\n\n", b"\r\n\r\n", b"\n\n", b"\r\n\rx", b"\n\rx"]
)
def test_line_ends_may_be_mixed(blank: bytes) -> None:
    stream = b"data: 1" + blank
    expected = stream.removesuffix(b"x")
    for cut in range(len(stream)):
        assert split(stream, cut) == ([expected], stream[len(expected) :])


@pytest.mark.parametrize(
    ("event", "data"),
    [
        (b"data: x\n\n", b"x"),
        (b"data:x\n\n", b"x"),
        (b"data:  x\n\n", b" x"),
        (b"data\n\n", b""),
        (b"data: a\ndata: b\n\n", b"a\nb"),
        (b"data: a\r\ndata\r\ndata: b\r\n\r\n", b"a\n\nb"),
        (b"data: a\rdata: b\r\r", b"a\nb"),
        (b": data: comment\n\n", b""),
        (b"database: x\n\n", b""),
        (b" data: x\n\n", b""),
        (b"event: e\nid: 1\nretry: 5\ndata: x\n\n", b"x"),
        (b"\xef\xbb\xbfdata: x\n\n", b"x"),
        (b"data: x", b"x"),
        (b"data: \xff\x00\n\n", b"\xff\x00"),
        (b"\n\n", b""),
    ],
)
def test_data_of_an_event(event: bytes, data: bytes) -> None:
    assert data_of(event) == data


def test_a_large_event_in_small_pieces_is_searched_once() -> None:
    # 4 MB in pieces of 256 bytes: from the start each time, it would be 33 GB.
    buffer = EventBuffer()
    piece = b"data: " + b"x" * 249 + b"\n"
    for _ in range(16 * 1024):
        assert buffer.feed(piece) == b""
    event = buffer.feed(b"\n")
    assert len(event) == len(piece) * 16 * 1024 + 1


def test_whole_events_in_one_piece_are_handed_on_as_they_are() -> None:
    data = b": ping\n\n" + stream_of(LINES, LINES, end=b"\n")
    buffer = EventBuffer()
    assert buffer.feed(data) is data
    assert buffer.pending == 0


def test_an_event_of_too_many_lines_is_not_taken_apart() -> None:
    assert data_of(b"data: x\n" * LINES_MAX).count(b"x") == LINES_MAX
    assert data_of(b"data: x\n" * (LINES_MAX + 1)) == b""


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_the_event_around_a_place_is_the_same_whatever_stands_before_it(end: bytes) -> None:
    first, event = stream_of(LINES, LINES, end=end), stream_of([b"data: here"], end=end)
    for before in (b"", first, first + end, first + end * 3):
        data = before + event + first
        assert Stretch(data).around(data.index(b"here"), 0) == (
            len(before),
            len(before) + len(event),
        )


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"data: x", b":", b"\xff"])), st.data())
@settings(max_examples=300, deadline=None)
def test_no_byte_is_lost_and_no_cut_matters(pieces: list[bytes], draw: st.DataObject) -> None:
    stream = b"".join(pieces)
    cuts = draw.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    events, rest = split(stream, *cuts)
    assert b"".join(events) + rest == stream
    whole, rest_of_whole = split(stream)
    assert ([data_of(one) for one in events if one.strip()], rest.strip()) == (
        [data_of(one) for one in whole if one.strip()],
        rest_of_whole.strip(),
    )
    for event in events:
        assert b"\r" not in data_of(event)
        # One blank line behind its lines, and none between them.
        lines = event.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        assert b"\n\n" not in lines.strip(b"\n")
