"""The dashboard's second row: a measure over time, stacked by what it is made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from admin.components import filters
from admin.components.svg import PITCH, Column, round_up, stack
from models.reports.dashboard import Measure, Sums, TimeSeries, TopConsumer
from models.reports.time_ranges import TimeRange

#: Series of a chart by group, beside what is left.
MOST_SERIES: Final = 5
_DAY: Final = timedelta(days=1)

_Parts = tuple[tuple[str, str, Callable[[Sums], int]], ...]
_PARTS: Final[dict[Measure, _Parts]] = {
    "requests": (
        ("good", "Succeeded", lambda sums: sums.requests - sums.errors),
        ("warning", "Client errors, 4xx", lambda sums: sums.client_errors),
        ("bad", "Upstream errors", lambda sums: sums.upstream_errors),
        ("cut", "Cut short", lambda sums: sums.cut_short),
    ),
    "tokens": (
        ("s1", "Input", lambda sums: sums.prompt_tokens - sums.cached_tokens),
        ("s2", "Cached input", lambda sums: sums.cached_tokens),
        ("s3", "Output", lambda sums: sums.completion_tokens),
    ),
    "cost": (("s1", "Cost", lambda sums: sums.cost_nanos or 0),),
}
_SAY: Final[dict[Measure, Callable[[float], str]]] = {
    "requests": filters.count,
    "tokens": filters.compact,
    "cost": lambda nanos: filters.usd(int(nanos)),
}


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of block; `style` is its class."""

    style: str
    label: str
    values: tuple[int, ...]
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A drawing of `width` by 100 units, what its axes say, and its legend."""

    columns: tuple[Column, ...]
    width: int
    series: tuple[Series, ...]
    marks: tuple[str, ...]
    label: str
    step: str


def by_outcome(span: TimeRange, course: TimeSeries, measure: Measure) -> Timeline:
    """Stacked by what the counters know of every request."""
    parts = [
        (style, label, tuple(max(0, amount(sums)) for sums in course.steps))
        for style, label, amount in _PARTS[measure]
    ]
    return _timeline(span, measure, parts)


def by_group(
    span: TimeRange,
    course: TimeSeries,
    measure: Measure,
    groups: Mapping[UUID | str, tuple[int, ...]],
    names: Mapping[UUID | str, str],
) -> Timeline:
    """Stacked by projects, tokens or models; whatever is not in `groups` is `Other`."""
    amount = _total(measure)
    left = tuple(
        max(0, amount(sums) - sum(values[step] for values in groups.values()))
        for step, sums in enumerate(course.steps)
    )
    parts = [
        (f"s{number}", names[group], values)
        for number, (group, values) in enumerate(groups.items(), 1)
    ]
    return _timeline(span, measure, [*parts, ("other", "Other", left)])


def largest(shares: Sequence[TopConsumer], measure: Measure) -> list[UUID | str]:
    """Which groups get a series of their own."""
    return [share.group for share in shares if share.amount(measure)][:MOST_SERIES]


def _total(measure: Measure) -> Callable[[Sums], int]:
    if measure == "cost":
        return lambda sums: sums.cost_nanos or 0
    return lambda sums: int(getattr(sums, measure))


def _timeline(
    span: TimeRange, measure: Measure, parts: Sequence[tuple[str, str, tuple[int, ...]]]
) -> Timeline:
    say = _SAY[measure]
    series = tuple(
        Series(style, label, values, say(sum(values)))
        for style, label, values in parts
        if any(values)
    )
    heights = [sum(each.values[step] for each in series) for step in range(span.steps)]
    top = round_up(max(heights, default=0))
    return Timeline(
        columns=stack(
            [(each.style, each.values) for each in series],
            [_title(span, step, series, say) for step in range(span.steps)],
            top,
        ),
        width=span.steps * PITCH,
        series=series,
        marks=tuple(_mark(value, measure) for value in (top, top / 2, 0)) if top else (),
        label=", ".join(f"{each.said} {each.label}" for each in series) or "nothing",
        step=filters.span(span.step),
    )


def _mark(value: float, measure: Measure) -> str:
    if measure == "cost":
        return filters.usd(int(value)) if value else "$0"
    return filters.compact(int(value) if value == int(value) else value)


def _title(
    span: TimeRange, step: int, series: Sequence[Series], say: Callable[[float], str]
) -> str:
    at = span.at(step)
    when = f"{at:%d %b %Y}" if span.step >= _DAY else f"{at:%d %b, %H:%M} UTC"
    said = [f"{say(each.values[step])} {each.label}" for each in series if each.values[step]]
    return "\n".join([when, *said]) if said else f"{when}\nNothing"
