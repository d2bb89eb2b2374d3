"""What the dashboard shows, from the minute and hour counters alone: never the request log.

One pass over a span's rows gives its steps and their sum; the span before, and the top consumers,
are read from the hours as far as they reach. The adding is the database's, so a page costs the
same however many requests it sums.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from models.db.conditions import select
from models.db.database import dialect
from models.reports.histograms import percentile
from models.reports.time_ranges import Part, TimeRange
from models.usage import OVERHEAD_BOUNDS_US, TTFB_BOUNDS_US

Measure: TypeAlias = Literal["requests", "tokens", "cost"]
GroupBy: TypeAlias = Literal["project", "token", "model"]

_TTFB: Final = tuple(f"ttfb_{n}" for n in range(len(TTFB_BOUNDS_US) + 1))
_OVERHEAD: Final = tuple(f"overhead_{n}" for n in range(len(OVERHEAD_BOUNDS_US) + 1))
#: What a row used, as each chart counts it.
AMOUNTS: Final[dict[Measure, str]] = {
    "requests": "requests",
    "tokens": "prompt_tokens + completion_tokens",
    "cost": "COALESCE(cost_nanos, 0)",
}
_GROUPS: Final[dict[GroupBy, str]] = {
    "project": "project_id",
    "token": "token_id",
    "model": "model",
}
_RECENTLY: Final = timedelta(minutes=15)


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """What the requests of some stretch come to. `cost_nanos` is None while no price was known."""

    requests: int = 0
    errors: int = 0
    client_errors: int = 0
    upstream_errors: int = 0
    unpriced_requests: int = 0
    cached_requests: int = 0
    cache_misses: int = 0
    saved_nanos: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost_nanos: int | None = None
    ttfb: tuple[int, ...] = (0,) * len(_TTFB)
    overhead: tuple[int, ...] = (0,) * len(_OVERHEAD)

    @property
    def tokens(self) -> int:
        """Prompts and completions."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def cut_short(self) -> int:
        """Errors of neither request nor upstream: the client left, or the answer was ended here."""
        return self.errors - self.client_errors - self.upstream_errors

    @property
    def error_rate(self) -> float | None:
        """Errors by requests."""
        return self.errors / self.requests if self.requests else None

    @property
    def looked_up(self) -> int:
        """Requests whose answer may have been kept."""
        return self.cached_requests + self.cache_misses

    @property
    def hit_rate(self) -> float | None:
        """Of these, those whose answer was."""
        return self.cached_requests / self.looked_up if self.looked_up else None

    def ttfb_us(self, share: float) -> float | None:
        """A percentile of the time to the first byte."""
        return percentile(self.ttfb, TTFB_BOUNDS_US, share)

    def overhead_us(self, share: float) -> float | None:
        """A percentile of the part of the time that was ours."""
        return percentile(self.overhead, OVERHEAD_BOUNDS_US, share)


NOTHING: Final = Sums()
_SUMS: Final = tuple(
    name for name in Sums.__struct_fields__ if name not in ("cost_nanos", "ttfb", "overhead")
)
_COLUMNS: Final = (*_SUMS, "cost_nanos", *_TTFB, *_OVERHEAD)
_ADDED: Final = ", ".join(f"SUM({name}) AS {name}" for name in _COLUMNS)


class TimeSeries(msgspec.Struct, frozen=True, kw_only=True):
    """A span's sums, step by step, and those of the span before."""

    total: Sums
    previous: Sums
    steps: tuple[Sums, ...]


class TopConsumer(msgspec.Struct, frozen=True):
    """What one project, token or model used."""

    #: The id, or the model's name ('' where none was named).
    group: UUID | str
    requests: int
    errors: int
    tokens: int
    cost_nanos: int | None
    #: Of the requests, those whose price is not in `cost_nanos`.
    unpriced_requests: int

    def amount(self, measure: Measure) -> int:
        """As the chart has it."""
        return (self.cost_nanos or 0) if measure == "cost" else int(getattr(self, measure))


class ProviderState(msgspec.Struct, frozen=True):
    """How an upstream did within the last minutes; `failed` as `upstream_errors`."""

    provider: str
    requests: int
    failed: int


async def time_series(span: TimeRange) -> TimeSeries:
    """Sums of `span` and of the one before. Raises DatabaseUnavailable."""
    steps = await _steps(span)
    before = await _previous(span)
    return TimeSeries(total=add_up(steps), previous=before, steps=tuple(steps))


async def _steps(span: TimeRange) -> list[Sums]:
    rows = await _rows(
        # First by bucket, in the index's order, so that few rows are left to be filtered.
        f"SELECT {_step_of('bucket')} AS step, {_ADDED} FROM"  # noqa: S608  (our own names)
        f" (SELECT bucket, {_ADDED} FROM {span.table} WHERE bucket >= {{}} AND bucket < {{}}"
        " GROUP BY bucket) AS by_bucket GROUP BY 1",
        *_scale(span.start, span.step), span.start, span.end,
    )  # fmt: skip
    by_step = {int(row["step"]): _sums(row) for row in rows}
    return [by_step.get(step, NOTHING) for step in range(span.steps)]


async def _previous(span: TimeRange) -> Sums:
    sql, values = _union(_ADDED, span.previous_parts)
    # A part in which nothing was counted has one row as well, of NULLs.
    return add_up(_sums(row) for row in await _rows(sql, *values) if row["requests"] is not None)


def _union(columns: str, parts: Sequence[Part], group_by: str = "") -> tuple[str, list[datetime]]:
    """`columns` of all of `parts`, and the values for the placeholders."""
    selects: list[str] = []
    values: list[datetime] = []
    for part in parts:
        selects.append(
            f"SELECT {columns} FROM {part.table}"  # noqa: S608  (our own names)
            f" WHERE bucket >= {{}} AND bucket < {{}}{group_by}"
        )
        values += [part.start, part.end]
    return " UNION ALL ".join(selects), values


async def top_consumers(
    span: TimeRange, groups: Sequence[GroupBy], measure: Measure, *, limit: int
) -> dict[GroupBy, list[TopConsumer]]:
    """The `limit` that used most of `measure`, by each of `groups`. Raises DatabaseUnavailable."""
    columns = ", ".join(_GROUPS[group] for group in groups)
    used, values = _union(
        f"{columns}, SUM(requests) AS requests, SUM(errors) AS errors,"
        " SUM(prompt_tokens + completion_tokens) AS tokens,"
        " SUM(cost_nanos) AS cost_nanos, SUM(unpriced_requests) AS unpriced_requests,"
        f" SUM({AMOUNTS[measure]}) AS amount",
        span.parts,
        f" GROUP BY {columns}",
    )
    firsts = [
        f"SELECT * FROM (SELECT '{group}' AS kind,"  # noqa: S608  (our own names)
        f" CAST({_GROUPS[group]} AS TEXT) AS name,"
        " SUM(requests) AS requests, SUM(errors) AS errors, SUM(tokens) AS tokens,"
        " SUM(cost_nanos) AS cost_nanos, SUM(unpriced_requests) AS unpriced_requests,"
        " SUM(amount) AS amount FROM used GROUP BY 2"
        f" ORDER BY amount DESC, requests DESC, name LIMIT {int(limit)}) AS of_{group}"
        for group in groups
    ]
    rows = await _rows(f"WITH used AS MATERIALIZED ({used}) {' UNION ALL '.join(firsts)}", *values)
    found: dict[GroupBy, list[TopConsumer]] = {group: [] for group in groups}
    for row in rows:
        found[row["kind"]].append(_top_consumer(row))
    return found


async def group_series(
    span: TimeRange, group_by: GroupBy, measure: Measure, groups: Sequence[UUID | str]
) -> dict[UUID | str, tuple[int, ...]]:
    """How much of `measure` each of `groups` used, step by step. Raises DatabaseUnavailable."""
    if not groups:
        return {}
    column = _GROUPS[group_by]
    places = ", ".join("{}" for _ in groups)
    rows = await _rows(
        f"SELECT {_step_of('bucket')} AS step, name,"  # noqa: S608  (our own names)
        " SUM(amount) AS amount FROM"
        f" (SELECT bucket, CAST({column} AS TEXT) AS name, SUM({AMOUNTS[measure]}) AS amount"
        f" FROM {span.table} WHERE bucket >= {{}} AND bucket < {{}} AND {column} IN ({places})"
        " GROUP BY 1, 2) AS by_bucket GROUP BY 1, 2",
        *_scale(span.start, span.step), span.start, span.end, *map(str, groups),
    )  # fmt: skip
    amounts = {(str(row["name"]), int(row["step"])): int(row["amount"]) for row in rows}
    return {
        group: tuple(amounts.get((str(group), step), 0) for step in range(span.steps))
        for group in groups
    }


async def provider_states(present: datetime) -> list[ProviderState]:
    """How the upstreams did lately; one without requests is missing."""
    rows = await _rows(
        "SELECT provider, SUM(requests) AS requests, SUM(upstream_errors) AS failed"
        " FROM usage_minute WHERE bucket >= {} GROUP BY provider ORDER BY provider",
        present - _RECENTLY,
    )
    return [
        ProviderState(row["provider"], int(row["requests"]), int(row["failed"])) for row in rows
    ]


async def version() -> str:
    """Another one whenever anything was added to the counters; costs next to nothing."""
    (row,) = await _rows(
        "SELECT COUNT(*) AS journals, COALESCE(SUM(position), 0) AS read FROM journal_position"
    )
    return f"{row['journals']}.{row['read']}"


def add_up(parts: Iterable[Sums]) -> Sums:
    """All of `parts` together."""
    found = list(parts)
    if not found:
        return NOTHING
    costs = [part.cost_nanos for part in found if part.cost_nanos is not None]
    return Sums(
        **{name: sum(getattr(part, name) for part in found) for name in _SUMS},
        cost_nanos=sum(costs) if costs else None,
        ttfb=tuple(map(sum, zip(*(part.ttfb for part in found), strict=True))),
        overhead=tuple(map(sum, zip(*(part.overhead for part in found), strict=True))),
    )


def _step_of(column: str) -> str:
    """The number of the step in which a bucket lies; the first two values are `_scale`'s."""
    if dialect() == "sqlite":
        return f"(strftime('%s', {column}) - {{}}) / {{}}"
    return (
        f"(CAST(extract(epoch FROM {column}) AS BIGINT) - CAST({{}} AS BIGINT)) / CAST({{}} AS INT)"
    )


def _scale(start: datetime, step: timedelta) -> tuple[int, int]:
    return int(start.timestamp()), int(step.total_seconds())


async def _rows(sql: str, *values: object) -> list[dict[str, Any]]:
    return await select(sql, values)


def _sums(row: Mapping[str, Any]) -> Sums:
    cost = row["cost_nanos"]
    return Sums(
        **{name: int(row[name]) for name in _SUMS},
        cost_nanos=None if cost is None else int(cost),
        ttfb=tuple(int(row[name]) for name in _TTFB),
        overhead=tuple(int(row[name]) for name in _OVERHEAD),
    )


def _top_consumer(row: Mapping[str, Any]) -> TopConsumer:
    cost = row["cost_nanos"]
    return TopConsumer(
        row["name"] if row["kind"] == "model" else UUID(row["name"]),
        int(row["requests"]),
        int(row["errors"]),
        int(row["tokens"]),
        None if cost is None else int(cost),
        int(row["unpriced_requests"]),
    )
