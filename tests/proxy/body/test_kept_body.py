"""A body in pieces: the same bytes as in one, whatever the pieces are."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.body.kept_body import KeptBody, Splice

PIECES = st.lists(
    st.binary(min_size=1, max_size=20) | st.sampled_from([b"x" * 40_000, b"y" * 70_000]),
    max_size=8,
)


@given(PIECES, st.data())
@settings(max_examples=150, deadline=None)
def test_ranges_parts_and_splices_are_those_of_the_whole(
    pieces: list[bytes], draw: st.DataObject
) -> None:
    kept, whole = KeptBody(), b"".join(pieces)
    for piece in pieces:
        kept.append(piece)
    places = draw.draw(st.lists(st.integers(0, len(whole)), min_size=4, max_size=4).map(sorted))
    start, end, later, last = places

    assert kept.size == len(whole)
    assert kept.range(start, end) == whole[start:end]
    parts = list(kept.parts(1000, start))
    assert b"".join(parts) == whole[start:]
    assert all(0 < len(part) <= 1000 for part in parts)
    spliced = kept.spliced([Splice(later, last, b"two"), Splice(start, end, b"one")])
    expected = whole[:start] + b"one" + whole[end:later] + b"two" + whole[last:]
    assert b"".join(spliced) == expected
    assert b"".join(kept.pieces) == whole


def test_nothing_lies_behind_the_end() -> None:
    assert list(KeptBody(b"x").parts(9, 1)) == list(KeptBody().parts(9)) == []


def test_nothing_is_cut_from_a_piece_that_ends_where_the_rest_begins() -> None:
    kept = KeptBody(b"x" * 70_000, b"a")
    assert list(kept.parts(9, 70_000)) == [b"a"]


def test_small_pieces_are_put_together() -> None:
    kept = KeptBody()
    for _ in range(200_000):
        kept.append(b"x")
    assert len(kept.pieces) <= 5


def test_a_splice_copies_no_more_than_the_piece_it_cuts() -> None:
    pieces = [bytes([number]) * 100_000 for number in range(3)]
    kept = KeptBody(*pieces)
    spliced = kept.spliced([Splice(150_000, 150_000, b"!")])
    assert [len(piece) for piece in spliced] == [100_000, 50_000, 1, 50_000, 100_000]
    assert spliced[0] is pieces[0]
