"""Whose requests used most, by a tag or by end user: from their hour counters."""

from collections.abc import Mapping
from typing import Any, Final

from models.db.conditions import select
from models.db.database import dialect
from models.reports.dashboard import AMOUNTS, Measure, TopConsumer
from models.reports.time_ranges import Part, TimeRange, whole_hours
from models.reports.usage_report import OF_LABELS, TAG, moment

END_USER: Final = "end_user"
#: Keys that are offered: those that most projects have.
_MOST_KEYS: Final = 8


async def groups() -> list[str]:
    """What can be grouped by: `end_user` and tags (`tag:team`), as far as any were seen."""
    # Along the projects, since places are found by theirs.
    living = "project_id IN (SELECT id FROM project WHERE deleted_at IS NULL)"
    keys = await select(
        f"SELECT value FROM usage_value WHERE {living} AND dimension = 'tag'"  # noqa: S608
        " GROUP BY value ORDER BY count(*) DESC, value LIMIT {}",
        [_MOST_KEYS],
    )
    found = [TAG + row["value"] for row in keys]
    end_users = await select(
        f"SELECT 1 AS one FROM usage_value WHERE {living}"  # noqa: S608
        f" AND dimension = '{END_USER}' LIMIT 1"
    )
    return [END_USER, *found] if end_users else found


async def _is_most(hours: Part) -> bool:
    """Whether a range is so large a part of all that it is read soonest together with the rest:
    the index by value has all that is added up in it, in the order in which it is."""
    (row,) = await select("SELECT min(bucket) AS first FROM usage_dimension")
    if row["first"] is None:
        return True
    return 4 * (hours.end - hours.start) > hours.end - moment(row["first"])


async def top(span: TimeRange, group_by: str, measure: Measure, *, limit: int) -> list[TopConsumer]:
    """The `limit` values that used most of `measure`. Raises DatabaseUnavailable."""
    hours = whole_hours("usage_dimension", span)
    dimension = "dimension"
    if dialect() == "sqlite" and not await _is_most(hours):
        # By time, of which its index by value knows nothing.
        dimension = "+dimension"
    within = [hours.start, hours.end]
    # Of nearly all only this is added up, and all else of the few that are shown.
    first = await select(
        f"SELECT value, SUM({AMOUNTS[measure]}) AS amount, SUM(requests) AS requests"  # noqa: S608
        f" FROM {hours.table} WHERE {dimension} = {{}} AND {OF_LABELS.sql}"
        " AND bucket >= {} AND bucket < {}"
        " GROUP BY value ORDER BY amount DESC, requests DESC, value LIMIT {}",
        [group_by, *within, limit],
    )
    if not first:
        return []
    values = [row["value"] for row in first]
    rows = await select(
        "SELECT value, SUM(requests) AS requests, SUM(errors) AS errors,"  # noqa: S608
        " SUM(prompt_tokens + completion_tokens) AS tokens, SUM(cost_nanos) AS cost_nanos,"
        f" SUM(unpriced_requests) AS unpriced_requests FROM {hours.table}"
        f" WHERE dimension = {{}} AND {OF_LABELS.sql}"
        f" AND value IN ({', '.join('{}' for _ in values)})"
        " AND bucket >= {} AND bucket < {} GROUP BY value",
        [group_by, *values, *within],
    )
    found = {row["value"]: _consumer(row) for row in rows}
    return [found[value] for value in values if value in found]


def _consumer(row: Mapping[str, Any]) -> TopConsumer:
    return TopConsumer(
        row["value"],
        int(row["requests"]),
        int(row["errors"]),
        int(row["tokens"]),
        None if row["cost_nanos"] is None else int(row["cost_nanos"]),
        int(row["unpriced_requests"]),
    )
