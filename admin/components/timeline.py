"""A measure over time, stacked by what it is made of: the dashboard's second row, and its like."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from admin.components import filters
from admin.components.svg import PITCH, Column, round_up, stack
from models.reports.dashboard import GroupBy, Measure, Sums, TimeSeries, TopConsumer
from models.reports.time_ranges import DAY, TimeRange

#: Series of a chart by group, beside what is left.
MOST_SERIES: Final = 5
#: Ticks that each stand below their own column.
_MOST_TICKS: Final = 8
#: Characters of a name in a column's title, which there are many of.
_MOST_LABEL: Final = 40

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
    """One kind of block; `style` is its class, `href` leads to its requests."""

    style: str
    label: str
    values: tuple[int, ...]
    said: str
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Columns of equal length, and what the request log is filtered by beside the time."""

    start: datetime
    step: timedelta
    steps: int
    by_clock: bool
    query: Mapping[str, str]

    def at(self, step: int) -> datetime:
        """When a column begins."""
        return self.start + self.step * step

    def requests(self, first: int, last: int, **query: str) -> str:
        """Where the requests of some columns are listed."""
        ends = {"from": self.at(first), "to": self.at(last)}
        asked = {name: f"{at:%Y-%m-%dT%H:%M}" for name, at in ends.items()}
        return f"/admin/requests?{urlencode({**self.query, **query, **asked})}"


@dataclass(frozen=True, slots=True)
class Step:
    """A column in words: each series' value, in the legend's order.

    `title` is all of it at once, as a browser without scripts shows it.
    """

    start: datetime
    end: datetime
    href: str
    said: tuple[str, ...]
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A drawing of `width` by 100 units, what its axes say, its legend, and all of it in words.

    The legend goes by size, the largest first.
    """

    columns: tuple[Column, ...]
    width: int
    series: tuple[Series, ...]
    steps: tuple[Step, ...]
    marks: tuple[str, ...]
    label: str
    step: str
    by_clock: bool
    by_day: bool

    @property
    def each_tick(self) -> bool:
        """Whether every column has a tick of its own."""
        return len(self.steps) <= _MOST_TICKS

    @property
    def ticks(self) -> tuple[datetime, ...]:
        """Which times the axis names."""
        last = len(self.steps) - 1
        named = range(last + 1) if self.each_tick else (last * part // 4 for part in range(5))
        return tuple(self.steps[step].start for step in named)


def by_outcome(span: TimeRange, course: TimeSeries, measure: Measure) -> Timeline:
    """Stacked by what the counters know of every request."""
    axis = _axis(span)
    # The log knows classes of statuses; of the other outcomes it has no single filter.
    hrefs = {"warning": axis.requests(0, axis.steps, status="4xx")}
    parts = [
        (style, label, tuple(max(0, amount(sums)) for sums in course.steps), hrefs.get(style, ""))
        for style, label, amount in _PARTS[measure]
    ]
    return draw(axis, measure, parts)


def by_group(
    span: TimeRange,
    course: TimeSeries,
    measure: Measure,
    by: GroupBy,
    groups: Sequence[tuple[UUID | str, str, tuple[int, ...]]],
) -> Timeline:
    """Stacked by projects, tokens or models with their names; what is in none is `Other`."""
    amount, axis = _total(measure), _axis(span)
    left = tuple(
        max(0, amount(sums) - sum(values[step] for _, _, values in groups))
        for step, sums in enumerate(course.steps)
    )
    parts = [
        (
            f"s{number}",
            name,
            values,
            # No filter asks for requests without a model.
            axis.requests(0, axis.steps, **{by: str(group)}) if group else "",
        )
        for number, (group, name, values) in enumerate(groups, 1)
    ]
    return draw(axis, measure, [*parts, ("other", "Other", left, "")])


def largest(shares: Sequence[TopConsumer], measure: Measure) -> list[UUID | str]:
    """Which groups get a series of their own."""
    return [share.group for share in shares if share.amount(measure)][:MOST_SERIES]


def _axis(span: TimeRange) -> Axis:
    return Axis(
        start=span.start, step=span.step, steps=span.steps, by_clock=span.by_minute, query={}
    )


def _total(measure: Measure) -> Callable[[Sums], int]:
    if measure == "cost":
        return lambda sums: sums.cost_nanos or 0
    return lambda sums: int(getattr(sums, measure))


def draw(
    axis: Axis, measure: Measure, parts: Sequence[tuple[str, str, tuple[int, ...], str]]
) -> Timeline:
    """Style, label, values and address of each series, from the bottom up."""
    say = _SAY[measure]
    stacked = [
        Series(style, label, values, say(sum(values)), href)
        for style, label, values, href in parts
        if any(values)
    ]
    heights = [sum(each.values[step] for each in stacked) for step in range(axis.steps)]
    top = round_up(max(heights, default=0))
    legend = tuple(sorted(stacked, key=lambda each: -sum(each.values)))
    return Timeline(
        columns=stack([(each.style, each.values) for each in stacked], axis.steps, top),
        width=axis.steps * PITCH,
        series=legend,
        steps=tuple(_step(axis, step, legend, say) for step in range(axis.steps)),
        marks=tuple(_mark(value, measure) for value in (top, top / 2, 0)) if top else (),
        label=", ".join(f"{each.said} {each.label}" for each in legend) or "nothing",
        step=filters.span(axis.step),
        by_clock=axis.by_clock,
        by_day=axis.step >= DAY,
    )


def _mark(value: float, measure: Measure) -> str:
    if measure == "cost":
        return filters.usd(int(value)) if value else "$0"
    return filters.compact(int(value) if value == int(value) else value)


def _step(axis: Axis, step: int, legend: Sequence[Series], say: Callable[[float], str]) -> Step:
    start, end = axis.at(step), axis.at(step + 1)
    said = tuple(say(each.values[step]) for each in legend)
    used = [
        f"{words} {each.label[:_MOST_LABEL]}"
        for each, words in zip(legend, said, strict=True)
        if each.values[step]
    ]
    title = "\n".join([filters.stretch_in_words(start, end), *(used or ["Nothing"])])
    return Step(start, end, axis.requests(step, step + 1), said, title)
