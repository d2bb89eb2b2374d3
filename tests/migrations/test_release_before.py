"""A database that has been upgraded while the release before still writes to it."""

from __future__ import annotations

from typing import Final, NamedTuple

from config import Database
from migrations import schema
from models.db.conditions import select
from models.db.database import open_database

#: The first migration that the release before does not know.
_FIRST_UNKNOWN: Final = "_bindings.py"
_COLUMNS: Final = {
    "sqlite": 'SELECT t.name AS held_by, c.name AS name, 1 - c."notnull" AS nullable,'
    " c.dflt_value AS by_default FROM sqlite_master t, pragma_table_info(t.name) c"
    " WHERE t.type = 'table'",
    "postgres": "SELECT table_name AS held_by, column_name AS name,"
    " is_nullable = 'YES' AS nullable, column_default AS by_default"
    " FROM information_schema.columns WHERE table_schema = current_schema()",
}


class _Column(NamedTuple):
    table: str
    name: str


async def _columns(database: Database) -> dict[_Column, bool]:
    """Every column, and whether a row may be inserted that does not name it."""
    async with open_database(database):
        rows = await select(_COLUMNS[database.dialect])
    return {
        _Column(row["held_by"], row["name"]): bool(row["nullable"]) or row["by_default"] is not None
        for row in rows
    }


async def _step_back(database: Database) -> None:
    undone = ""
    while not undone.endswith(_FIRST_UNKNOWN):
        async with schema._command(database) as command:
            (undone,) = await command.downgrade(-1, False)


async def test_the_release_before_may_insert_rows_without_the_columns_it_does_not_know(
    database: Database,
) -> None:
    now = await _columns(database)
    await _step_back(database)
    before = await _columns(database)
    tables = {column.table for column in before}
    added = {column for column in now.keys() - before.keys() if column.table in tables}
    assert _Column("upstream_key", "bound_to") in added
    assert [column for column in added if not now[column]] == []
    # Nor may a column that it leaves out have become one that must be named.
    assert [column for column in before if before[column] and not now.get(column, True)] == []
