"""Listening to other machines' changes, on a connection that others may need more."""

import asyncio

import asyncpg
import pytest

from config import Database
from models import generation
from models.db import listening
from models.db.database import postgres_address
from models.db.listening import Listener


async def _until_listening(session: asyncpg.Connection, count: int) -> None:
    async with asyncio.timeout(60):
        while count != await session.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'llm-proxy listener'"
        ):
            await asyncio.sleep(0.01)


async def test_it_gives_its_connection_up_for_a_while(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await asyncpg.connect(**postgres_address(postgres_database))
    heard = asyncio.Event()
    listener = Listener(postgres_database, generation.NOTIFY_CHANNEL, heard.set)
    # Nothing to give up yet, and nothing to be remembered.
    listener.step_aside()
    listener.open()
    await asyncio.wait_for(heard.wait(), 60)
    monkeypatch.setattr(listening, "_ASIDE_S", 3600.0)
    listener.step_aside()
    await _until_listening(session, 0)
    await listener.close()

    heard.clear()
    monkeypatch.setattr(listening, "_ASIDE_S", 0.01)
    listener = Listener(postgres_database, generation.NOTIFY_CHANNEL, heard.set)
    listener.open()
    await asyncio.wait_for(heard.wait(), 60)
    heard.clear()
    listener.step_aside()
    # It is back, and what was said meanwhile is looked for.
    await asyncio.wait_for(heard.wait(), 60)
    await _until_listening(session, 1)
    await listener.close()
    await session.close()
