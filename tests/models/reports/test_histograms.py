"""Percentiles of histograms"""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reports.histograms import percentile

BOUNDS = (100, 200, 400)


@pytest.mark.parametrize(
    ("counts", "share", "value"),
    [
        # Evenly spread within the bucket that holds the rank.
        ((10, 0, 0, 0), 0.5, 50),
        ((10, 0, 0, 0), 1.0, 100),
        ((10, 10, 0, 0), 0.75, 150),
        ((0, 0, 4, 0), 0.25, 250),
        ((1, 0, 1, 0), 0.5, 100),
        ((1, 0, 1, 0), 0.75, 300),
        # Beyond the last bound no more is known than the bound.
        ((0, 0, 0, 7), 0.5, 400),
        ((90, 0, 0, 10), 0.95, 400),
    ],
)
def test_interpolated_within_a_bucket(counts: tuple[int, ...], share: float, value: float) -> None:
    assert percentile(counts, BOUNDS, share) == pytest.approx(value)


def test_nothing_has_no_percentile() -> None:
    assert percentile((0, 0, 0, 0), BOUNDS, 0.95) is None


counts = st.lists(st.integers(0, 10**12), min_size=4, max_size=4).filter(any)


@given(counts)
def test_never_falls_with_the_share_and_stays_in_bounds(counts: list[int]) -> None:
    values = [percentile(counts, BOUNDS, share / 20) for share in range(21)]
    assert all(value is not None and 0 <= value <= 400 for value in values)
    assert all(low <= high + 1e-6 for low, high in pairwise(values))  # type: ignore[operator]
