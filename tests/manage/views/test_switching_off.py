"""What ends access is done whatever others hold of the database's tables."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from config import Database
from models.db.database import postgres_address
from tests.manage.conftest import Make

#: Of how tokens and keys stand, and of what was used: a revocation concerns none of it.
_BESIDE = "key_state, key_rest, exhausted, request_log, usage_hour, heartbeat"


@pytest.fixture
async def held(connected: Database) -> AsyncIterator[asyncpg.Connection]:
    """Another session, which may hold tables until the test is over."""
    other = await asyncpg.connect(**postgres_address(connected))
    try:
        yield other
    finally:
        await other.close()


# SQLite has one lock for all.
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.parametrize("what", ["token", "tokens", "project", "key"])
async def test_it_waits_for_no_table_that_it_does_not_concern(
    client: httpx.AsyncClient, make_token: Make, held: asyncpg.Connection, what: str
) -> None:
    token = await make_token()
    project = f"/manage/projects/{token['project_id']}"
    key = (await client.get(project)).json()["keys"][0]["id"]
    method, path = {
        "token": ("DELETE", f"/manage/tokens/{token['id']}"),
        "tokens": ("POST", f"{project}/tokens/revoke"),
        "project": ("DELETE", project),
        "key": ("DELETE", f"{project}/keys/{key}"),
    }[what]
    async with held.transaction():
        await held.execute(f"LOCK TABLE {_BESIDE} IN ACCESS EXCLUSIVE MODE")
        answer = await client.request(method, path)
    assert answer.is_success, answer.text
    row = (await client.get(f"/manage/tokens/{token['id']}")).json()
    assert row["status"] == ("no_upstream_key" if what == "key" else "revoked")
