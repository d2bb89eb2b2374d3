"""Calendar windows of budgets: when a day, a week or a month begins and ends where its zone is.

The rules of time zones come from the `tzdata` package and not from the machine, so that machines
agree, and so do both databases: windows are worked out here and handed to them as numbers.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Final, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

#: Those that have windows. The others are buckets, which fill all the time.
CalendarPeriod: TypeAlias = Literal["day", "week", "month", "total"]
Period: TypeAlias = Literal["minute", "hour", "day", "week", "month", "total"]

#: Seconds that an empty bucket of such a period takes to fill.
BUCKET_SECONDS: Final[dict[str, int]] = {"minute": 60, "hour": 3600}

_DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)


class Window(NamedTuple):
    """From the first microsecond of Unix time to before the second; None: it never ends."""

    start_us: int
    end_us: int | None


_ALWAYS: Final = Window(0, None)
#: The newest by period and zone: nearly every request falls into it.
_newest: dict[tuple[str, str], Window] = {}


@cache
def zones() -> frozenset[str]:
    """The names of all zones."""
    listed = resources.files("tzdata").joinpath("zones").read_text(encoding="ascii")
    return frozenset(listed.split())


def window(period: CalendarPeriod, zone: str, at_us: int) -> Window:
    """The window that a moment falls into. `zone` is one of `zones()`."""
    if period == "total":
        return _ALWAYS
    known = _newest.get((period, zone))
    if known is not None and known.end_us is not None and known.start_us <= at_us < known.end_us:
        return known
    found = _window(period, _rules(zone), _EPOCH + at_us * _US)
    _newest[period, zone] = found
    return found


@cache
def _rules(zone: str) -> ZoneInfo:
    if zone not in zones():
        raise ValueError(f"There is no time zone {zone[:64]!r}.")
    with resources.files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=zone)


def _window(period: CalendarPeriod, rules: ZoneInfo, at: datetime) -> Window:
    day = at.astimezone(rules).date()
    if _begin(day + _DAY, rules) <= at:
        # The clock was put back over midnight: the new day has begun and is not begun again.
        day += _DAY
    if period == "week":
        day -= timedelta(days=day.weekday())
        following = day + 7 * _DAY
    elif period == "month":
        day = day.replace(day=1)
        following = (day + 31 * _DAY).replace(day=1)
    else:
        following = day + _DAY
    return Window(_unix_us(_begin(day, rules)), _unix_us(_begin(following, rules)))


def _begin(day: date, rules: ZoneInfo) -> datetime:
    """The first moment at which the calendar shows this day, or a later one where it leaps."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=rules)
    begin = midnight.astimezone(UTC)
    if begin.astimezone(rules).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        # Of two midnights it is the first.
        return begin
    # There is no midnight: the day begins where the clock is put forward.
    earliest = midnight.replace(fold=1).astimezone(UTC)
    before = earliest.astimezone(rules).utcoffset()
    while begin - earliest > timedelta(seconds=1):
        middle = earliest + timedelta(seconds=(begin - earliest) // timedelta(seconds=2))
        if middle.astimezone(rules).utcoffset() == before:
            earliest = middle
        else:
            begin = middle
    return begin


def _unix_us(moment: datetime) -> int:
    return (moment - _EPOCH) // _US
