"""Whose requests were refused, and why: sums of the refusals' hour counters."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from models.db.conditions import Condition, between, every, select
from models.refusals import NOBODY
from models.reports.time_ranges import DAY, HOUR, Bucket, Part, counters_of
from models.reports.usage_report import Cursor, bucket_start, moment

GroupBy: TypeAlias = Literal["code", "project", "token", "model"]

GROUP_COLUMN: Final[dict[GroupBy, str]] = {
    "code": "code",
    "project": "project_id",
    "token": "token_id",
    "model": "model",
}
#: Grouped by ids.
_BY_ID: Final = ("project", "token")


class RefusalRow(msgspec.Struct, frozen=True):
    """The refusals of one bucket and group."""

    #: The bucket's first moment; of the whole range, where the bucket is `total`.
    bucket: datetime
    #: The id or name grouped by; None where nothing was, and for an id that was not known.
    group: UUID | str | None
    refusals: int


class RefusalQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to add up. `start` and `end` are widened to whole buckets, hours at least."""

    start: datetime
    end: datetime
    bucket: Bucket = "total"
    group_by: GroupBy | None = None
    project_id: UUID | None = None
    token_id: UUID | None = None
    model: str | None = None
    code: str | None = None


class Refusing(NamedTuple):
    """One reason for which one token is refused, or nobody known is."""

    project_id: UUID | None
    token_id: UUID | None
    code: str
    refusals: int
    #: The first moments of the first and the last hour in which it was, within what was asked for.
    since: datetime
    last: datetime


def is_cursor(place: Cursor, group_by: GroupBy | None) -> bool:
    """Whether a page of this report can have ended there."""
    return place.may_end_a_page(grouped=group_by is not None, by_id=group_by in _BY_ID)


async def report(
    query: RefusalQuery, *, limit: int, after: Cursor | None = None
) -> tuple[list[RefusalRow], Cursor | None]:
    """At most `limit` rows, newest bucket first, and what to pass for the next ones, if any.

    Buckets in which nothing was refused have no row, except for an ungrouped total, which is
    always one row. Raises DatabaseUnavailable.
    """
    extent = _counters(query)
    sql, values = _select(query, extent, after)
    found = await select(f"{sql} LIMIT {{}}", [*values, limit + 1])
    if len(found) <= limit:
        return [_row(query, extent, row) for row in found], None
    rows, last = found[:limit], found[limit - 1]
    grouped = last.get("grouped")
    place = Cursor(_moment_of(last, extent), None if grouped is None else str(grouped))
    return [_row(query, extent, row) for row in rows], place


async def refusing(
    start: datetime,
    end: datetime,
    *,
    project_id: UUID | None = None,
    token_id: UUID | None = None,
    limit: int,
) -> list[Refusing]:
    """Who is refused and why, the most often refused first. Raises DatabaseUnavailable."""
    query = RefusalQuery(start=start, end=end, project_id=project_id, token_id=token_id)
    extent = _counters(query)
    where = _where(query, extent, None, None)
    found = await select(
        "SELECT project_id, token_id, code, SUM(refusals) AS refusals,"  # noqa: S608  (our names)
        f" MIN(bucket) AS since, MAX(bucket) AS last FROM refusal_hour WHERE {where.sql}"
        " GROUP BY project_id, token_id, code"
        " ORDER BY SUM(refusals) DESC, project_id, token_id, code LIMIT {}",
        [*where.values, limit],
    )
    return [
        Refusing(
            _known(row["project_id"]),
            _known(row["token_id"]),
            row["code"],
            int(row["refusals"]),
            moment(row["since"]),
            moment(row["last"]),
        )
        for row in found
    ]


def _known(stored: UUID | str) -> UUID | None:
    found = UUID(str(stored))
    return None if found == NOBODY else found


def _counters(query: RefusalQuery) -> Part:
    """They stand by the hour only."""
    bucket: Bucket = "day" if query.bucket == "day" else "hour"
    found = counters_of(query.start, query.end, bucket, query.end)
    return Part("refusal_hour", found.start, found.end)


def _select(query: RefusalQuery, extent: Part, after: Cursor | None) -> tuple[str, Sequence[Any]]:
    column = GROUP_COLUMN[query.group_by] if query.group_by else None
    where = _where(query, extent, column, after)
    keys = [(bucket_start(query.bucket), "bucket_start")] if query.bucket != "total" else []
    keys += [(column, "grouped")] if column else []
    columns = [f"{key} AS {name}" for key, name in keys]
    columns.append("COALESCE(SUM(refusals), 0) AS refusals")
    # Every part of it is a name of ours; what was asked for is in the values.
    sql = f"SELECT {', '.join(columns)} FROM {extent.table} WHERE {where.sql}"  # noqa: S608
    if keys:
        sql += f" GROUP BY {', '.join(key for key, _ in keys)}"
        sql += f" ORDER BY {', '.join(f'{key} DESC' for key, _ in keys)}"
    return sql, where.values


def _where(
    query: RefusalQuery, extent: Part, column: str | None, after: Cursor | None
) -> Condition:
    conditions = between("bucket", extent.start, _end(query, extent, after))
    if after is not None and column:
        if query.bucket == "total":
            conditions.append(Condition(f"{column} < {{}}", (after.group,)))
        else:
            earlier = f"bucket < {{}} OR {column} < {{}}"
            conditions.append(Condition(earlier, (after.bucket, after.group)))
    for name in ("project_id", "token_id", "model", "code"):
        value = getattr(query, name)
        if value is not None:
            conditions.append(Condition(f"{name} = {{}}", (str(value),)))
    return every(conditions)


def _end(query: RefusalQuery, extent: Part, after: Cursor | None) -> datetime:
    if after is None or query.bucket == "total":
        return extent.end
    if query.group_by is None:
        return after.bucket
    # The rest of the groups of that bucket still come.
    return after.bucket + (HOUR if query.bucket == "hour" else DAY)


def _row(query: RefusalQuery, extent: Part, row: dict[str, Any]) -> RefusalRow:
    group = row.get("grouped")
    if group is not None and query.group_by in _BY_ID:
        group = _known(group)
    return RefusalRow(_moment_of(row, extent), group, int(row["refusals"]))


def _moment_of(row: dict[str, Any], extent: Part) -> datetime:
    return moment(row["bucket_start"]) if "bucket_start" in row else extent.start
