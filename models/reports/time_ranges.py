"""Ranges of time: which counters they are read from, in steps for a dashboard, whole for a report.

Short recent ranges are read from the minute counters and all others from the hours; both ends are
widened to what the table can tell apart.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

import msgspec

from models.retention import MINUTES_KEPT

#: What a report adds up by.
Bucket: TypeAlias = Literal["total", "hour", "day"]
TimeRangeName: TypeAlias = Literal["1h", "today", "24h", "7d", "30d"]
TIME_RANGE_NAMES: Final[tuple[TimeRangeName, ...]] = get_args(TimeRangeName)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
_LONGEST: Final = timedelta(days=3653)
_MOST_STEPS: Final = 62
_LADDER: Final = (
    *(MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(HOUR * n for n in (1, 2, 3, 4, 6, 12)),
    *(DAY * n for n in (1, 2, 7, 14, 28)),
)
_NAMED: Final[dict[TimeRangeName, tuple[timedelta, timedelta]]] = {
    "1h": (HOUR, MINUTE),
    "24h": (DAY, 30 * MINUTE),
    "7d": (7 * DAY, 3 * HOUR),
    "30d": (30 * DAY, 12 * HOUR),
}


class Part(NamedTuple):
    """Rows of a table, from `start` up to but not including `end`."""

    table: str
    start: datetime
    end: datetime


class TimeRange(msgspec.Struct, frozen=True, kw_only=True):
    """`start` up to but not including `end`, a whole number of steps apart."""

    start: datetime
    end: datetime
    step: timedelta
    #: The stretch before, as far into it as the present is into this one.
    previous_start: datetime
    previous_end: datetime
    by_minute: bool
    #: Whether the present is within it, so that it still changes.
    running: bool

    @property
    def table(self) -> str:
        """Where its counters are."""
        return "usage_minute" if self.by_minute else "usage_hour"

    @property
    def parts(self) -> tuple["Part", ...]:
        """Where its sums are read soonest."""
        return _parts(self.start, self.end, by_minute=self.by_minute)

    @property
    def previous_parts(self) -> tuple["Part", ...]:
        """The same for the stretch before."""
        return _parts(self.previous_start, self.previous_end, by_minute=self.by_minute)

    @property
    def steps(self) -> int:
        """The number of steps of the range."""
        return (self.end - self.start) // self.step

    def at(self, step: int) -> datetime:
        """When a step begins."""
        return self.start + self.step * step


def named(name: TimeRangeName, present: datetime) -> TimeRange:
    """One of the usual ones, up to now."""
    if name == "today":
        midnight = _floor(present, DAY)
        return _span(midnight, midnight + DAY, 30 * MINUTE, present, by_minute=True)
    length, step = _NAMED[name]
    end = _floor(present, step) + step
    return _span(end - length, end, step, present, by_minute=length <= DAY)


def chosen(start: datetime, end: datetime, present: datetime) -> TimeRange:
    """Any other of the last ten years; an `end` before `start` is taken to be soon after it."""
    start = min(max(start, present - _LONGEST), present)
    end = min(max(end, start + MINUTE), present + DAY)
    # The stretch before has to be there as well.
    first = start - (end - start) - MINUTE
    by_minute = end - start <= DAY and first >= present - MINUTES_KEPT
    least = MINUTE if by_minute else HOUR
    step = _step(end - start, least)
    start = _floor(start, min(step, DAY))
    end = start + step * -((start - end) // step)
    if by_minute and start - (end - start) < present - MINUTES_KEPT:
        by_minute, step = False, max(step, HOUR)
        start = _floor(start, step)
        end = start + step * -((start - end) // step)
    return _span(start, end, step, present, by_minute=by_minute)


def _step(length: timedelta, least: timedelta) -> timedelta:
    for step in _LADDER:
        if step >= least and length <= step * (_MOST_STEPS - 2):
            return step
    return DAY * -(-length // (DAY * (_MOST_STEPS - 2)))


def _span(
    start: datetime, end: datetime, step: timedelta, present: datetime, *, by_minute: bool
) -> TimeRange:
    length = end - start
    running = start <= present < end
    resolution = MINUTE if by_minute else HOUR
    known_to = _floor(present, resolution) + resolution if running else end
    return TimeRange(
        start=start,
        end=end,
        step=step,
        previous_start=start - length,
        previous_end=known_to - length,
        by_minute=by_minute,
        running=running,
    )


def _parts(start: datetime, end: datetime, *, by_minute: bool) -> tuple[Part, ...]:
    """Whole hours from the hour counters, which are few, and only the ends by minute."""
    first, last = -((_EPOCH - start) // HOUR) * HOUR + _EPOCH, _floor(end, HOUR)
    if not by_minute or first >= last:
        return (Part("usage_minute" if by_minute else "usage_hour", start, end),)
    parts = (
        Part("usage_minute", start, first),
        Part("usage_hour", first, last),
        Part("usage_minute", last, end),
    )
    return tuple(part for part in parts if part.start < part.end)


def _floor(moment: datetime, step: timedelta) -> datetime:
    return moment - (moment - _EPOCH) % step


def _ceiling(moment: datetime, step: timedelta) -> datetime:
    return moment + -(moment - _EPOCH) % step


def _widened(table: str, start: datetime, end: datetime, step: timedelta) -> Part:
    return Part(table, _floor(start, step), _ceiling(end, step))


def whole_hours(table: str, span: TimeRange) -> Part:
    """A range of a table that tells hours apart and nothing less."""
    return _widened(table, span.start, span.end, HOUR)


def counters_of(start: datetime, end: datetime, bucket: Bucket, present: datetime) -> Part:
    """The counters that a report over this range adds up, widened to whole buckets."""
    if bucket == "day":
        return _widened("usage_hour", start, end, DAY)
    hours = _widened("usage_hour", start, end, HOUR)
    if bucket == "hour" or (hours.start, hours.end) == (start, end):
        return hours
    # An hour short of what is kept, so that no row goes while we read.
    if start < present - MINUTES_KEPT + HOUR:
        return hours
    return _widened("usage_minute", start, end, MINUTE)
