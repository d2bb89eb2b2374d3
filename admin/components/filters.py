"""How values look: Jinja filters for numbers, money, durations, times and long names.

Times are `<time>` elements with the UTC instant; a script of ours puts them into the reader's
zone, and without it they stand as UTC.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from markupsafe import Markup

from models.rules import parse_id

NOTHING: Final = "–"
_NANOS: Final = 10**9
_UNITS: Final = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_SPANS: Final = ((86_400, "day"), (3600, "h"), (60, "min"))


def count(number: float | None) -> str:
    """12,345"""
    return NOTHING if number is None else f"{number:,}"


def compact(number: float | None) -> str:
    """12.3k"""
    if number is None:
        return NOTHING
    for size, unit in _UNITS:
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:,}"


def usd(nanos: int | None) -> str:
    """$1.23; small amounts keep two digits that say something. – where no price is known."""
    if nanos is None:
        return NOTHING
    dollars = nanos / _NANOS
    if dollars == 0 or dollars >= 0.01:
        return f"${dollars:,.2f}"
    return f"${dollars:.2g}" if dollars >= 0.0001 else "<$0.0001"


def usd_exact(nanos: int | None) -> str:
    """$0.04001: every digit, of one request, to be held against a bill."""
    if nanos is None:
        return NOTHING
    dollars, rest = divmod(nanos, _NANOS)
    return f"${dollars:,}.{f'{rest:09}'.rstrip('0'):0<2}"


def milliseconds(microseconds: float | None) -> str:
    """1.2 ms, 340 ms, 2.10 s"""
    if microseconds is None:
        return NOTHING
    if microseconds < 10_000:
        return f"{microseconds / 1000:.1f} ms"
    if microseconds < 1_000_000:
        return f"{microseconds / 1000:.0f} ms"
    return f"{microseconds / 1_000_000:.2f} s"


def bytesize(size: int | None) -> str:
    """12.3 kB"""
    if size is None:
        return NOTHING
    for limit, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= limit:
            return f"{size / limit:.3g} {unit}"
    return f"{size} B"


def percent(part: float, whole: float) -> str:
    """3.4%"""
    return NOTHING if not whole else f"{part / whole:.1%}"


def moment(at: datetime | None) -> Markup | str:
    """The time of day, in the reader's zone."""
    return _time(at, "moment", lambda utc: f"{utc:%Y-%m-%d %H:%M:%S} UTC")


def clock(at: datetime) -> Markup | str:
    """14:30"""
    return _time(at, "clock", lambda utc: f"{utc:%H:%M} UTC")


def day(at: datetime) -> Markup | str:
    """3 Nov"""
    return _time(at, "day", lambda utc: f"{utc.day} {utc:%b}")


def stretch(start: datetime, end: datetime) -> Markup:
    """From when to when, in the reader's zone; `static/times.js` has the same words."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    words = stretch_in_words(start, end)
    return Markup(
        '<time datetime="{}" data-until="{}" data-shown="stretch" title="{}">{}</time>'
    ).format(f"{start:%Y-%m-%dT%H:%MZ}", f"{end:%Y-%m-%dT%H:%MZ}", words, words)


def stretch_in_words(start: datetime, end: datetime) -> str:
    """The same as text, in UTC, which both are in."""
    begins, ends, last = _date(start), _date(end), _date(end - timedelta(microseconds=1))
    at, until = f"{start:%H:%M}", f"{end:%H:%M}"
    if at == until == "00:00":
        return f"{begins}, UTC" if begins == last else f"{begins} to {last}, UTC"
    if begins == last:
        return f"{begins}, {at} to {'24:00' if until == '00:00' else until} UTC"
    return f"{begins}, {at} to {ends}, {until} UTC"


def _date(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


def ago(at: datetime | None) -> Markup | str:
    """3 min ago, or in 3 min."""
    return _time(at, "ago", relative)


def relative(at: datetime) -> str:
    """The distance from now, in words."""
    seconds = (datetime.now(UTC) - at).total_seconds()
    distance = _distance(abs(seconds))
    if distance is None:
        return "just now" if seconds >= 0 else "in a moment"
    return f"{distance} ago" if seconds >= 0 else f"in {distance}"


def span(length: timedelta | float | None) -> str:
    """30 days, 4 h, 5 min"""
    if length is None:
        return NOTHING
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    return _distance(seconds) or f"{int(seconds)} s"


def _distance(seconds: float) -> str | None:
    for size, unit in _SPANS:
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {unit}{'s' if unit == 'day' and number != 1 else ''}"
    return None


def _time(at: datetime | None, how: str, words: Callable[[datetime], str]) -> Markup | str:
    if at is None:
        return NOTHING
    utc = at.astimezone(UTC)
    return Markup('<time datetime="{}" data-shown="{}" title="{}">{}</time>').format(
        f"{utc:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z", how, f"{utc:%Y-%m-%d %H:%M:%S} UTC", words(utc)
    )


def middle(text: str | None, most: int = 40) -> Markup | str:
    """A long name without its middle; the whole of it on hover."""
    if not text:
        return NOTHING
    if len(text) <= most:
        return text
    ahead = (most - 1) * 3 // 5
    kept = f"{text[:ahead]}…{text[ahead + 1 - most :]}"
    return Markup('<span title="{}">{}</span>').format(text[:1000], kept)


_BROWSERS: Final = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"), ("curl/", "curl"), ("python-httpx/", "httpx"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser(agent: str) -> Markup | str:
    """Chrome on Linux; what the browser says of itself on hover."""
    name = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if not name:
        return middle(agent, 32)
    words = f"{name} on {system}" if system else name
    return Markup('<span title="{}">{}</span>').format(agent, words)


def plural(number: int, one: str, many: str | None = None) -> str:
    """3 tokens, 1 token"""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _word(entry: object) -> str:
    """An entry of a list that was changed, which may be an object of its own."""
    return f"({brief(entry)})" if isinstance(entry, dict) else str(entry)


def brief(value: object) -> Markup | str:
    """One side of a change in the audit trail."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        # All of it: what was changed may be at its end.
        said = {name.replace("_", " "): one for name, one in value.items() if one is not None}
        return "; ".join(
            f"{name}: {', '.join(map(_word, one)) if isinstance(one, list) else one}"
            for name, one in said.items()
        )
    if isinstance(value, list):
        value = ", ".join(map(_word, value))
    text = str(value)
    if parse_id(text):
        return middle(text, 14)
    if _INSTANT.fullmatch(text):
        # The name of a project may look like a time and be none.
        with suppress(ValueError):
            return moment(datetime.fromisoformat(text))
    return middle(text, 48) if text else "empty"


def lines(items: list[str] | None) -> str:
    """A list as a text area holds it."""
    return "\n".join(items or ())


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "ago": ago,
    "brief": brief,
    "browser": browser,
    "bytesize": bytesize,
    "clock": clock,
    "compact": compact,
    "count": count,
    "day": day,
    "lines": lines,
    "middle": middle,
    "milliseconds": milliseconds,
    "moment": moment,
    "percent": percent,
    "plural": plural,
    "span": span,
    "stretch": stretch,
    "usd": usd,
    "usd_exact": usd_exact,
}
