"""`q`: any part of a name, and the same rows on both backends.

Upper and lower case are the same for the letters of ASCII; every other character stands for itself.
An index of "grams", the runs of one, two and three characters in a text, names the rows that can
match, and the text itself then says which of them do. The migration `lists` makes those indices.
"""

import string
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from models.db.conditions import Condition, between, every, select
from models.db.database import dialect
from models.queries.scans import IndexScan, Rows, ScanStrategy
from models.text import clean_text

_LONGEST: Final = 200
_LONGEST_GRAM: Final = 3
#: Rows that are scanned before all that match are sorted.
_PATIENCE: Final = 4000
_FOLDED: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class Searched(NamedTuple):
    """A table with a search index, and the columns that are in it."""

    table: str
    columns: tuple[str, ...]


def folded(q: str) -> str:
    """`q` as texts are compared."""
    return clean_text(q, limit=_LONGEST).translate(_FOLDED)


def grams(text: str) -> list[str]:
    """What a text that holds `text` has in the index."""
    size = min(len(text), _LONGEST_GRAM)
    return sorted({text[n : n + size] for n in range(len(text) - size + 1)})


def contains(where: Searched, text: str) -> Condition:
    """That the row's text holds `text`, which is folded."""
    if dialect() == "sqlite":
        joined = " || char(10) || ".join(f"{where.table}.{column}" for column in where.columns)
        return Condition(f"instr(lower({joined}), {{}}) > 0", (text,))
    return Condition(f'strpos(lower(({_indexed(where)}) COLLATE "C"), {{}}) > 0', (text,))


def _indexed(where: Searched) -> str:
    # As the index has it, to the letter: PostgreSQL compares expressions.
    return " || chr(10) || ".join(where.columns)


async def strategy(
    where: Searched, text: str, rest: Sequence[Condition], *, before: UUID | None, most: int
) -> ScanStrategy:
    """The scan of rows whose text holds `text` by the index of grams."""
    found = contains(where, text)
    if dialect() == "postgres":
        likely = Condition(f"search_grams({_indexed(where)}) @> {{}}", (grams(text),))
        bounds = between("id", None, None if before is None else str(before))
        return _Sorted(where.table, likely, every([found, *bounds, *rest]), most)
    table = where.table
    words = " AND ".join(gram.encode().hex().upper() for gram in grams(text))
    rows = Rows(
        f"{table}_search JOIN {table}_number ON {table}_number.number = {table}_search.rowid"
        f" JOIN {table} ON {table}.id = {table}_number.{table}_id",
        key=f"{table}_search.rowid",
        id=f"{table}.id",
    )
    likely = Condition(f"{table}_search MATCH {{}}", (words,))
    place = None if before is None else await _number(table, before)
    return IndexScan(rows, likely, [found, *rest], most=most, before=place)


async def _number(table: str, row_id: UUID) -> int:
    rows = await select(
        f"SELECT number FROM {table}_number WHERE {table}_id = {{}}",  # noqa: S608
        [str(row_id)],
    )
    return int(rows[0]["number"]) if rows else 0


class _Sorted:
    """All that match, sorted: PostgreSQL's index of arrays has no order."""

    def __init__(self, table: str, likely: Condition, rest: Condition, most: int) -> None:
        self.found: list[UUID] = []
        self._table = table
        self._likely = likely
        self._rest = rest
        self._most = most

    async def advance(self, window: int) -> bool:
        """Find them all, once it is known that they do not lie at hand."""
        if window < _PATIENCE:
            return False
        # With nothing beside `likely` in the inner query, no other index can be taken for it.
        rows = await select(
            f"WITH found AS MATERIALIZED (SELECT id, ({self._rest.sql}) AS fits"  # noqa: S608
            f" FROM {self._table} WHERE {self._likely.sql})"
            " SELECT id FROM found WHERE fits ORDER BY id DESC LIMIT {}",
            [*self._rest.values, *self._likely.values, self._most],
        )
        self.found = [UUID(str(row["id"])) for row in rows]
        return True
