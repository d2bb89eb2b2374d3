"""What was used, from the counters: sums over a range of time, by bucket and by group.

Reads the hour rows, and the minute rows where a recent range does not begin and end on the hour.
Never reads the request log.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from models import labels
from models.db.conditions import Condition, between, every, select
from models.db.database import dialect
from models.reports.time_ranges import DAY, HOUR, Bucket, Part, counters_of
from models.rules import is_datable, parse_id
from models.text import clean_text

#: `project`, `token`, `model`, `endpoint`, `key`, `end_user`, or a tag: `tag:team`.
GroupBy: TypeAlias = str

#: As rows name what they are grouped by; a tag as it was asked for.
_FIELDS: Final[dict[GroupBy, str]] = {
    "project": "project_id",
    "token": "token_id",
    "model": "model",
    "endpoint": "endpoint",
    "key": "key_id",
    "end_user": "end_user",
}
GROUPS: Final = tuple(_FIELDS)
TAG: Final = "tag:"
#: As the migration `tags` has it in its indices: those without it know no rows of keys.
OF_LABELS: Final = Condition("dimension <> 'key'")
#: Grouped by ids.
_BY_ID: Final = ("project", "token", "key")
DEFAULT_RANGE: Final = timedelta(days=30)


def is_group(text: str) -> bool:
    """Whether rows may be grouped by that."""
    return text in _FIELDS or (text.startswith(TAG) and labels.is_key(text.removeprefix(TAG)))


def field_of(group_by: GroupBy) -> str:
    """What rows have the group in."""
    return _FIELDS.get(group_by, group_by)


def _is_dimension(group_by: GroupBy | None) -> bool:
    """Whether it is counted by the hour, in a table of its own."""
    return group_by == "key" or _is_label(group_by)


def _is_label(group_by: GroupBy | None) -> bool:
    """Whether its values are many, and have an index of their own."""
    return group_by == "end_user" or (group_by is not None and group_by.startswith(TAG))


class UsageRow(msgspec.Struct, frozen=True):
    """The sums of one bucket and group. `cost_nanos` is None while no price was known."""

    #: The bucket's first moment; of the whole range, where the bucket is `total`.
    bucket: datetime
    #: The id or name grouped by; None where nothing was.
    group: UUID | str | None
    requests: int
    errors: int
    unknown_usage_requests: int
    unpriced_requests: int
    charged_at_hold_requests: int
    cached_requests: int
    cache_misses: int
    saved_nanos: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost_nanos: int | None


#: The columns that are added up; the costs apart, since a sum of none is none.
_SUMS: Final = tuple(
    name for name in UsageRow.__struct_fields__ if name not in ("bucket", "group", "cost_nanos")
)


class UsageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to add up. `start` and `end` are widened to whole buckets."""

    start: datetime
    end: datetime
    bucket: Bucket = "total"
    group_by: GroupBy | None = None
    project_id: UUID | None = None
    token_id: UUID | None = None
    model: str | None = None


class Cursor(NamedTuple):
    """Where a page ended: the last row's bucket and group, an id as text."""

    bucket: datetime
    group: str | None

    @property
    def is_datable(self) -> bool:
        """Whether its bucket is a time that a row can have."""
        return self.bucket.utcoffset() == timedelta(0) and is_datable(self.bucket)

    def may_end_a_page(self, *, grouped: bool, by_id: bool) -> bool:
        """Whether a page can have ended there: callers hand a place back, and may make one up."""
        group = self.group
        if not self.is_datable or (group is not None) is not grouped:
            return False
        if group is None:
            return True
        if by_id:
            return parse_id(group) is not None
        return clean_text(group, limit=len(group)) == group


def is_cursor(place: Cursor, group_by: GroupBy | None) -> bool:
    """Whether a page of this report can have ended there."""
    return place.may_end_a_page(grouped=group_by is not None, by_id=group_by in _BY_ID)


def span_of(start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    """The range that is asked for: up to now unless said, and 30 days unless said."""
    present = datetime.now(UTC)
    first = present - DEFAULT_RANGE
    if end is not None and end < first:
        first = end - DEFAULT_RANGE
    return start or first, end or present


async def report(
    query: UsageQuery, *, limit: int, after: Cursor | None = None
) -> tuple[list[UsageRow], Cursor | None]:
    """At most `limit` rows, newest bucket first, and what to pass for the next ones, if any.

    Buckets in which nothing was used have no row, except for an ungrouped total, which is
    always one row. Raises DatabaseUnavailable.
    """
    extent = _counters(query)
    rows: list[UsageRow] = []
    for part in _newest_first(query, extent, after):
        sql, values = _select(query, part, after)
        found = await select(f"{sql} LIMIT {{}}", [*values, limit + 1 - len(rows)])
        rows += [_row(query, extent, row) for row in found]
        if len(rows) > limit:
            break
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], Cursor(last.bucket, None if last.group is None else str(last.group))


def _newest_first(query: UsageQuery, extent: Part, after: Cursor | None) -> Iterator[Part]:
    """The range in parts, each four times as long as the one before: a page of hours or days is
    mostly in the newest, and need not be picked out of the sums of all others."""
    end = extent.end if after is None else _end(query, extent, after)
    if query.bucket == "total":
        yield extent
        return
    length = HOUR if query.bucket == "hour" else DAY
    while True:
        start = max(extent.start, end - length)
        yield Part(extent.table, start, end)
        if start <= extent.start:
            return
        end, length = start, length * 4


def _counters(query: UsageQuery) -> Part:
    """Where the sums stand."""
    present = datetime.now(UTC)
    if not _is_dimension(query.group_by):
        return counters_of(query.start, query.end, query.bucket, present)
    bucket: Bucket = "day" if query.bucket == "day" else "hour"
    found = counters_of(query.start, query.end, bucket, present)
    return Part("usage_dimension", found.start, found.end)


def _select(query: UsageQuery, extent: Part, after: Cursor | None) -> tuple[str, Sequence[Any]]:
    column = field_of(query.group_by) if query.group_by else None
    if _is_dimension(query.group_by):
        column = "value"
    where = _where(query, extent, column, after)
    keys = [(bucket_start(query.bucket), "bucket_start")] if query.bucket != "total" else []
    keys += [(column, "grouped")] if column else []
    sums = [f"COALESCE(SUM({name}), 0) AS {name}" for name in _SUMS]
    columns = [f"{key} AS {name}" for key, name in keys] + sums
    # Every part of it is a name of ours; what was asked for is in the values.
    sql = (
        f"SELECT {', '.join(columns)}, SUM(cost_nanos) AS cost_nanos"  # noqa: S608
        f" FROM {extent.table} WHERE {where.sql}"
    )
    if keys:
        sql += f" GROUP BY {', '.join(key for key, _ in keys)}"
        sql += f" ORDER BY {', '.join(f'{key} DESC' for key, _ in keys)}"
    return sql, where.values


def _where(query: UsageQuery, extent: Part, column: str | None, after: Cursor | None) -> Condition:
    conditions = between(_hidden("bucket", query), extent.start, extent.end)
    if _is_dimension(query.group_by):
        dimension = _hidden("dimension", query)
        conditions.append(Condition(f"{dimension} = {{}}", (query.group_by,)))
    if _is_label(query.group_by):
        conditions.append(OF_LABELS)
    if after is not None and column:
        if query.bucket == "total":
            conditions.append(Condition(f"{column} < {{}}", (after.group,)))
        else:
            earlier = f"bucket < {{}} OR {column} < {{}}"
            conditions.append(Condition(earlier, (after.bucket, after.group)))
    for name in ("project_id", "token_id", "model"):
        value = getattr(query, name)
        if value is not None:
            conditions.append(Condition(f"{name} = {{}}", (str(value),)))
    return every(conditions)


def _hidden(column: str, query: UsageQuery) -> str:
    """A column as it is written where SQLite must not choose an index by it: without statistics it
    rates one as highly as the other. A total is read value by value, as far as its page goes, and
    hours and days by time; what tokens did is little enough."""
    if dialect() != "sqlite" or not _is_label(query.group_by) or query.token_id is not None:
        return column
    if column == "bucket":
        return "+bucket" if query.bucket == "total" else column
    return column if query.bucket == "total" or query.project_id is not None else "+dimension"


def _end(query: UsageQuery, extent: Part, after: Cursor | None) -> datetime:
    if after is None or query.bucket == "total":
        return extent.end
    if query.group_by is None:
        return after.bucket
    # The rest of the groups of that bucket still come.
    return after.bucket + (HOUR if query.bucket == "hour" else DAY)


def bucket_start(bucket: Bucket) -> str:
    """The first moment of a counter's hour or day, in SQL."""
    if bucket == "hour":
        return "bucket"
    if dialect() == "sqlite":
        return "substr(bucket, 1, 10)"
    return "date_trunc('day', bucket, 'UTC')"


def _row(query: UsageQuery, extent: Part, row: dict[str, Any]) -> UsageRow:
    group = row.get("grouped")
    if group is not None and query.group_by in _BY_ID:
        group = UUID(str(group))
    cost = row["cost_nanos"]
    return UsageRow(
        bucket=moment(row["bucket_start"]) if "bucket_start" in row else extent.start,
        group=group,
        # PostgreSQL sums bigints to decimals.
        **{name: int(row[name]) for name in _SUMS},
        cost_nanos=None if cost is None else int(cost),
    )


def moment(stored: datetime | str) -> datetime:
    """What SQLite gives back is text, of a day without a zone."""
    read = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
