"""The migration `accounts`, on tables that hold rows: nothing of them changes its meaning."""

from typing import Final
from uuid import uuid4

from config import Database
from migrations import schema
from models import Project, RequestLog, UpstreamKey
from models.db.conditions import select
from models.db.database import open_database

_AT: Final = "2026-01-01 00:00:00+00:00"


async def test_rows_of_before_have_one_account_each_and_no_failover(database: Database) -> None:
    undone = ""
    while not undone.endswith("_accounts.py"):
        async with schema._command(database) as command:
            (undone,) = await command.downgrade(-1, False)
    project, key, request = uuid4(), uuid4(), uuid4()
    async with open_database(database):
        await select(
            "INSERT INTO project (id, name, provider, is_active, created_at, updated_at)"
            " VALUES ({}, 'p', 'openai', {}, '" + _AT + "', '" + _AT + "')",
            [str(project), True],
        )
        await select(
            "INSERT INTO upstream_key (id, project_id, label, hint, ciphertext, encryption_key_id,"
            " weight, is_active, created_at) VALUES ({}, {}, '', 'h', 'c', 'e', 1, {}, '"
            + _AT
            + "')",
            [str(key), str(project), True],
        )
        await select(
            "INSERT INTO request_log (id, at, project_id, token_id, provider, endpoint, method,"
            " model, status, outcome, usage, bytes_in, bytes_out, duration_us, overhead_us)"
            " VALUES ({}, '" + _AT + "', {}, {}, 'openai', '/v1/models', 'GET', '', 200,"
            " 'complete', 'exact', 0, 0, 1, 1)",
            [str(request), str(project), str(uuid4())],
        )
    await schema.upgrade(database)
    async with open_database(database):
        kept = await Project.get(id=project)
        assert (kept.v1_prefix, kept.failover, kept.isolation) == (None, None, "none")
        assert (kept.project, kept.location) == (None, None)
        account = await UpstreamKey.get(id=key)
        assert (account.priority, account.bound_to) == (0, "provider:openai")
        own = account.base_url, account.v1_prefix, account.provider, account.auth
        assert (*own, account.model_map) == (None,) * 5
        row = await RequestLog.get(id=request)
        assert (row.key_id, row.attempts) == (None, None)
