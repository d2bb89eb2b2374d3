"""Pieces of SQL that are put together from what was asked for.

Only names of ours are written into SQL. Values stand beside it: each `{}` takes the next one.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from models.db.database import connection, dialect


class Condition(NamedTuple):
    """Part of a WHERE clause."""

    sql: str
    values: tuple[Any, ...] = ()


#: Of every row.
ANY: Final = Condition("TRUE")


def every(conditions: Iterable[Condition]) -> Condition:
    """All of them at once."""
    given = [condition for condition in conditions if condition is not ANY]
    if not given:
        return ANY
    sql = " AND ".join(f"({condition.sql})" for condition in given)
    return Condition(sql, tuple(value for condition in given for value in condition.values))


def between(key: str, start: Any, before: Any) -> list[Condition]:
    """That `key` is at least `start` and less than `before`, as far as they are given."""
    bounds = []
    if start is not None:
        bounds.append(Condition(f"{key} >= {{}}", (start,)))
    if before is not None:
        bounds.append(Condition(f"{key} < {{}}", (before,)))
    return bounds


async def select(sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """The rows of a query that is written with `{}` for each value. Raises DatabaseUnavailable."""
    rows: list[dict[str, Any]] = await connection().execute_query_dict(written(sql), list(values))
    return rows


async def execute(sql: str, values: Sequence[Any] = ()) -> int:
    """Carry out a statement that is written likewise; how many rows it affected."""
    affected, _ = await connection().execute_query(written(sql), list(values))
    return affected


async def execute_many(sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """Carry out a statement once for each of the rows of values."""
    await connection().execute_many(written(sql), [list(values) for values in rows])


#: Rows of one statement on SQLite, which has room for 32,766 values in it: as many at once as there
#: are of these, since a row costs half as much in company. Twice as many at once cost no less, and
#: keep the core, which the event loop may wait for, for twice as long.
_ROWS: Final = (32, 8, 1)


async def insert(
    into: str, on_conflict: str, rows: Sequence[Sequence[Any]], common: Sequence[Any] = ()
) -> None:
    """Insert rows of equal length within a transaction, on SQLite many with one statement.

    `into` names the table and its columns, of which the last have the values that are `common` to
    all rows, and are handed over once a statement. A failure leaves some of the rows, so that the
    transaction has to end with it.
    """
    if not rows:
        return
    width, database, done = len(rows[0]), dialect(), 0
    for count in _ROWS if database == "sqlite" else (1,):
        end = len(rows) - (len(rows) - done) % count
        if end == done:
            continue
        sql = _insertion(database, into, on_conflict, width=width, common=len(common), rows=count)
        together = []
        for start in range(done, end, count):
            values = list(common)
            for row in rows[start : start + count]:
                # Copied as a whole, where an iterator takes a step for each value.
                values += row
            together.append(values)
        await connection().execute_many(sql, together)
        done = end


@lru_cache(maxsize=256)
def _insertion(
    dialect_name: Literal["sqlite", "postgres"],
    into: str,
    on_conflict: str,
    *,
    width: int,
    common: int,
    rows: int,
) -> str:
    mark = "?" if dialect_name == "sqlite" else "$"
    places = [f"{mark}{number}" for number in range(1, common + width * rows + 1)]
    # Those in common come first, and stand last in each row.
    starts = range(common, len(places), width)
    values = [", ".join((*places[at : at + width], *places[:common])) for at in starts]
    # SQLite would copy each page that a statement of several rows changes, to be able to take back
    # the statement alone; which is more work than the rows are
    # (findings/sqlite-copies-pages-for-a-trigger-that-never-fires.sh).
    verb = "INSERT OR FAIL" if dialect_name == "sqlite" else "INSERT"
    return f"{verb} INTO {into} VALUES ({'), ('.join(values)}) {on_conflict}"


def written(sql: str) -> str:
    """`sql` with the placeholders of the dialect in use, in place of each `{}`."""
    count = sql.count("{}")
    if dialect() == "sqlite":
        return sql.format(*("?" for _ in range(count)))
    return sql.format(*(f"${number}" for number in range(1, count + 1)))
