"""Pages, newest first, whose cost does not hang on how rare what is asked for is.

A common combination of filters is found soonest by scanning back from the newest row, a rare one by
the index of its rarest filter. Which one it is, is not known beforehand: the planners guess, and
are wrong by a factor of a thousand where rows of a kind lie together. So every scan strategy
advances in turn, by a few rows first and then by four times as many, until one of them has filled
the page or has come to its end. That costs a small multiple of the best one, without statistics.
"""

from bisect import bisect_left
from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from models.db.conditions import ANY, Condition, between, every, select

_FIRST_WINDOW: Final = 250
_GROWTH: Final = 4


class Rows(NamedTuple):
    """What is looked through: tables, the column in whose order the time runs, and the id's."""

    tables: str
    key: str = "id"
    id: str = "id"


class ScanStrategy(Protocol):
    """One order in which to look for the rows that are asked for."""

    @property
    def found(self) -> list[UUID]:
        """The newest of them, as far as they were found."""
        ...

    async def advance(self, window: int) -> bool:
        """Look at up to `window` rows; whether there is nothing more to be found."""
        ...


async def newest(strategies: Sequence[ScanStrategy], most: int) -> list[UUID]:
    """Ids of the `most` newest rows that every strategy finds. Raises DatabaseUnavailable."""
    window = max(_FIRST_WINDOW, most)
    while True:
        for strategy in strategies:
            if await strategy.advance(window) or len(strategy.found) >= most:
                return strategy.found[:most]
        window *= _GROWTH


async def distinct(column: str, tables: str, holds: Condition, *, most: int) -> list[str]:
    """The values of a column, in order: each is one step along an index that begins with it."""
    rows = await select(
        f"WITH RECURSIVE known(name) AS (SELECT min({column}) FROM {tables} WHERE {holds.sql}"  # noqa: S608
        f" UNION ALL SELECT (SELECT min({column}) FROM {tables} WHERE ({holds.sql})"
        f" AND {column} > known.name) FROM known WHERE known.name IS NOT NULL)"
        " SELECT name FROM known WHERE name IS NOT NULL LIMIT {}",
        [*holds.values, *holds.values, most],
    )
    return [str(row["name"]) for row in rows]


class IndexScan:
    """Reads an index that is in order of time, from the newest row that `indexed` holds for."""

    def __init__(
        self,
        rows: Rows,
        indexed: Condition,
        filters: Sequence[Condition],
        *,
        most: int,
        start: Any = None,
        before: Any = None,
    ) -> None:
        """`start` (inclusive) and `before` (exclusive) bound the key; `most` are wanted."""
        self.found: list[UUID] = []
        self._rows = rows
        self._indexed = indexed
        self._filters = every(filters)
        self._most = most
        self._start = start
        self._before = before

    @property
    def reached(self) -> UUID | None:
        """The id of the last row that was looked at, where the key is an id."""
        return None if self._before is None else UUID(str(self._before))

    async def advance(self, window: int) -> bool:
        """Look at the next `window` rows."""
        key, tables, id_ = self._rows.key, self._rows.tables, self._rows.id
        wanted = self._most - len(self.found)
        # With nothing else to hold, every row that is walked past is one of the page's.
        steps = wanted if self._filters is ANY else window
        indexed = every([self._indexed, *between(key, self._start, self._before)])
        # The limit inside keeps planners from choosing another index than this one.
        rows = await select(
            f"SELECT id FROM (SELECT {id_} AS id, {key} AS place, ({self._filters.sql}) AS fits"  # noqa: S608
            f" FROM {tables} WHERE {indexed.sql} ORDER BY {key} DESC LIMIT {{}}) AS walked"
            " WHERE fits ORDER BY place DESC LIMIT {}",
            [*self._filters.values, *indexed.values, steps, wanted],
        )
        self.found += [UUID(str(row["id"])) for row in rows]
        if self._filters is ANY:
            return True
        last = await select(
            f"SELECT {key} AS place FROM {tables} WHERE {indexed.sql}"  # noqa: S608
            f" ORDER BY {key} DESC LIMIT 1 OFFSET {{}}",
            [*indexed.values, steps - 1],
        )
        self._before = last[0]["place"] if last else self._before
        return not last


class Merged:
    """What several strategies find together, in the order of their ids.

    A row is found once no strategy may still come to a newer one: those that have neither ended nor
    filled a page may have rows behind the place that they have reached. The one that is furthest
    behind goes on first, so that it costs as much as one walk along the rows of all.
    """

    def __init__(self, parts: Sequence[ScanStrategy], *, most: int) -> None:
        self._parts = parts
        self._most = most
        self._ended = [False] * len(parts)
        # Kept, since there may be hundreds of parts and a turn is one part's: how far each has
        # come, the newest rows of all, the oldest first, and how many of each part's they are of.
        self._reached = [_reached(part) for part in parts]
        self._rows: list[int] = []
        self._taken = [0] * len(parts)

    @property
    def found(self) -> list[UUID]:
        """The newest of all."""
        certain = 0
        for number in self._open:
            place = self._reached[number]
            if place is None:
                return []
            certain = max(certain, place)
        return [UUID(int=row) for row in reversed(self._rows) if row >= certain]

    @property
    def _open(self) -> list[int]:
        return [number for number in range(len(self._parts)) if self._is_open(number)]

    def _is_open(self, number: int) -> bool:
        return not self._ended[number] and len(self._parts[number].found) < self._most

    async def advance(self, window: int) -> bool:
        """Let those that need it share `window`."""
        turns = self._open
        share = max(self._most, window // max(1, len(turns)))
        unknown = [number for number in turns if self._reached[number] is None]
        for number in unknown:
            await self._advance(number, share)
        places = [(self._reached[number], number) for number in self._open]
        behind = [(-place, number) for place, number in places if place is not None]
        are_known = len(behind) == len(places)
        heapify(behind)
        for _ in turns[len(unknown) :]:
            if not behind:
                break
            place, number = -behind[0][0], behind[0][1]
            # All of a page's rows are certain.
            if are_known and len(self._rows) >= self._most and self._rows[0] >= place:
                break
            await self._advance(number, share)
            reached = self._reached[number]
            if reached is None or not self._is_open(number):
                heappop(behind)
            else:
                heapreplace(behind, (-reached, number))
        return all(self._ended)

    async def _advance(self, number: int, window: int) -> None:
        part = self._parts[number]
        self._ended[number] = await part.advance(window)
        self._reached[number] = place = _reached(part)
        if place is None and self._is_open(number):
            # What it has found may yet be other rows.
            return
        for row in part.found[self._taken[number] :]:
            at = bisect_left(self._rows, row.int)
            if self._rows[at : at + 1] != [row.int]:
                self._rows.insert(at, row.int)
        del self._rows[: -self._most]
        self._taken[number] = len(part.found)


def _reached(part: ScanStrategy) -> int | None:
    """Up to which id it has found all that it will; None where that is not known."""
    reached = part.reached if isinstance(part, IndexScan) else None
    return None if reached is None else reached.int


class BoundedSort:
    """Reads an index in another order and sorts: only while it holds no more than the window."""

    def __init__(
        self, table: str, indexed: Condition, order: str, filters: Sequence[Condition], *, most: int
    ) -> None:
        """`order` is the index's; asking for it keeps planners to that index."""
        self.found: list[UUID] = []
        self._table = table
        self._indexed = indexed
        self._order = order
        self._filters = every(filters)
        self._most = most

    async def advance(self, window: int) -> bool:
        """Take them, if there are no more than `window`."""
        reached = await select(
            f"SELECT 1 AS one FROM {self._table} WHERE {self._indexed.sql}"  # noqa: S608
            f" ORDER BY {self._order} LIMIT 1 OFFSET {{}}",
            [*self._indexed.values, window],
        )
        if reached:
            return False
        rows = await select(
            f"SELECT id FROM (SELECT id, ({self._filters.sql}) AS fits FROM {self._table}"  # noqa: S608
            f" WHERE {self._indexed.sql} ORDER BY {self._order} LIMIT {{}}) AS taken"
            " WHERE fits ORDER BY id DESC LIMIT {}",
            [*self._filters.values, *self._indexed.values, window, self._most],
        )
        self.found = [UUID(str(row["id"])) for row in rows]
        return True
