"""An entry that is kept as what it is like and its own values is that entry."""

from operator import attrgetter
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.again import VARYING, Again, Like, Told
from models.entry import LINE_MAX_BYTES, Attempt, Entry, Parts, encode
from models.ids import new_request_id
from tests.models.rows import an_entry

_values_of: Final = attrgetter(*VARYING)
_NUMBER: Final = st.one_of(st.integers(0, 2**63), st.sampled_from((-1, 10**40)))
_OR_NONE: Final = st.one_of(_NUMBER, st.none())
_OWN: Final = st.fixed_dictionaries(
    {"id": st.builds(new_request_id)}
    | dict.fromkeys(("at_us", "bytes_in", "bytes_out", "duration_us", "overhead_us"), _NUMBER)
    | dict.fromkeys((*VARYING[2:7], "ttfb_us"), _OR_NONE)
)  # fmt: skip
_KINDS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"model": '\u00e9\\"\n', "parts": Parts(audio_input_tokens=0), "key_id": "k"},
    {"tags": (("team", "a"),), "end_user": "u", "attempts": (Attempt("k", 500, "", 3),)},
    {"cache": "hit", "saved_nanos": 7, "given_back": True, "counted": False, "charge": "used"},
)


@settings(deadline=None)
@given(st.sampled_from(_KINDS), _OWN)
def test_it_is_written_and_made_as_the_entry_is(kind: dict[str, Any], own: dict[str, Any]) -> None:
    like = Like.of(an_entry(**kind))
    assert like is not None
    entry = an_entry(**kind | own)
    again = Again(like, _values_of(entry))
    assert again.entry == entry
    assert again.line() == encode(entry) + b"\n"


@pytest.mark.parametrize(
    "said",
    [
        {"outcome": "upstream_error"},
        {"outcome": "middleware_failed"},
        {"model": "\ud800"},
        {"model": "m" * LINE_MAX_BYTES},
        {"model": "m" * (LINE_MAX_BYTES - 1_000)},
    ],
    ids=str,
)
def test_what_is_not_written_as_it_is_is_like_no_other(said: dict[str, Any]) -> None:
    assert Like.of(an_entry(**said)) is None


def test_an_entry_is_made_for_whoever_asks_for_it() -> None:
    entries = [an_entry(bytes_in=number) for number in range(5)]
    like = Like(entries[0])
    told = Told([*(Again(like, _values_of(one)) for one in entries[:3]), *entries[3:]])
    assert len(told) == 5
    assert list(told) == entries
    assert told[1] == entries[1]
    assert list(told[1:4]) == entries[1:4]
    assert list(told.some([4, 0])) == [entries[4], entries[0]]


def test_what_varies_stands_where_a_line_has_it() -> None:
    fields = Entry.__struct_fields__
    places = [fields.index(name) for name in VARYING]
    assert places == [1, 2, *range(12, 22)]
