"""The migration `unusual`: few indices of usual requests, and those that are asked for by name."""

from typing import Final

import pytest

from config import Database
from migrations import schema
from models.db.conditions import select
from models.db.database import connection, open_database
from models.request_log import RequestLog

#: Those that a usual row without tags, end user or error is in. Each is 0.6 µs of its request.
_OF_USUAL_ROWS: Final = {
    "idx_request_log_project_b7239e",
    "idx_request_log_token_i_c74add",
    "idx_request_log_model_8510b1",
    "request_log_project_model",
    "request_log_usual_endpoint",
}
#: What the release before names to SQLite, which fails where it is not there.
_NAMED_BEFORE: Final = {
    "request_log_project_model",
    "request_log_project_failed",
    "request_log_project_incomplete",
    "request_log_model_failed",
    "request_log_model_incomplete",
    "request_log_failed_incomplete",
}
_INDICES: Final = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'request_log'"
    " AND type = 'index' AND sql IS NOT NULL",
    "postgres": "SELECT indexname AS name, indexdef AS sql FROM pg_indexes"
    " WHERE tablename = 'request_log' AND indexname <> 'request_log_pkey'",
}
_ROW: Final = (
    "INSERT INTO request_log (id, at, project_id, token_id, provider, endpoint, method, model,"
    " status, outcome, usage, bytes_in, bytes_out, duration_us, overhead_us) VALUES"
    " ('00000000-0000-0000-0000-00000000000{n}', '2026-11-29 00:00:00+00:00',"
    " '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000001', 'openai',"
    " '/v1', 'POST', 'm', {status}, '{outcome}', 'exact', 0, 0, 0, 0)"
)


async def _predicates(database: Database) -> dict[str, str]:
    """Of each index the rows that are in it, as SQL."""
    return {
        row["name"]: row["sql"].partition("WHERE")[2] or "TRUE"
        for row in await select(_INDICES[database.dialect])
    }


@pytest.mark.usefixtures("connected")
async def test_a_usual_request_goes_into_few_indices(database: Database) -> None:
    await connection().execute_query(_ROW.format(n=1, status=200, outcome="complete"))
    found = {
        name
        for name, predicate in (await _predicates(database)).items()
        if await select(f"SELECT 1 AS one FROM request_log WHERE {predicate}")
    }
    assert found == _OF_USUAL_ROWS


@pytest.mark.usefixtures("connected")
async def test_what_the_release_before_asks_for_by_name_is_there(database: Database) -> None:
    assert (await _predicates(database)).keys() >= _NAMED_BEFORE


async def test_rows_stay_when_the_indices_change_and_change_back(database: Database) -> None:
    kinds = [(200, "complete"), (200, "client_left"), (500, "complete"), (504, "timeout")]
    async with open_database(database):
        now = await _predicates(database)
        for n, (status, outcome) in enumerate(kinds):
            await connection().execute_query(_ROW.format(n=n, status=status, outcome=outcome))
    undone = ""
    while not undone.endswith("_unusual.py"):
        async with schema._command(database) as command:
            (undone,) = await command.downgrade(-1, False)
    async with open_database(database):
        before = await _predicates(database)
        assert await RequestLog.all().count() == len(kinds)
    assert {"idx_request_log_status_6c5faa", "idx_request_log_outcome_056339"} <= before.keys()
    await schema.upgrade(database)
    async with open_database(database):
        assert await _predicates(database) == now
        rows = await RequestLog.filter(status=200, outcome="complete").order_by("id")
        assert [row.id.int for row in rows] == [0]
