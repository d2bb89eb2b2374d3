"""Adding entries to the minute and hour counters: summed here first, then one upsert per row.

The upserts add to what is there, which no ORM call does, hence the SQL.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from operator import add as plus
from operator import itemgetter
from typing import Any, Final, TypeAlias, cast

from models import label_values, model_names
from models.columns import Columns, is_one, kinds, of_known, spread
from models.db.conditions import insert
from models.db.database import dialect
from models.db.giving_way import give_way
from models.entry import Entry
from models.entry_columns import by_column, some
from models.labels import Tags
from models.model_names import IsListed
from models.usage import (
    DIMENSION_KEY,
    OVERHEAD_BOUNDS_US,
    TTFB_BOUNDS_US,
    USAGE_KEY,
    UsageDimension,
)

_SUMS: Final = (
    "requests",
    "errors",
    "client_errors",
    "upstream_errors",
    "incomplete",
    "unknown_usage_requests",
    "unpriced_requests",
    "charged_at_hold_requests",
    "cached_requests",
    "cache_misses",
    "saved_nanos",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "bytes_in",
    "bytes_out",
)
_TOKENS: Final = ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")
_TTFB: Final = tuple(f"ttfb_{n}" for n in range(len(TTFB_BOUNDS_US) + 1))
_OVERHEAD: Final = tuple(f"overhead_{n}" for n in range(len(OVERHEAD_BOUNDS_US) + 1))
_ADDED: Final = (*_SUMS, *_TTFB, *_OVERHEAD)
_HITS: Final = _SUMS.index("cached_requests")
_MISSES: Final = _SUMS.index("cache_misses")
_SAVED: Final = _SUMS.index("saved_nanos")
#: It and what is behind it, the other tokens and both sums of bytes.
_PROMPT: Final = _SUMS.index("prompt_tokens")
_USED: Final = _SUMS[_PROMPT:]
_FIRST_TTFB: Final = len(_SUMS)
_FIRST_OVERHEAD: Final = len(_SUMS) + len(_TTFB)

#: Ten million dollars: beyond it a row says no more. Any upstream may claim any bill, and sums that
#: leave 64 bits would stop the ledger, as sums of rows would the dashboard.
MONEY_MOST: Final = 10**16
_MONEY: Final = ("cost_nanos", "saved_nanos")

#: Outcomes that are the upstream's failing even where the client had a 200 before.
_UPSTREAM_FAILED: Final = frozenset(("upstream_error", "upstream_broke", "timeout"))

#: What a row of `UsageDimension` has of them.
_DIMENSION_SUMS: Final = tuple(name for name in _SUMS if name in UsageDimension._meta.db_fields)

#: A minute (Unix seconds), project, token, provider, model, endpoint, upstream key.
_Finest: TypeAlias = tuple[int, str, str, str, str, str, str]
_FINEST: Final = ("project_id", "token_id", "provider", "model", "endpoint", "key_id")
_MINUTE_US: Final = 60_000_000


#: What `_is_usual` is told.
_KIND: Final = ("status", "outcome", "usage", "charge")
#: Fewer entries are counted one by one.
_MANY: Final = 4


def _is_usual(status: int, outcome: str, usage: str, charge: str) -> bool:
    """Whether of an entry no more is counted than what it used, if its cost is known."""
    return status < 400 and outcome == "complete" and usage == "exact" and charge != "held"


def _sum_of_all(column: Sequence[int | None]) -> int | None:
    """None where one is not known."""
    try:
        return sum(cast(Sequence[int], column))
    except TypeError:
        return None


class Totals:
    """What the entries of one counter row come to."""

    __slots__ = ("added", "cost_nanos")

    def __init__(self) -> None:
        self.added = [0] * len(_ADDED)
        self.cost_nanos: int | None = None

    def add(self, entry: Entry) -> None:
        """Count one more."""
        self._add_sums(entry)
        if entry.ttfb_us is not None:
            self.added[_FIRST_TTFB + bisect_left(TTFB_BOUNDS_US, entry.ttfb_us)] += 1
        self.added[_FIRST_OVERHEAD + bisect_left(OVERHEAD_BOUNDS_US, entry.overhead_us)] += 1
        if entry.cost_nanos is not None:
            self.cost_nanos = (self.cost_nanos or 0) + entry.cost_nanos

    def add_all(self, entries: Sequence[Entry], columns: Columns) -> None:
        """Count them, by column where all are usual; at least one."""
        found = kinds(columns, _KIND)
        nanos = _sum_of_all(columns["cost_nanos"])
        if nanos is None or not all(_is_usual(*kind) for kind in found):
            for entry in entries:
                self.add(entry)
            return
        added, cache = self.added, columns["cache"]
        added[0] += len(entries)
        if any(cache):
            added[_HITS] += cache.count("hit")
            added[_MISSES] += cache.count("miss")
        added[_SAVED] += of_known(sum, columns["saved_nanos"])
        for place, name in enumerate(_USED, start=_PROMPT):
            added[place] += of_known(sum, columns[name])
        ttfb = [us for us in columns["ttfb_us"] if us is not None]
        for first, bounds, times in (
            (_FIRST_TTFB, TTFB_BOUNDS_US, ttfb),
            (_FIRST_OVERHEAD, OVERHEAD_BOUNDS_US, columns["overhead_us"]),
        ):
            for place, count in enumerate(spread(bounds, times), start=first):
                added[place] += count
        self.cost_nanos = (self.cost_nanos or 0) + nanos

    def _add_sums(self, entry: Entry) -> None:
        client_error = 400 <= entry.status < 500
        upstream_error = (
            not client_error
            and (entry.status >= 500 or entry.outcome in _UPSTREAM_FAILED)
            and entry.outcome != "middleware_failed"
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
            entry.charge == "held",
            entry.cache == "hit",
            entry.cache == "miss",
            entry.saved_nanos or 0,
            entry.prompt_tokens or 0,
            entry.completion_tokens or 0,
            entry.cached_tokens or 0,
            entry.reasoning_tokens or 0,
            entry.bytes_in,
            entry.bytes_out,
        )
        self.added[:_FIRST_TTFB] = map(plus, self.added, sums)

    def book(self, entry: Entry) -> None:
        """Add what a request used that was counted before, without its usage."""
        self.added[_SUMS.index("unpriced_requests")] += entry.unpriced
        for name in _TOKENS:
            self.added[_SUMS.index(name)] += getattr(entry, name) or 0
        if entry.cost_nanos is not None:
            self.cost_nanos = (self.cost_nanos or 0) + entry.cost_nanos

    def bound(self) -> None:
        """Keep its money to what a row says."""
        self.added[_SAVED] = min(MONEY_MOST, self.added[_SAVED])
        if self.cost_nanos is not None:
            self.cost_nanos = min(MONEY_MOST, self.cost_nanos)

    def plus(self, other: "Totals") -> "Totals":
        """What both come to."""
        both = Totals()
        both.added, both.cost_nanos = self.added, self.cost_nanos
        both.include(other)
        return both

    def include(self, other: "Totals") -> None:
        """Add what others come to."""
        self.added = list(map(plus, self.added, other.added))
        if other.cost_nanos is not None:
            self.cost_nanos = (self.cost_nanos or 0) + other.cost_nanos


def _groups(columns: Columns) -> Mapping[_Finest, Sequence[int]]:
    """Where the entries stand that are told apart by nothing."""
    at_us = columns["at_us"]
    first, last = (us // _MINUTE_US * 60 for us in (min(at_us), max(at_us)))
    told = [columns[name] for name in _FINEST]
    if first == last and all(map(is_one, told)):
        project_id, token_id, provider, model, endpoint, key_id = (one[0] for one in told)
        return {(first, project_id, token_id, provider, model, endpoint, key_id): range(len(at_us))}
    groups: defaultdict[_Finest, list[int]] = defaultdict(list)
    minutes = [us // _MINUTE_US * 60 for us in at_us]
    for place, key in enumerate(zip(minutes, *told, strict=True)):
        groups[key].append(place)
    return groups


def add_up(entries: Sequence[Entry], columns: Columns) -> dict[_Finest, Totals]:
    """Totals by all that the rows of any table tell apart: entries are looked at once."""
    rows: dict[_Finest, Totals] = {}
    for key, places in _groups(columns).items():
        totals = rows[key] = Totals()
        if len(places) == len(entries) >= _MANY:
            totals.add_all(entries, columns)
            continue
        group = some(entries, places)
        if len(group) >= _MANY:
            totals.add_all(group, by_column(group))
        else:
            for entry in group:
                totals.add(entry)
    return rows


def _finest(entry: Entry) -> _Finest:
    return (
        entry.at_us // _MINUTE_US * 60,
        entry.project_id,
        entry.token_id,
        entry.provider,
        entry.model,
        entry.endpoint,
        entry.key_id,
    )


def _book(rows: dict[_Finest, Totals], booked: Sequence[Entry]) -> dict[_Finest, Totals]:
    for entry in booked:
        rows.setdefault(_finest(entry), Totals()).book(entry)
    return rows


def merge(
    rows: Mapping[_Finest, Totals], key_of: Callable[[_Finest], tuple[Any, ...]]
) -> list[tuple[tuple[Any, ...], Totals]]:
    """The same totals by fewer things, by key."""
    merged: dict[tuple[Any, ...], Totals] = {}
    for finer, totals in rows.items():
        key = key_of(finer)
        known = merged.get(key)
        # Most need no sum, as they tell apart what is different anyway.
        merged[key] = totals if known is None else known.plus(totals)
    # Sorted, so that two consumers lock the rows they share in one order.
    return sorted(merged.items(), key=itemgetter(0))


def _named(key: _Finest) -> model_names.Named:
    minute, project_id, token_id, provider, model, *_ = key
    return project_id, minute // 3600, provider, model, token_id


def _minute(key: _Finest) -> tuple[Any, ...]:
    return key[:-1]


def _hour(key: _Finest) -> tuple[Any, ...]:
    return (key[0] // 3600 * 3600, *key[1:-1])


def _hour_of_key(key: _Finest) -> tuple[Any, ...]:
    minute, project_id, token_id, _, model, _, key_id = key
    return minute // 3600 * 3600, "key", key_id, project_id, token_id, model


async def add(
    entries: Sequence[Entry],
    columns: Columns,
    is_listed: IsListed,
    booked: Sequence[Entry] = (),
) -> None:
    """Add `entries` to the tables, within the caller's transaction; of those `booked`, which were
    counted before, what they used alone."""
    finest = _book(add_up(entries, columns), booked)
    give_way()
    if without := await model_names.beyond(map(_named, finest), is_listed):
        entries = model_names.bounded(entries, without)
        booked = model_names.bounded(booked, without)
        columns = by_column(entries)
        finest = _book(add_up(entries, columns), booked)
    await insert(*_upsert("usage_minute"), _rows(merge(finest, _minute)))
    await insert(*_upsert("usage_hour"), _rows(merge(finest, _hour)))
    named = {key: totals for key, totals in finest.items() if key[-1]}
    by_key = merge(named, _hour_of_key)
    await insert(*_dimension_upsert(), _rows(by_key, _dimension_sums))
    is_labelled = any(columns["tags"]) or any(columns["end_user"])
    if labelled := _labelled(entries if is_labelled else (), booked):
        by_label = await _by_label(labelled)
        await insert(*_dimension_upsert(), _rows(by_label, _dimension_sums))


#: An hour (Unix seconds), project, token, model, tags, end user.
_Labelled: TypeAlias = tuple[int, str, str, str, Tags | None, str]


def _labelled(entries: Sequence[Entry], booked: Sequence[Entry]) -> dict[_Labelled, Totals]:
    """What those come to that say what they are for: most need not be looked at again."""
    rows: dict[_Labelled, Totals] = {}
    for entry in entries:
        if entry.tags is not None or entry.end_user:
            rows.setdefault(_label(entry), Totals()).add(entry)
    for entry in booked:
        if entry.tags is not None or entry.end_user:
            rows.setdefault(_label(entry), Totals()).book(entry)
    return rows


def _label(entry: Entry) -> _Labelled:
    hour = entry.at_us // _MINUTE_US * 60 // 3600 * 3600
    return hour, entry.project_id, entry.token_id, entry.model, entry.tags, entry.end_user


async def _by_label(rows: Mapping[_Labelled, Totals]) -> list[tuple[tuple[Any, ...], Totals]]:
    """The same by each tag and end user, as far as those have a place."""
    places = await label_values.places(
        dict.fromkeys(
            (project_id, dimension, value)
            for _, project_id, _, _, tags, end_user in rows
            for dimension, value in label_values.dimensions(tags, end_user)
        )
    )
    found: dict[tuple[Any, ...], Totals] = {}
    for (hour, project_id, token_id, model, tags, end_user), totals in rows.items():
        for dimension, value in label_values.dimensions(tags, end_user):
            placed = places[project_id, dimension, value]
            if placed is not None:
                key = (hour, dimension, placed, project_id, token_id, model)
                found.setdefault(key, Totals()).include(totals)
    return sorted(found.items(), key=itemgetter(0))


_dimension_sums: Final = itemgetter(*map(_SUMS.index, _DIMENSION_SUMS))


def _rows(
    merged: Iterable[tuple[tuple[Any, ...], Totals]],
    sums: Callable[[list[int]], Iterable[int]] = iter,
) -> list[list[Any]]:
    """Their rows: a key begins with a time in Unix seconds."""
    buckets, rows = _Buckets(), []
    for (bucket, *rest), totals in merged:
        totals.bound()
        rows.append([buckets[bucket], *rest, totals.cost_nanos, *sums(totals.added)])
    return rows


class _Buckets(dict[int, Any]):
    """Times as the database has them, each made once: sqlite3 would have each row's written anew,
    by a function of Python's."""

    def __missing__(self, bucket: int) -> Any:
        at = datetime.fromtimestamp(bucket, UTC)
        made = self[bucket] = at.isoformat(" ") if dialect() == "sqlite" else at
        return made


def _upsert(table: str) -> tuple[str, str]:
    return _adding(table, USAGE_KEY, _ADDED)


def _dimension_upsert() -> tuple[str, str]:
    return _adding("usage_dimension", DIMENSION_KEY, _DIMENSION_SUMS)


@cache
def _adding(table: str, key: tuple[str, ...], added: tuple[str, ...]) -> tuple[str, str]:
    """The table with its columns, and what to do where a row is there."""
    columns = (*key, "cost_nanos", *added)
    sums = ", ".join(
        f"{name} = {_plus(table, name) if name in _MONEY else f'{table}.{name} + excluded.{name}'}"
        for name in added
    )
    return (
        f"{table} ({', '.join(columns)})",
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sums},"
        # NULL plus a known price is the known price: NULL says that none was known so far.
        f" cost_nanos = CASE WHEN excluded.cost_nanos IS NULL THEN {table}.cost_nanos"
        f" ELSE {_plus(table, 'cost_nanos')} END",
    )


def _plus(table: str, name: str) -> str:
    """Without a step out of range, whatever the row has of an earlier release."""
    before = f"COALESCE({table}.{name}, 0)"
    return (
        f"CASE WHEN {before} > {MONEY_MOST} - excluded.{name} THEN {MONEY_MOST}"
        f" ELSE {before} + excluded.{name} END"
    )
