"""Where days, weeks and months begin and end, by the rules of every zone."""

from datetime import UTC, datetime
from typing import Final

import pytest

from models import windows
from models.windows import CalendarPeriod, Window, window, zones

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _us(text: str) -> int:
    return int((datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH).total_seconds()) * 10**6


@pytest.mark.parametrize(
    ("period", "zone", "at", "start", "end"),
    [
        ("day", "UTC", "2024-02-29T12:00", "2024-02-29T00:00", "2024-03-01T00:00"),
        ("day", "Asia/Kolkata", "2024-11-01T12:00", "2024-10-31T18:30", "2024-11-01T18:30"),
        # 23 hours and 25.
        ("day", "America/New_York", "2024-03-10T12:00", "2024-03-10T05:00", "2024-03-11T04:00"),
        ("day", "America/New_York", "2024-11-03T12:00", "2024-11-03T04:00", "2024-11-04T05:00"),
        # No midnight: the clock goes from 23:59 to 1:00.
        ("day", "Africa/Cairo", "2024-04-25T22:00", "2024-04-25T22:00", "2024-04-26T21:00"),
        ("day", "America/Havana", "2024-03-10T12:00", "2024-03-10T05:00", "2024-03-11T04:00"),
        # 23:00 twice, before midnight; and midnight itself twice, of which the first counts.
        ("day", "Africa/Cairo", "2024-10-31T21:30", "2024-10-30T21:00", "2024-10-31T22:00"),
        ("day", "America/Havana", "2024-11-03T05:30", "2024-11-03T04:00", "2024-11-04T05:00"),
        # The new day has begun, and the clock goes back into the old one for an hour.
        ("day", "America/St_Johns", "2006-10-29T02:45", "2006-10-29T02:30", "2006-10-30T03:30"),
        # 44 minutes and a half that never were, from midnight on.
        ("day", "Africa/Monrovia", "1972-01-07T12:00", "1972-01-07T00:44:30", "1972-01-08T00:00"),
        # From half past eleven to half past twelve: the day begins half an hour late.
        ("day", "America/Toronto", "1919-03-31T12:00", "1919-03-31T04:30", "1919-04-01T04:00"),
        # A day that never was.
        ("day", "Pacific/Apia", "2011-12-30T05:00", "2011-12-29T10:00", "2011-12-30T10:00"),
        ("day", "Pacific/Apia", "2011-12-30T10:00", "2011-12-30T10:00", "2011-12-31T10:00"),
        ("week", "Asia/Kolkata", "2024-11-03T18:29", "2024-10-27T18:30", "2024-11-03T18:30"),
        ("week", "America/New_York", "2024-11-04T04:59", "2024-10-28T04:00", "2024-11-04T05:00"),
        ("month", "Africa/Cairo", "2024-10-31T21:59", "2024-09-30T21:00", "2024-10-31T22:00"),
        ("month", "UTC", "2023-12-31T23:59", "2023-12-01T00:00", "2024-01-01T00:00"),
    ],
)
def test_a_window_begins_at_the_first_instant_of_its_local_day(
    period: CalendarPeriod, zone: str, at: str, start: str, end: str
) -> None:
    expected = Window(_us(start), _us(end))
    windows._newest.clear()
    assert window(period, zone, _us(at)) == expected
    # As remembered, and at both edges.
    assert window(period, zone, expected.start_us) == expected
    assert window(period, zone, _us(end) - 1) == expected
    assert window(period, zone, _us(end)).start_us == expected.end_us


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_windows_follow_one_another_without_gap_or_overlap(period: CalendarPeriod) -> None:
    for zone in ("America/New_York", "Africa/Cairo", "America/Havana", "Asia/Kolkata"):
        found = window(period, zone, _us("2023-01-01T00:00"))
        for _ in range(60):
            assert found.end_us is not None
            following = window(period, zone, found.end_us)
            assert following.start_us == found.end_us
            assert window(period, zone, found.end_us - 1) == found
            found = following


def test_a_total_has_no_end() -> None:
    assert window("total", "UTC", 1) == window("total", "Asia/Kolkata", 10**17) == Window(0, None)


def test_a_zone_is_one_of_the_packages_and_no_path() -> None:
    assert "Europe/Berlin" in zones()
    for name in ("Mars/Olympus", "../zones", ""):
        with pytest.raises(ValueError, match="no time zone"):
            window("day", name, 0)
