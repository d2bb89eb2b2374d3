"""What is asked of a column is what is asked of each that stands in it."""

from bisect import bisect_left
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import ledger
from models.columns import is_one, kinds, of_known, spread, times

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000
_AT: Final = 1_764_000_000 * _SECOND
_BEFORE_2001: Final = 999_999_999 * _SECOND
_IN_2286: Final = 9_999_999_999 * _SECOND
_ABOUT: Final = st.sampled_from([0, _BEFORE_2001, _AT, _IN_2286, 253_402_300_798 * _SECOND])


def _is_written_as_each(at_us: list[int]) -> None:
    moments = [_EPOCH + timedelta(microseconds=us) for us in at_us]
    assert ledger._as_text(at_us) == [moment.isoformat(" ") for moment in moments]
    told = times(at_us, lambda at: f"{at:%H:%M:%S}", "Z")
    assert told == ",".join(f"{moment:%H:%M:%S.%f}Z" for moment in moments)


@pytest.mark.parametrize(
    "at_us",
    [
        [_AT],
        [_AT + 1, _AT, _AT + 999_999, _AT + _SECOND, _AT + _SECOND + 7],
        # A second whose digits end a time, or are within one.
        [_AT + 176_400, _AT + 764_000, 1_764_176_400 * _SECOND],
        [_AT + second * _SECOND + 5 for second in range(9)],
        [_BEFORE_2001 + 1, _BEFORE_2001 + _SECOND],
        [_IN_2286 + 1, _IN_2286 + _SECOND],
        [0, 10],
        # A clock that began with the machine, of which the seconds are those of its first year.
        *([second * _SECOND - 1, second * _SECOND + 1] for second in (19, 197, 1970, 10_000)),
    ],
)
def test_times_of_a_batch_are_written_as_each_is(at_us: list[int]) -> None:
    _is_written_as_each(at_us)


@settings(deadline=None)
@given(st.tuples(_ABOUT, st.lists(st.integers(0, 3 * _SECOND), min_size=1, max_size=9)))
def test_times_about_a_moment_are_written_as_each_is(about: tuple[int, list[int]]) -> None:
    start, behind = about
    _is_written_as_each([min(start + us, 253_402_300_799_999_999) for us in behind])


@settings(deadline=None)
@given(st.lists(st.integers(-1, 12)), st.lists(st.integers(0, 9), unique=True).map(sorted))
def test_numbers_are_spread_over_bounds_as_each_is(numbers: list[int], bounds: list[int]) -> None:
    each = Counter(bisect_left(bounds, number) for number in numbers)
    assert list(spread(bounds, numbers)) == [each[place] for place in range(len(bounds) + 1)]


def test_kinds_are_those_of_each_row() -> None:
    assert is_one(["a", "a"])
    assert not is_one(["a", "a", "b"])
    assert kinds({"a": [1, 1], "b": [2, 2]}, ("a", "b")) == {(1, 2)}
    assert kinds({"a": [1, 1], "b": [2, 3]}, ("a", "b")) == {(1, 2), (1, 3)}


def test_what_is_not_known_is_left_out() -> None:
    assert of_known(sum, [1, None, 2]) == of_known(sum, [1, 2]) == 3
    assert of_known(sum, [None]) == 0
