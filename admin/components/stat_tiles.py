"""The dashboard's first row: a figure, what it was in the span before, and its course."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from admin.components import filters
from admin.components.svg import Bar, fold, sparkline
from models.reports.dashboard import Sums, TimeSeries
from models.reports.histograms import percentile
from models.reports.time_ranges import TimeRange
from models.usage import OVERHEAD_BOUNDS_US, TTFB_BOUNDS_US

Covered: TypeAlias = Sequence[tuple[Sums, float]]
Better: TypeAlias = Literal["less", "neither"]

#: Smaller changes are noise.
_LEAST_CHANGE: Final = 0.005
_MANIFOLD: Final = 10
#: What is neither good nor bad below it: percentiles vary from one day to the next.
_TELLING: Final = 0.05


@dataclass(frozen=True, slots=True)
class Change:
    """`way` is up, down or same; `tone` says whether that is good, bad or neither."""

    text: str
    way: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One of the row. `note` is a second, smaller value."""

    key: str
    label: str
    value: str
    note: str
    change: Change | None
    bars: tuple[Bar, ...]
    exact: str = ""


def figures(course: TimeSeries) -> tuple[Figure, ...]:
    """All of them."""
    total, before, steps = course.total, course.previous, course.steps

    def course_of(add: Callable[[Covered], float | None]) -> tuple[Bar, ...]:
        return sparkline(fold(steps, add))

    return (
        Figure(
            key="requests",
            label="Requests",
            value=filters.compact(total.requests),
            exact=filters.count(total.requests),
            note=_before(total.requests, before.requests),
            change=_relative(total.requests, before.requests, "neither"),
            bars=course_of(_summing(lambda sums: sums.requests)),
        ),
        Figure(
            key="errors",
            label="Error rate",
            value=filters.percent(total.errors, total.requests),
            exact=f"{total.errors:,} of {total.requests:,}",
            note=filters.plural(total.errors, "error"),
            change=_points(total.error_rate, before.error_rate),
            bars=course_of(_rate),
        ),
        Figure(
            key="tokens",
            label="Tokens",
            value=filters.compact(total.tokens),
            exact=filters.count(total.tokens),
            note=f"{filters.compact(total.completion_tokens)} written",
            change=_relative(total.tokens, before.tokens, "neither"),
            bars=course_of(_summing(lambda sums: sums.tokens)),
        ),
        Figure(
            key="cost",
            label="Cost",
            value=filters.usd(total.cost_nanos),
            note=_each(total),
            change=_relative(total.cost_nanos, before.cost_nanos, "neither"),
            bars=course_of(_summing(lambda sums: sums.cost_nanos or 0)),
        ),
        Figure(
            key="overhead",
            label="Overhead, p95",
            value=filters.milliseconds(total.overhead_us(0.95)),
            note=f"p50 {filters.milliseconds(total.overhead_us(0.5))}",
            change=_relative(total.overhead_us(0.95), before.overhead_us(0.95), "less"),
            bars=course_of(_slowest(lambda sums: sums.overhead, OVERHEAD_BOUNDS_US)),
        ),
        Figure(
            key="ttfb",
            label="First byte, p95",
            value=filters.milliseconds(total.ttfb_us(0.95)),
            note=f"p50 {filters.milliseconds(total.ttfb_us(0.5))}",
            change=_relative(total.ttfb_us(0.95), before.ttfb_us(0.95), "less"),
            bars=course_of(_slowest(lambda sums: sums.ttfb, TTFB_BOUNDS_US)),
        ),
        *((_from_the_cache(course),) if _keeps(course) else ()),
    )


def _keeps(course: TimeSeries) -> bool:
    """Whether answers were looked for in the cache: elsewhere it is not spoken of."""
    return course.total.looked_up + course.previous.looked_up > 0


def _from_the_cache(course: TimeSeries) -> Figure:
    total = course.total
    return Figure(
        key="cached",
        label="From the cache",
        value=filters.percent(total.cached_requests, total.looked_up),
        exact=f"{total.cached_requests:,} of {total.looked_up:,} looked for",
        note=f"{filters.usd(total.saved_nanos)} saved",
        change=_points(total.hit_rate, course.previous.hit_rate, "neither"),
        bars=sparkline(fold(course.steps, _hit_rate)),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one step, in their order."""

    start: datetime
    end: datetime
    values: tuple[str, ...]


def course_rows(span: TimeRange, course: TimeSeries) -> tuple[Row, ...]:
    """What the sparklines are drawn from, in words."""
    keeps = _keeps(course)
    return tuple(
        Row(
            span.at(number),
            span.at(number + 1),
            (
                filters.count(sums.requests),
                filters.percent(sums.errors, sums.requests),
                filters.count(sums.tokens),
                filters.usd(sums.cost_nanos),
                filters.milliseconds(sums.overhead_us(0.95)),
                filters.milliseconds(sums.ttfb_us(0.95)),
                *((_hits(sums),) if keeps else ()),
            ),
        )
        for number, sums in enumerate(course.steps)
    )


def _before(now: int, before: int) -> str:
    return f"{filters.compact(before)} before" if now or before else "None yet"


def _each(total: Sums) -> str:
    if not total.requests:
        return "Nothing spent"
    if total.cost_nanos is None:
        return "No price known" if total.unpriced_requests else "Nothing used"
    if total.unpriced_requests:
        one_or_many = "request" if total.unpriced_requests == 1 else "requests"
        return f"{filters.compact(total.unpriced_requests)} {one_or_many} without a price"
    return f"{filters.usd(total.cost_nanos // total.requests)} a request"


def _relative(now: float | None, before: float | None, better: Better) -> Change | None:
    if now is None or not before:
        return None
    ratio = now / before
    if abs(ratio - 1) < _LEAST_CHANGE:
        return Change("0%", "same", "neither")
    text = f"×{ratio:.0f}" if ratio >= _MANIFOLD else f"{abs(ratio - 1):.0%}"
    return Change(text, *_way(ratio > 1, better if abs(ratio - 1) >= _TELLING else "neither"))


def _hits(sums: Sums) -> str:
    return filters.percent(sums.cached_requests, sums.looked_up)


def _points(now: float | None, before: float | None, better: Better = "less") -> Change | None:
    if now is None or before is None:
        return None
    points = (now - before) * 100
    if abs(points) < 0.05:
        return Change("0 pts", "same", "neither")
    return Change(f"{abs(points):.1f} pts", *_way(points > 0, better))


def _way(more: bool, better: Better) -> tuple[str, str]:
    if better == "neither":
        return "up" if more else "down", "neither"
    return ("up", "bad") if more else ("down", "good")


def _summing(amount: Callable[[Sums], int]) -> Callable[[Covered], float]:
    return lambda covered: sum(amount(sums) * part for sums, part in covered)


def _rate(covered: Covered) -> float | None:
    requests = sum(sums.requests * part for sums, part in covered)
    return sum(sums.errors * part for sums, part in covered) / requests if requests else None


def _hit_rate(covered: Covered) -> float | None:
    looked_up = sum(sums.looked_up * part for sums, part in covered)
    hits = sum(sums.cached_requests * part for sums, part in covered)
    return hits / looked_up if looked_up else None


def _slowest(
    histogram: Callable[[Sums], tuple[int, ...]], bounds: tuple[int, ...]
) -> Callable[[Covered], float | None]:
    def p95(covered: Covered) -> float | None:
        counts = [0.0] * (len(bounds) + 1)
        for sums, part in covered:
            for bucket, count in enumerate(histogram(sums)):
                counts[bucket] += count * part
        return percentile(counts, bounds, 0.95)

    return p95
