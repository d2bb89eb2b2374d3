"""What was used over time, as columns of an SVG and the figures above them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, cast
from uuid import UUID

from models.reports import usage_report
from models.reports.usage_report import UsageQuery, UsageRow

Span = Literal["24h", "7d", "30d"]
SPANS: Final[tuple[tuple[Span, str], ...]] = (
    ("24h", "24 hours"),
    ("7d", "7 days"),
    ("30d", "30 days"),
)
_STEPS: Final[dict[Span, tuple[int, timedelta, Literal["hour", "day"]]]] = {
    "24h": (24, timedelta(hours=1), "hour"),
    "7d": (7, timedelta(days=1), "day"),
    "30d": (30, timedelta(days=1), "day"),
}
_PITCH: Final = 10


def length_of(span: Span) -> timedelta:
    """How far it goes back."""
    steps, step, _ = _STEPS[span]
    return steps * step


@dataclass(frozen=True, slots=True)
class Column:
    """One step of time. Heights are parts of 100."""

    x: int
    height: float
    errors: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a project or token used: the sums, and the columns."""

    span: Span
    requests: int
    errors: int
    tokens: int
    cost_nanos: int | None
    unpriced_requests: int
    unit: str
    most: int
    columns: tuple[Column, ...]

    @property
    def width(self) -> int:
        """Of the drawing, in its own units."""
        return len(self.columns) * _PITCH

    @property
    def label(self) -> str:
        """For those who do not see it."""
        return f"{self.requests:,} requests, {self.errors:,} with errors, by {self.unit}"

    @property
    def ends(self) -> tuple[str, str]:
        """What the first and the last column are."""
        return self.columns[0].title.partition(":  ")[0], self.columns[-1].title.partition(":  ")[0]


def chosen_span(text: str | None) -> Span:
    """The span that the address asks for."""
    return text if text in _STEPS else "30d"


async def usage(span: Span, **owner: UUID) -> Usage:
    """What `project_id` or `token_id` used up to now, days and hours being UTC's."""
    steps, step, bucket = _STEPS[span]
    present = datetime.now(UTC)
    last = present.replace(minute=0, second=0, microsecond=0)
    if bucket == "day":
        last = last.replace(hour=0)
    start = last - step * (steps - 1)
    query = UsageQuery(start=start, end=present, bucket=bucket, **cast(Any, owner))
    rows, _ = await usage_report.report(query, limit=steps + 1)
    by_bucket = {row.bucket: row for row in rows}
    most = max((row.requests for row in rows), default=0)
    costs = [row.cost_nanos for row in rows if row.cost_nanos is not None]
    return Usage(
        span=span,
        requests=sum(row.requests for row in rows),
        errors=sum(row.errors for row in rows),
        tokens=sum(row.prompt_tokens + row.completion_tokens for row in rows),
        cost_nanos=sum(costs) if costs else None,
        unpriced_requests=sum(row.unpriced_requests for row in rows),
        unit=bucket,
        most=most,
        columns=tuple(
            _column(number, start + step * number, by_bucket, most, bucket)
            for number in range(steps)
        ),
    )


def _column(
    number: int, at: datetime, rows: dict[datetime, UsageRow], most: int, bucket: str
) -> Column:
    row = rows.get(at)
    when = f"{at:%d %b %Y}" if bucket == "day" else f"{at:%d %b, %H:00} UTC"
    if row is None or not most:
        return Column(number * _PITCH + 1, 0, 0, f"{when}:  no requests")
    said = f"{row.requests:,} requests, {row.errors:,} errors"
    scale = 96 / most
    # A single request beside a million still shows.
    height = max(1.5, row.requests * scale)
    errors = max(1.5, row.errors * scale) if row.errors else 0
    return Column(number * _PITCH + 1, round(height, 2), round(errors, 2), f"{when}:  {said}")
