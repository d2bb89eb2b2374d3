"""A grant is of one moment, however its rows change while they are read."""

import asyncio

import asyncpg
import pytest

from config import Database
from models import secrets
from models.db.database import postgres_address
from models.grants import load_grant
from models.tokens import Token
from tests.models.rows import BY, RING, a_project

_WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'upstream_key'::regclass"
_MOVE = """
UPDATE project SET base_url = 'https://new.example';
UPDATE upstream_key SET bound_to = 'https://new.example:443';
"""


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_keys_and_address_are_of_one_moment(connected: Database) -> None:
    """Else a key that came with a new address could be sent to the old one."""
    project = await a_project(base_url="https://old.example")
    _, secret = await Token.issue(project, by=BY)
    other = await asyncpg.connect(**postgres_address(connected))
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE upstream_key IN ACCESS EXCLUSIVE MODE")
            loading = asyncio.create_task(load_grant(secrets.digest(secret), RING))
            # It has read the project by now, and waits for the keys.
            while not await other.fetchval(_WAITS):
                await asyncio.sleep(0.01)
            await other.execute(_MOVE)
        grant = await loading
    finally:
        await other.close()
    assert grant is not None
    (key,) = grant.keys
    assert (grant.base_url, key.bound_to) == ("https://new.example", "https://new.example:443")
