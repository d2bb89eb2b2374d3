"""Stretches of time: their steps, their tables, and what they are compared with."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reports.time_ranges import TIME_RANGE_NAMES, TimeRangeName, chosen, named
from models.retention import MINUTES_KEPT

NOW = datetime(2026, 11, 23, 15, 17, 42, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

presents = st.integers(1_577_836_800, 2_208_988_800).map(lambda at: datetime.fromtimestamp(at, UTC))


@pytest.mark.parametrize(
    ("name", "steps", "start", "end"),
    [
        ("1h", 60, "2026-11-23T14:18", "2026-11-23T15:18"),
        ("today", 48, "2026-11-23T00:00", "2026-11-24T00:00"),
        ("24h", 48, "2026-11-22T15:30", "2026-11-23T15:30"),
        ("7d", 56, "2026-11-16T18:00", "2026-11-23T18:00"),
        ("30d", 60, "2026-10-25T00:00", "2026-11-24T00:00"),
    ],
)
def test_the_usual_ones(name: TimeRangeName, steps: int, start: str, end: str) -> None:
    span = named(name, NOW)
    assert span.steps == steps
    assert (f"{span.start:%Y-%m-%dT%H:%M}", f"{span.end:%Y-%m-%dT%H:%M}") == (start, end)
    assert span.at(0) == span.start
    assert span.at(steps) == span.end


def test_compared_with_as_much_of_the_span_before_as_has_passed_of_this_one() -> None:
    today = named("today", NOW)
    assert today.previous_start == datetime(2026, 11, 22, tzinfo=UTC)
    assert today.previous_end == datetime(2026, 11, 22, 15, 18, tzinfo=UTC)
    month = named("30d", NOW)
    assert month.previous_end == datetime(2026, 10, 24, 16, tzinfo=UTC)


@given(presents, st.sampled_from(TIME_RANGE_NAMES))
def test_a_usual_one_holds_the_present_and_reads_what_is_kept(
    present: datetime, name: TimeRangeName
) -> None:
    span = named(name, present)
    assert span.running
    assert span.start <= present < span.end
    assert span.start <= span.previous_end + (span.end - span.start) <= span.end
    assert not span.by_minute or span.previous_start >= present - MINUTES_KEPT


@given(
    presents,
    st.timedeltas(timedelta(days=-3000), timedelta()),
    st.timedeltas(timedelta(days=-1), timedelta(days=3000)),
)
def test_any_other_is_covered_in_few_whole_steps(
    present: datetime, since: timedelta, length: timedelta
) -> None:
    start = present + since
    span = chosen(start, start + length, present)
    assert span.start <= start
    assert span.end >= min(start + length, present + timedelta(days=1))
    assert span.start + span.step * span.steps == span.end
    assert 1 <= span.steps <= 62
    resolution = MINUTE if span.by_minute else HOUR
    assert not span.step % resolution
    for moment in (span.start, span.end, span.previous_start, span.previous_end):
        assert not (moment - datetime(1970, 1, 1, tzinfo=UTC)) % resolution
    assert not span.by_minute or span.previous_start >= present - MINUTES_KEPT


@given(presents, st.sampled_from(TIME_RANGE_NAMES))
def test_parts_cover_it_once_and_hours_are_whole(present: datetime, name: TimeRangeName) -> None:
    span = named(name, present)
    for parts, start, end in (
        (span.parts, span.start, span.end),
        (span.previous_parts, span.previous_start, span.previous_end),
    ):
        assert [start, *(part.end for part in parts)] == [*(part.start for part in parts), end]
        for part in parts:
            least = HOUR if part.table == "usage_hour" else MINUTE
            assert not (part.start - datetime(1970, 1, 1, tzinfo=UTC)) % least
            assert not (part.end - part.start) % least
            assert part.table == "usage_hour" or part.end - part.start < HOUR or name == "1h"


@pytest.mark.parametrize("start", [FIRST, LAST])
@pytest.mark.parametrize("end", [FIRST, LAST])
def test_one_that_nobody_can_mean_is_cut(start: datetime, end: datetime) -> None:
    span = chosen(start, end, NOW)
    assert span.steps <= 62
    assert span.end - span.start <= timedelta(days=4000)


def test_a_short_one_of_long_ago_is_read_from_the_hours() -> None:
    long_ago = NOW - timedelta(days=90)
    span = chosen(long_ago, long_ago + 5 * MINUTE, NOW)
    assert (span.table, span.step, span.running) == ("usage_hour", HOUR, False)
    assert span.previous_end == span.start
    assert chosen(NOW - 5 * MINUTE, NOW, NOW).table == "usage_minute"
