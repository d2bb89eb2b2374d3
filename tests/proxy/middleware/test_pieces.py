"""Where events, lines and documents end, however a stream is cut."""

from __future__ import annotations

import pytest

from proxy.middleware.pieces import Events, Lines, Pieces, Whole, in_parts, pieces_of

STREAM = (
    b"data: a\n\n", b"\n: a comment\n\n", b"event: b\r\ndata: b\r\n\r\n", b"data: c\rdata: d\r\r",
    b"data: e\n\r\n", b"data: f\r\r\n", b"data: g\r\n\n", b"data: \xc3\xa9\n\n",
)  # fmt: skip
REST = b"data: unfinished\n"


def cut(pieces: Pieces, stream: bytes, size: int) -> tuple[list[bytes], list[bytes]]:
    """What comes out whole, and the rest, of a stream that comes in parts of a size."""
    whole: list[bytes] = []
    for start in range(0, len(stream), size):
        pieces.feed(stream[start : start + size])
        while (piece := pieces.next()) is not None:
            whole.append(piece)
    return whole, pieces.rest()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
def test_each_event_comes_with_its_blank_line_wherever_the_stream_is_cut(size: int) -> None:
    whole, rest = cut(Events(), b"".join(STREAM) + REST, size)
    assert whole == list(STREAM)
    assert rest == [REST]


def test_comments_and_blank_lines_are_no_events() -> None:
    events = Events()
    silent = (b"\n\n", b": a\n\n", b":\r\n: b\r\n\r\n", b"\r\r", b"\n: c\n\n")
    assert not any(map(events.says_something, silent))
    assert all(map(events.says_something, (b"data: :\n\n", b": a\ndata\n\n", b"id: 1\n\n")))


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_each_line_comes_with_its_end(size: int) -> None:
    assert cut(Lines(), b'{"a": 1}\n\r\n{"b": 2}\n{"c"', size) == (
        [b'{"a": 1}\n', b"\r\n", b'{"b": 2}\n'],
        [b'{"c"'],
    )
    assert not Lines().says_something(b"\r\n")


def test_an_answer_in_json_is_one_piece() -> None:
    pieces = Whole()
    assert cut(pieces, b'{"a": 1}', 3) == ([], [b'{"a', b'": ', b"1}"])
    assert pieces.rest() == []


def test_what_is_searched_already_is_not_searched_again() -> None:
    """An event of megabytes in many pieces takes a step for each, not for all before it."""
    events = Events()
    events.feed(b"data: ")
    for _ in range(20_000):
        events.feed(b"x" * 50)
        assert events.next() is None
    assert events.pending == 6 + 20_000 * 50
    events.feed(b"\n\n")
    assert len(events.next() or b"") == events.pending + 6 + 20_000 * 50 + 2


def test_media_types_decide() -> None:
    kinds = {
        b"text/event-stream": Events, b"application/x-ndjson": Lines, b"application/json": Whole,
        b"application/problem+json": Whole, b"application/stream+json": Lines,
    }  # fmt: skip
    for declared, kind in kinds.items():
        assert type(pieces_of(declared)) is kind
    for declared in (b"", b"audio/mpeg", b"application/vnd.amazon.eventstream", b"text/plain"):
        assert pieces_of(declared) is None


def test_what_is_large_is_handed_on_in_parts_and_nothing_is_one_part() -> None:
    assert list(in_parts(b"abcdefg", 3)) == [b"abc", b"def", b"g"]
    assert list(in_parts(b"abc", 3)) == [b"abc"]
    assert list(in_parts(b"", 3)) == [b""]
