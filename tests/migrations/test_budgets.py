"""The migration `budgets`, on tables that hold rows: nothing of them changes its meaning."""

from typing import Final
from uuid import uuid4

from config import Database
from migrations import schema
from models import Project, RequestLog, Token
from models.db.conditions import select
from models.db.database import open_database

_AT: Final = "2026-01-01 00:00:00+00:00"


async def test_rows_of_before_have_neither_budgets_nor_policies(database: Database) -> None:
    undone = ""
    while not undone.endswith("_budgets.py"):
        async with schema._command(database) as command:
            (undone,) = await command.downgrade(-1, False)
    project, token, request = uuid4(), uuid4(), uuid4()
    async with open_database(database):
        await select(
            "INSERT INTO project (id, name, provider, is_active, created_at, updated_at)"
            " VALUES ({}, 'p', 'openai', {}, '" + _AT + "', '" + _AT + "')",
            [str(project), True],
        )
        await select(
            "INSERT INTO token (id, project_id, name, hint, created_at, quota_epoch, quota_base,"
            " request_count) VALUES ({}, {}, '', 'h', '" + _AT + "', 0, 0, 0)",
            [str(token), str(project)],
        )
        await select(
            "INSERT INTO request_log (id, at, project_id, token_id, provider, endpoint, method,"
            " model, status, outcome, usage, bytes_in, bytes_out, duration_us, overhead_us)"
            " VALUES ({}, '" + _AT + "', {}, {}, 'openai', '/v1/models', 'GET', '', 200,"
            " 'complete', 'exact', 0, 0, 1, 1)",
            [str(request), str(project), str(token)],
        )
    await schema.upgrade(database)
    async with open_database(database):
        for row in (await Project.get(id=project), await Token.get(id=token)):
            assert (row.budgets, row.policies) == (None, None)
        assert (await RequestLog.get(id=request)).charge is None
