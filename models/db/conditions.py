"""Pieces of SQL that are put together from what was asked for.

Only names of ours are written into SQL. Values stand beside it: each `{}` takes the next one.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

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


def written(sql: str) -> str:
    """`sql` with the placeholders of the dialect in use, in place of each `{}`."""
    count = sql.count("{}")
    if dialect() == "sqlite":
        return sql.format(*("?" for _ in range(count)))
    return sql.format(*(f"${number}" for number in range(1, count + 1)))
