"""Adding entries to the minute and hour counters: summed here first, then one upsert per row.

The upserts add to what is there, which no ORM call does, hence the SQL.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from models.db.conditions import insert
from models.model_names import IsListed, bounded
from models.usage import (
    DIMENSION_KEY,
    OVERHEAD_BOUNDS_US,
    TTFB_BOUNDS_US,
    USAGE_KEY,
    UsageDimension,
)

if TYPE_CHECKING:
    from models.entry import Entry

_SUMS: Final = (
    "requests",
    "errors",
    "client_errors",
    "upstream_errors",
    "incomplete",
    "unknown_usage_requests",
    "unpriced_requests",
    "charged_at_hold_requests",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "bytes_in",
    "bytes_out",
)
_TTFB: Final = tuple(f"ttfb_{n}" for n in range(len(TTFB_BOUNDS_US) + 1))
_OVERHEAD: Final = tuple(f"overhead_{n}" for n in range(len(OVERHEAD_BOUNDS_US) + 1))
_ADDED: Final = (*_SUMS, *_TTFB, *_OVERHEAD)
_FIRST_TTFB: Final = len(_SUMS)
_FIRST_OVERHEAD: Final = len(_SUMS) + len(_TTFB)

#: Outcomes that are the upstream's failing even where the client had a 200 before.
_UPSTREAM_FAILED: Final = frozenset(("upstream_error", "upstream_broke", "timeout"))

#: What a row of `UsageDimension` has of them.
_DIMENSION_SUMS: Final = tuple(name for name in _SUMS if name in UsageDimension._meta.db_fields)

_KeyOfDimension: TypeAlias = tuple[int, str, str, str, str]
_Key: TypeAlias = tuple[int, str, str, str, str, str]


class Totals:
    """What the entries of one counter row come to."""

    __slots__ = ("added", "cost_nanos")

    def __init__(self) -> None:
        self.added = [0] * len(_ADDED)
        self.cost_nanos: int | None = None

    def add(self, entry: "Entry") -> None:
        """Count one more."""
        client_error = 400 <= entry.status < 500
        upstream_error = not client_error and (
            entry.status >= 500 or entry.outcome in _UPSTREAM_FAILED
        )
        incomplete = entry.outcome != "complete"
        sums = (
            1,
            client_error or upstream_error or incomplete,
            client_error,
            upstream_error,
            incomplete,
            entry.usage == "unknown" and not entry.used_nothing,
            entry.unpriced,
            # No request holds anything of a budget yet.
            0,
            entry.prompt_tokens or 0,
            entry.completion_tokens or 0,
            entry.cached_tokens or 0,
            entry.reasoning_tokens or 0,
            entry.bytes_in,
            entry.bytes_out,
        )
        added = self.added
        for column, amount in enumerate(sums):
            if amount:
                added[column] += amount
        if entry.ttfb_us is not None:
            self.added[_FIRST_TTFB + bisect_left(TTFB_BOUNDS_US, entry.ttfb_us)] += 1
        self.added[_FIRST_OVERHEAD + bisect_left(OVERHEAD_BOUNDS_US, entry.overhead_us)] += 1
        if entry.cost_nanos is not None:
            self.cost_nanos = (self.cost_nanos or 0) + entry.cost_nanos

    def include(self, other: "Totals") -> None:
        """Add what others come to."""
        self.added = [mine + more for mine, more in zip(self.added, other.added, strict=True)]
        if other.cost_nanos is not None:
            self.cost_nanos = (self.cost_nanos or 0) + other.cost_nanos


def add_up(entries: Sequence["Entry"], seconds: int) -> dict[_Key, Totals]:
    """Totals by counter row, for buckets of `seconds`."""
    rows: dict[_Key, Totals] = {}
    for entry in entries:
        bucket = entry.at_us // 1_000_000 // seconds * seconds
        key = (
            bucket,
            entry.project_id,
            entry.token_id,
            entry.provider,
            entry.model,
            entry.endpoint,
        )
        totals = rows.get(key)
        if totals is None:
            totals = rows[key] = Totals()
        totals.add(entry)
    return rows


def merge(rows: Mapping[_Key, Totals], seconds: int) -> dict[_Key, Totals]:
    """The same totals in longer buckets."""
    merged: dict[_Key, Totals] = {}
    for key_of_row, totals in rows.items():
        key = (key_of_row[0] // seconds * seconds, *key_of_row[1:])
        merged.setdefault(key, Totals()).include(totals)
    return merged


async def add(entries: Sequence["Entry"], is_listed: IsListed) -> None:
    """Add `entries` to both tables, within the caller's transaction."""
    known = await bounded(entries, is_listed)
    minutes = add_up(known, 60)
    for table, rows in (("usage_minute", minutes), ("usage_hour", merge(minutes, 3600))):
        # Sorted, so that two consumers lock the rows they share in one order.
        await insert(
            *_upsert(table),
            [_values(key, totals) for key, totals in sorted(rows.items(), key=lambda row: row[0])],
        )
    await insert(
        *_dimension_upsert(),
        [
            _dimension_values(key, totals)
            for key, totals in sorted(_by_key(known).items(), key=lambda row: row[0])
        ],
    )


def _by_key(entries: Sequence["Entry"]) -> dict[_KeyOfDimension, Totals]:
    """Totals by hour and upstream key, of entries that name one."""
    rows: dict[_KeyOfDimension, Totals] = {}
    for entry in entries:
        if entry.key_id:
            hour = entry.at_us // 1_000_000 // 3600 * 3600
            key = hour, entry.key_id, entry.project_id, entry.token_id, entry.model
            totals = rows.get(key)
            if totals is None:
                totals = rows[key] = Totals()
            totals.add(entry)
    return rows


def _dimension_values(key: _KeyOfDimension, totals: Totals) -> list[Any]:
    hour, value, *rest = key
    sums = [totals.added[_SUMS.index(name)] for name in _DIMENSION_SUMS]
    return [datetime.fromtimestamp(hour, UTC), "key", value, *rest, totals.cost_nanos, *sums]


def _values(key: _Key, totals: Totals) -> list[Any]:
    bucket, *rest = key
    return [datetime.fromtimestamp(bucket, UTC), *rest, totals.cost_nanos, *totals.added]


def _upsert(table: str) -> tuple[str, str]:
    return _adding(table, USAGE_KEY, _ADDED)


def _dimension_upsert() -> tuple[str, str]:
    return _adding("usage_dimension", DIMENSION_KEY, _DIMENSION_SUMS)


@cache
def _adding(table: str, key: tuple[str, ...], added: tuple[str, ...]) -> tuple[str, str]:
    """The table with its columns, and what to do where a row is there."""
    columns = (*key, "cost_nanos", *added)
    sums = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in added)
    return (
        f"{table} ({', '.join(columns)})",
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sums},"
        # NULL plus a known price is the known price: NULL says that none was known so far.
        f" cost_nanos = CASE WHEN excluded.cost_nanos IS NULL THEN {table}.cost_nanos"
        f" ELSE COALESCE({table}.cost_nanos, 0) + excluded.cost_nanos END",
    )
