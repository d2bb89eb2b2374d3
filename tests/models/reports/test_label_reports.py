"""Usage by tag and end user, of very many rows: how they are found, and what they come to."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from config import Database
from models.db.conditions import written
from models.db.database import connection
from models.ledger import apply_batch
from models.reports import label_leaders, time_ranges, usage_report
from models.reports.time_ranges import Bucket
from models.reports.usage_report import Cursor, UsageQuery, UsageRow
from tests.models.rows import a_project, an_entry

END = datetime(2026, 9, 21, 15, tzinfo=UTC)


def _at(hours: float) -> int:
    """So many hours before the end."""
    return int((END - timedelta(hours=hours)).timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("bucket", "project", "index"),
    [
        ("total", None, "idx_usage_dimension_value"),
        ("total", UUID(int=1), "idx_usage_dimension_project_value"),
        ("hour", None, "sqlite_autoindex_usage_dimension_1"),
        ("day", None, "sqlite_autoindex_usage_dimension_1"),
        ("hour", UUID(int=1), "idx_usage_dimension_project"),
    ],
)
@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_page_reads_no_more_than_it_shows(
    bucket: Bucket, project: UUID | None, index: str
) -> None:
    """SQLite has no statistics, and would take whichever index was made last."""
    query = UsageQuery(
        start=END - timedelta(days=30), end=END, bucket=bucket, group_by="end_user",
        project_id=project,
    )  # fmt: skip
    sql, values = usage_report._select(query, usage_report._counters(query), None)
    plan = await connection().execute_query_dict(f"EXPLAIN QUERY PLAN {written(sql)}", [*values])
    assert f"INDEX {index} " in plan[0]["detail"]
    # Values come in the order of their index, so that a page ends where it is full.
    sorted_ = any("TEMP B-TREE" in step["detail"] for step in plan)
    assert sorted_ == (bucket != "total")


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("bucket", ["hour", "day"])
async def test_pages_go_on_through_times_in_which_nothing_was_used(bucket: Bucket) -> None:
    hours = (0.5, 1.5, 1.6, 30, 700, 5000)
    await apply_batch("j", 0, 1, [an_entry(at_us=_at(ago), end_user=f"u-{ago}") for ago in hours])
    query = UsageQuery(start=END - timedelta(days=400), end=END, bucket=bucket, group_by="end_user")
    whole, rest = await usage_report.report(query, limit=100)
    assert rest is None
    assert len(whole) == len(hours)
    assert [row.bucket for row in whole] == sorted((row.bucket for row in whole), reverse=True)
    for limit in (1, 2, 5):
        paged: list[UsageRow] = []
        after: Cursor | None = None
        while True:
            rows, after = await usage_report.report(query, limit=limit, after=after)
            paged += rows
            if after is None:
                break
            assert len(rows) == limit
        assert paged == whole


@pytest.mark.parametrize("short", [True, False])
async def test_those_that_used_most_come_first(connected: Database, *, short: bool) -> None:
    """However the range is read: by time, or with all that there is."""
    assert await label_leaders.groups() == []
    project = await a_project()
    await apply_batch(
        str(uuid4()),
        0,
        1,
        [
            an_entry(project_id=project.id, at_us=_at(1), end_user="often", cost_nanos=1),
            an_entry(project_id=project.id, at_us=_at(1), end_user="often", cost_nanos=1),
            an_entry(project_id=project.id, at_us=_at(2), end_user="dear", cost_nanos=9),
            an_entry(project_id=project.id, at_us=_at(2), end_user="free", cost_nanos=None),
            # Before the range.
            an_entry(
                project_id=project.id, at_us=_at(9000 if short else 31), end_user="free",
                tags=(("team", "docs"),),
            ),
        ],
    )  # fmt: skip
    assert await label_leaders.groups() == ["end_user", "tag:team"]
    span = time_ranges.named("24h", END)
    by_requests = await label_leaders.top(span, "end_user", "requests", limit=2)
    assert [(row.group, row.requests) for row in by_requests] == [("often", 2), ("dear", 1)]
    by_cost = await label_leaders.top(span, "end_user", "cost", limit=9)
    assert [(row.group, row.cost_nanos) for row in by_cost] == [
        ("dear", 9), ("often", 2), ("free", None),
    ]  # fmt: skip
    assert await label_leaders.top(span, "tag:team", "tokens", limit=9) == []
