"""Columns over time, their legend, and the words behind them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from admin import components
from admin.components import charts, filters, stat_tiles, timeline
from admin.components.timeline import Axis
from models.reports import time_ranges
from models.reports.dashboard import Sums, TimeSeries

START = datetime(2026, 11, 28, 23, tzinfo=UTC)
STATIC = Path(components.__file__).parents[1] / "static"


def _axis(steps: int, step: timedelta = timedelta(hours=1), **query: str) -> Axis:
    return Axis(start=START, step=step, steps=steps, by_clock=True, query=query)


def test_the_legend_goes_by_size_and_so_do_the_words_of_each_column() -> None:
    parts = [
        ("good", "Small", (1, 0), ""),
        ("bad", "Large", (5, 7), ""),
        ("s1", "None", (0, 0), ""),
    ]
    drawn = timeline.draw(_axis(2), "requests", parts)
    assert [(each.label, each.said) for each in drawn.series] == [("Large", "12"), ("Small", "1")]
    assert [step.said for step in drawn.steps] == [("5", "1"), ("7", "0")]
    assert [step.title for step in drawn.steps] == [
        "28 Nov 2026, 23:00 to 24:00 UTC\n5 Large\n1 Small",
        "29 Nov 2026, 00:00 to 01:00 UTC\n7 Large",
    ]
    assert timeline.draw(_axis(1), "requests", []).steps[0].title.endswith("UTC\nNothing")
    # What is stacked is not sorted anew: the first lies at the bottom.
    assert [block.style for block in drawn.columns[0].blocks] == ["good", "bad"]


def test_a_column_leads_to_the_requests_of_its_time_alone() -> None:
    drawn = timeline.draw(_axis(2, token="t"), "cost", [("s1", "Cost", (1, 1), "")])
    assert [step.href for step in drawn.steps] == [
        "/admin/requests?token=t&from=2026-11-28T23%3A00&to=2026-11-29T00%3A00",
        "/admin/requests?token=t&from=2026-11-29T00%3A00&to=2026-11-29T01%3A00",
    ]


def test_a_group_of_the_legend_leads_to_its_requests() -> None:
    span = time_ranges.named("24h", START)
    course = TimeSeries(
        steps=(Sums(requests=3),) * span.steps, total=Sums(requests=9), previous=Sums()
    )
    ones = (1,) * span.steps
    groups = [("gpt&", "gpt&", ones), ("", "No model named", ones)]
    drawn = timeline.by_group(span, course, "requests", "model", groups)
    model, unnamed, other = drawn.series
    assert model.href.startswith("/admin/requests?model=gpt%26&from=2026-11-27T23%3A30&to=")
    assert (unnamed.href, other.label, other.href) == ("", "Other", "")


def test_client_errors_of_the_legend_lead_to_theirs() -> None:
    span = time_ranges.named("24h", START)
    used = Sums(requests=9, errors=3, client_errors=2)
    course = TimeSeries(steps=(used,) * span.steps, total=used, previous=Sums())
    series = timeline.by_outcome(span, course, "requests").series
    hrefs = {each.label: each.href for each in series}
    assert hrefs.pop("Client errors, 4xx").startswith("/admin/requests?status=4xx&from=")
    assert hrefs == {"Succeeded": "", "Cut short": ""}


@pytest.mark.parametrize(("steps", "ticks"), [(1, 1), (7, 7), (8, 8), (24, 5), (60, 5)])
def test_the_axis_names_its_ends(steps: int, ticks: int) -> None:
    drawn = timeline.draw(_axis(steps), "requests", [])
    assert len(drawn.ticks) == ticks
    assert (drawn.ticks[0], drawn.ticks[-1]) == (drawn.steps[0].start, drawn.steps[-1].start)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2026-11-28T14:00", "2026-11-28T14:30", "28 Nov 2026, 14:00 to 14:30 UTC"),
        ("2026-11-28T12:00", "2026-11-29T00:00", "28 Nov 2026, 12:00 to 24:00 UTC"),
        ("2026-11-28T00:00", "2026-11-29T00:00", "28 Nov 2026, UTC"),
        ("2026-11-28T00:00", "2026-12-05T00:00", "28 Nov 2026 to 4 Dec 2026, UTC"),
        ("2026-12-31T22:00", "2027-01-01T04:00", "31 Dec 2026, 22:00 to 1 Jan 2027, 04:00 UTC"),
        ("2026-11-28T01:00+01:00", "2026-11-28T02:00+01:00", "28 Nov 2026, 00:00 to 01:00 UTC"),
    ],
)
def test_a_stretch_of_time_in_words(start: str, end: str, words: str) -> None:
    first, last = (
        at if at.tzinfo else at.replace(tzinfo=UTC)
        for at in map(datetime.fromisoformat, (start, end))
    )
    assert f">{words}</time>" in filters.stretch(first, last)


def test_the_figures_table_has_a_row_for_every_step() -> None:
    span = time_ranges.named("1h", START)
    used = Sums(requests=4, errors=1, prompt_tokens=1500, cost_nanos=2 * 10**9)
    steps = (used, *[Sums()] * (span.steps - 1))
    rows = stat_tiles.course_rows(span, TimeSeries(steps=steps, total=used, previous=Sums()))
    assert len(rows) == 60
    assert rows[0].values == ("4", "25.0%", "1,500", "$2.00", "–", "–")
    assert (rows[0].start, rows[-1].end) == (span.start, span.end)
    figures = stat_tiles.figures(TimeSeries(steps=steps, total=used, previous=Sums()))
    assert len(rows[0].values) == len(figures)


@pytest.mark.parametrize(("span", "said"), charts.SPANS)
def test_a_span_is_said_in_words(span: charts.Span, said: str) -> None:
    axis = _axis(1)
    usage = charts.Usage(
        span=span, requests=2, errors=1, tokens=0, cost_nanos=None, unpriced_requests=0,
        drawing=timeline.draw(axis, "requests", []),
    )  # fmt: skip
    assert usage.period == f"last {said}"
    assert usage.label.startswith("2 requests, 1 with errors, by ")


def test_red_is_for_errors_alone() -> None:
    sheet = (STATIC / "charts.css").read_text() + (STATIC / "dashboard.css").read_text()
    red = {line.split("{")[0].strip() for line in sheet.splitlines() if "--series-2" in line}
    assert red == {".timeline .bad", ".spark.errors"}
    # The parts of measures and groups are of the other classes.
    outcomes = {style for style, _, _ in timeline._PARTS["requests"]}
    assert outcomes == {"good", "warning", "bad", "cut"}
    assert all(
        re.fullmatch("s[1-5]", style)
        for measure in ("tokens", "cost")
        for style, _, _ in timeline._PARTS[measure]
    )
