"""What a project or token used over time: columns, and the figures above them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, cast
from uuid import UUID

from admin.components.timeline import Axis, Timeline, draw
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


def length_of(span: Span) -> timedelta:
    """How far it goes back."""
    steps, step, _ = _STEPS[span]
    return steps * step


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a project or token used: the sums, and their course."""

    span: Span
    requests: int
    errors: int
    tokens: int
    cost_nanos: int | None
    unpriced_requests: int
    #: Of what was looked for in the cache.
    cached_requests: int = 0
    cache_misses: int = 0
    saved_nanos: int = 0
    drawing: Timeline

    @property
    def period(self) -> str:
        """The span in words."""
        return f"last {dict(SPANS)[self.span]}"

    @property
    def looked_up(self) -> int:
        """Requests whose answer may have been kept."""
        return self.cached_requests + self.cache_misses

    @property
    def label(self) -> str:
        """For those who do not see it."""
        unit = _STEPS[self.span][2]
        return f"{self.requests:,} requests, {self.errors:,} with errors, by {unit}"


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
    costs = [row.cost_nanos for row in rows if row.cost_nanos is not None]
    axis = Axis(
        start=start,
        step=step,
        steps=steps,
        by_clock=bucket == "hour",
        query={name.removesuffix("_id"): str(value) for name, value in owner.items()},
    )
    return Usage(
        span=span,
        requests=sum(row.requests for row in rows),
        errors=sum(row.errors for row in rows),
        tokens=sum(row.prompt_tokens + row.completion_tokens for row in rows),
        cost_nanos=sum(costs) if costs else None,
        unpriced_requests=sum(row.unpriced_requests for row in rows),
        cached_requests=sum(row.cached_requests for row in rows),
        cache_misses=sum(row.cache_misses for row in rows),
        saved_nanos=sum(row.saved_nanos for row in rows),
        drawing=_drawing(axis, rows),
    )


def _drawing(axis: Axis, rows: Sequence[UsageRow]) -> Timeline:
    at = {row.bucket: row for row in rows}
    course = [at.get(axis.at(step)) for step in range(axis.steps)]
    good = tuple(max(0, row.requests - row.errors) if row else 0 for row in course)
    bad = tuple(row.errors if row else 0 for row in course)
    return draw(axis, "requests", [("good", "Succeeded", good, ""), ("bad", "Errors", bad, "")])
