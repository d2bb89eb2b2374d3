"""`/admin/usage/export`: what was used by day, as CSV."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from admin.components import csv_files
from admin.components.tables import between, chosen_id
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext
from models.reports import usage_report
from models.reports.usage_report import DEFAULT_RANGE, Cursor, UsageQuery, UsageRow

pages = Pages()
_HEAD: Final = (
    "day", "group", "requests", "errors", "unknown_usage_requests", "prompt_tokens",
    "completion_tokens", "cached_tokens", "reasoning_tokens", "cost_usd",
    "unpriced_requests", "charged_at_hold_requests", "cached_requests", "cache_misses", "saved_usd",
)  # fmt: skip
_NANOS: Final = 10**9
_PER_PART: Final = 1000


@pages.get("/usage/export")
async def export(ctx: AuthenticatedContext) -> Any:
    """Days, newest first, by whatever usage is grouped by where the address says so."""
    await csv_files.send(ctx, "llm-proxy-usage.csv", _HEAD, _parts(_query(ctx)))


def _query(ctx: AuthenticatedContext) -> UsageQuery:
    present = datetime.now(UTC)
    ends = between(ctx)
    group = ctx.query.get("group_by")
    return UsageQuery(
        start=ends["start"] or present - DEFAULT_RANGE,
        end=ends["end"] or present,
        bucket="day",
        group_by=group if group and usage_report.is_group(group) else None,
        project_id=chosen_id(ctx, "project"),
        token_id=chosen_id(ctx, "token"),
        model=ctx.query.get("model"),
    )


async def _parts(query: UsageQuery) -> AsyncIterator[Iterable[Iterable[object]]]:
    after: Cursor | None = None
    while True:
        rows, after = await usage_report.report(query, limit=_PER_PART, after=after)
        yield [_row(row) for row in rows]
        if after is None:
            return


def _row(row: UsageRow) -> tuple[object, ...]:
    return (
        f"{row.bucket:%Y-%m-%d}",
        "" if row.group is None else str(row.group),
        row.requests,
        row.errors,
        row.unknown_usage_requests,
        row.prompt_tokens,
        row.completion_tokens,
        row.cached_tokens,
        row.reasoning_tokens,
        None if row.cost_nanos is None else row.cost_nanos / _NANOS,
        row.unpriced_requests,
        row.charged_at_hold_requests,
        row.cached_requests,
        row.cache_misses,
        row.saved_nanos / _NANOS,
    )
