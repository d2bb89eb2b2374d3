"""Pages, newest first, whose cost does not hang on how rare what is asked for is.

A common combination of filters is found soonest by walking back from the newest row, a rare one by
the index of its rarest filter, and nobody knows beforehand which it is: the planners guess, and are
wrong by a factor of a thousand where rows of a kind lie together. So every way is gone in turn, a
few rows first and then four times as many, until one of them has filled the page or has come to
its end. That costs a small multiple of the best way, and needs no statistics.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from models.db.conditions import ANY, Condition, every, select

_FIRST_WINDOW: Final = 250
_GROWTH: Final = 4


class Rows(NamedTuple):
    """What is looked through: tables, the column in whose order the time runs, and the id's."""

    tables: str
    key: str = "id"
    id: str = "id"


class Way(Protocol):
    """One way to the rows that are asked for."""

    @property
    def found(self) -> list[UUID]:
        """The newest of them, as far as they were found."""
        ...

    async def advance(self, window: int) -> bool:
        """Look at up to `window` rows; whether there is nothing more to be found."""
        ...


async def newest(ways: Sequence[Way], most: int) -> list[UUID]:
    """The ids of the `most` newest rows that all `ways` lead to. Raises DatabaseUnavailable."""
    window = max(_FIRST_WINDOW, most)
    while True:
        for way in ways:
            if await way.advance(window) or len(way.found) >= most:
                return way.found[:most]
        window *= _GROWTH


class Walk:
    """Past the rows that `along` holds for, from the newest on, by an index in that order."""

    def __init__(
        self,
        rows: Rows,
        along: Condition,
        rest: Sequence[Condition],
        *,
        most: int,
        start: Any = None,
        before: Any = None,
    ) -> None:
        """`start` (inclusive) and `before` (exclusive) bound the key; `most` are wanted."""
        self.found: list[UUID] = []
        self._rows = rows
        self._along = along
        self._rest = every(rest)
        self._most = most
        self._start = start
        self._before = before

    async def advance(self, window: int) -> bool:
        """Look at the next `window` rows."""
        key, tables, id_ = self._rows.key, self._rows.tables, self._rows.id
        wanted = self._most - len(self.found)
        # With nothing else to hold, every row that is walked past is one of the page's.
        steps = wanted if self._rest is ANY else window
        along = every([self._along, *between(key, self._start, self._before)])
        # The limit inside keeps planners from choosing another way than this one.
        rows = await select(
            f"SELECT id FROM (SELECT {id_} AS id, {key} AS place, ({self._rest.sql}) AS fits"  # noqa: S608
            f" FROM {tables} WHERE {along.sql} ORDER BY {key} DESC LIMIT {{}}) AS walked"
            " WHERE fits ORDER BY place DESC LIMIT {}",
            [*self._rest.values, *along.values, steps, wanted],
        )
        self.found += [UUID(str(row["id"])) for row in rows]
        if self._rest is ANY:
            return True
        last = await select(
            f"SELECT {key} AS place FROM {tables} WHERE {along.sql}"  # noqa: S608
            f" ORDER BY {key} DESC LIMIT 1 OFFSET {{}}",
            [*along.values, steps - 1],
        )
        self._before = last[0]["place"] if last else self._before
        return not last


class Few:
    """By an index that has them in another order: only for as long as they are few."""

    def __init__(
        self, table: str, along: Condition, order: str, rest: Sequence[Condition], *, most: int
    ) -> None:
        """`order` is the index's; asking for it keeps planners to that index."""
        self.found: list[UUID] = []
        self._table = table
        self._along = along
        self._order = order
        self._rest = every(rest)
        self._most = most

    async def advance(self, window: int) -> bool:
        """Take them, if there are no more than `window`."""
        reached = await select(
            f"SELECT 1 AS one FROM {self._table} WHERE {self._along.sql}"  # noqa: S608
            f" ORDER BY {self._order} LIMIT 1 OFFSET {{}}",
            [*self._along.values, window],
        )
        if reached:
            return False
        rows = await select(
            f"SELECT id FROM (SELECT id, ({self._rest.sql}) AS fits FROM {self._table}"  # noqa: S608
            f" WHERE {self._along.sql} ORDER BY {self._order} LIMIT {{}}) AS taken"
            " WHERE fits ORDER BY id DESC LIMIT {}",
            [*self._rest.values, *self._along.values, window, self._most],
        )
        self.found = [UUID(str(row["id"])) for row in rows]
        return True


def between(key: str, start: Any, before: Any) -> list[Condition]:
    """That `key` is at least `start` and less than `before`, as far as they are given."""
    bounds = []
    if start is not None:
        bounds.append(Condition(f"{key} >= {{}}", (start,)))
    if before is not None:
        bounds.append(Condition(f"{key} < {{}}", (before,)))
    return bounds
