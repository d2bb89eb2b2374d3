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


async def select(sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """The rows of a query that is written with `{}` for each value. Raises DatabaseUnavailable."""
    return await connection().execute_query_dict(written(sql, len(values)), list(values))


def written(sql: str, count: int) -> str:
    """`sql` with the placeholders of the dialect in use for its `count` values."""
    if dialect() == "sqlite":
        return sql.format(*("?" for _ in range(count)))
    return sql.format(*(f"${number}" for number in range(1, count + 1)))
