"""Batches of entries by column come to what each entry by itself does."""

from itertools import product
from operator import attrgetter
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import counters
from models import entry as coding
from models.again import VARYING, Again, Like, Recorded, Told
from models.entry import Attempt, Entry, Parts, all_fit, storable
from models.entry_columns import all_storable, by_column
from models.objects import Finished, Kept
from tests.models.rows import an_entry

_NUMBERS: Final = [0, 1, 19, 2**32 - 1, 2**32, 10**10 + 1, 10**16, 2**63, -1]
_OR_NONE: Final = [*_NUMBERS, None]
_TIMES: Final = [0, 90, 100, 101, 25_000, 25_001, 10**8, 2**40]
_TEXTS: Final = ["", "openai", "a\x00b", "x" * 300]
_AT: Final = 1_790_000_000_000_000
#: How an entry may differ from a usual one.
_DIFFERING: Final[dict[str, list[Any]]] = {
    **dict.fromkeys(("bytes_in", "bytes_out"), _NUMBERS),
    **dict.fromkeys(
        ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "cost_nanos",
         "saved_nanos"), _OR_NONE,
    ),
    **dict.fromkeys(("duration_us", "overhead_us"), _TIMES),
    "ttfb_us": [*_TIMES, None],
    **dict.fromkeys(("model", "service_tier", "upstream_code", "end_user"), _TEXTS),
    "at_us": [_AT, _AT + 1, _AT + 60_000_000],
    "token_id": [str(number) * 36 for number in range(3)],
    "status": [0, 200, 399, 400, 499, 500, 999, 1000, -1],
    "outcome": ["complete", "timeout", "client_left", "middleware_failed"],
    "usage": ["exact", "unknown"],
    "counted": [True, False],
    "charge": ["", "used", "held", "none"],
    "cache": ["", "hit", "miss", "newer"],
    "parts": [None, Parts(), Parts(web_searches=3), Parts(audio_seconds=-1)],
    "attempts": [None, (), (Attempt("k", 500, "", 3),), (Attempt("", -1, "", 3),)],
    "objects": [None, (), (Kept("file-1", "file"),), (Kept(" ", "file"),)],
    "finished": [None, Finished(" ", 0, "m", None, None, None, None, None)],
    "tags": [None, (), (("team", "a"),), (("B b", "v"),)],
}  # fmt: skip
_values_of: Final = attrgetter(*VARYING)
_entries: Final = st.lists(
    st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(values) for name, values in _DIFFERING.items()}
    ).map(lambda said: an_entry(**said)),
    min_size=1,
    max_size=12,
)


def _sums(rows: dict[Any, counters.Totals]) -> dict[Any, tuple[list[int], int | None]]:
    return {key: (totals.added, totals.cost_nanos) for key, totals in rows.items()}


def _told(entries: list[Entry]) -> Told:
    """The same, as they are kept: each but every third like itself or the first of all."""
    first, told = Like.of(entries[0]), list[Recorded](entries)
    for place, entry in enumerate(entries):
        like = Like.of(entry)
        if like is not None and place % 3 < 2:
            values = _values_of(entry)
            alike = first is not None and Again(first, values).entry == entry
            told[place] = Again(first if alike and first is not None else like, values)
    return Told(told)


def _is_storable_by_column(entries: list[Entry]) -> None:
    one_by_one = [storable(entry) for entry in entries]
    told = _told(entries)
    for either in (entries, told, told[:1]):
        mended, columns = all_storable(either)
        assert list(mended) == one_by_one[: len(either)]
        assert columns == by_column(one_by_one[: len(either)])


def _is_counted_by_column(entries: list[Entry]) -> None:
    one_by_one: dict[Any, counters.Totals] = {}
    for entry in entries:
        totals = one_by_one.setdefault(counters._finest(entry), counters.Totals())
        totals.add(entry)
    for either in (entries, _told(entries)):
        together = counters.add_up(either, by_column(either))
        assert _sums(together) == _sums(one_by_one)


@pytest.mark.parametrize("name", _DIFFERING)
def test_one_odd_entry_among_usual_ones(name: str) -> None:
    for value in _DIFFERING[name]:
        entries = [an_entry(at_us=_AT) for _ in range(5)] + [
            an_entry(**{"at_us": _AT, name: value})
        ]
        _is_storable_by_column(entries)
        _is_counted_by_column(entries)
        _is_counted_by_column(entries[-1:] * 5)


@settings(deadline=None, max_examples=200)
@given(_entries)
def test_entries_that_are_odd_in_several_ways(entries: list[Entry]) -> None:
    _is_storable_by_column(entries)
    _is_counted_by_column(entries)


def test_usual_entries_are_seen_to_fit_at_once() -> None:
    entries = [
        an_entry(status=status, cached_tokens=cached, ttfb_us=ttfb, parts=parts)
        for status, cached, ttfb, parts in product(
            (200, 429), (None, 0, 7), (None, 10**6), (None, Parts(cache_write_tokens=5))
        )
    ]
    coding._clean.clear()
    columns = by_column(entries)
    assert not all_fit(columns)
    all_storable(entries)
    assert all_fit(columns)
    for odd in ({"model": "new"}, {"bytes_in": 2**32}, {"status": -1}, {"end_user": "u"}):
        assert not all_fit(by_column([*entries, an_entry(**odd)])), odd
