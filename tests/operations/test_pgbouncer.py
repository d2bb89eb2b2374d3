"""Everything works through PgBouncer, which hands sessions on from transaction to transaction."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import pytest

from config import Database
from fake_upstream import FakeUpstream
from migrations import schema
from models.db.database import connection, open_database, postgres_address, run_in_transaction
from tests.chaos.client import Client
from tests.chaos.conftest import started
from tests.chaos.test_crashes import check_counted
from tests.fixtures.database import database_url
from tests.fixtures.service import Service
from tests.operations.pgbouncer import pgbouncer

# PgBouncer may have to be fetched.
pytestmark = pytest.mark.timeout(400)

#: Fewer than the workers open, so that each transaction gets whichever is free.
_SIZE: Final = 3
_CLIENTS: Final = 12


@pytest.fixture(params=["transaction", "session"])
def pooled(request: pytest.FixtureRequest, empty_postgres_database: Database) -> Iterator[Database]:
    """An empty database behind it. In session mode each connection of ours is one of its own."""
    size = _SIZE if request.param == "transaction" else 40
    with pgbouncer(empty_postgres_database, request.param, size=size) as database:
        yield database


async def test_migrations_limits_counting_and_changes(
    pooled: Database, empty_postgres_database: Database, tmp_path: Path
) -> None:
    applied = await asyncio.gather(*(schema.upgrade(pooled) for _ in range(2)))
    assert min(map(len, applied)) == 0
    assert (await schema.state(pooled)).standing == "current"
    direct = {"DATABASE_LISTEN_URL": database_url(empty_postgres_database)}
    machines = [
        Service(tmp_path / "first", pooled, {"WEB_CONCURRENCY": "2"}),
        Service(tmp_path / "second", pooled, direct),
    ]
    async with FakeUpstream() as up:
        with started(*machines):
            first, second = machines
            issued = await first.make_token(
                up.url, max_requests=10 * _CLIENTS, max_parallel_requests=_CLIENTS
            )
            clients = [Client(machines[n % 2], issued.secret) for n in range(_CLIENTS)]

            async def ask(client: Client, times: int) -> list[Any]:
                return [await client.post() for _ in range(times)]

            async with asyncio.timeout(100):
                found = await asyncio.gather(*(ask(client, 12) for client in clients))
            answers = [answer for those in found for answer in those]
            statuses = Counter(answer.status for answer in answers)
            assert statuses == {200: 10 * _CLIENTS, 429: 2 * _CLIENTS}
            assert {answer.code for answer in answers} == {"", "quota_exceeded"}

            bearer = {"authorization": f"Bearer {first.settings.management_token}"}
            async with httpx.AsyncClient(base_url=first.url, headers=bearer, timeout=60) as manage:
                path = f"/manage/tokens/{issued.token.id}"
                assert (await manage.patch(path, json={"max_requests": None})).status_code == 200
                assert (await manage.delete(path)).status_code == 204
                usage = await manage.get("/manage/usage", params={"token_id": str(issued.token.id)})
                assert usage.status_code == 200
            for client in clients:
                async with asyncio.timeout(60):
                    while (await client.get()).code != "token_revoked":
                        await asyncio.sleep(0.01)
                client.close()
            async with httpx.AsyncClient(timeout=30) as http:
                ready = [(await http.get(f"{one.url}/ready")).json()["status"] for one in machines]
            assert ready == ["ok", "ok"]
            assert await _listeners(empty_postgres_database) == 1
            assert [await asyncio.to_thread(one.stop) for one in machines] == [0, 0]
            assert "Traceback" not in first.log + second.log
        await check_counted(first, issued, [one for one in answers if one.status == 200])
    await _nothing_was_left_in_a_session(pooled)


async def _listeners(database: Database) -> int:
    other = await asyncpg.connect(**postgres_address(database))
    try:
        return int(
            await other.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name = 'llm-proxy listener'"
            )
        )
    finally:
        await other.close()


async def _nothing_was_left_in_a_session(pooled: Database) -> None:
    """The next client gets them with the server's settings; our own transactions stay bounded."""
    settings = "SELECT current_setting('lock_timeout'), count(*) FROM pg_prepared_statements"

    async def found() -> list[Any]:
        rows = await connection().execute_query_dict(settings)
        return [list(row.values()) for row in rows]

    async with open_database(pooled):
        seen = await asyncio.gather(*(found() for _ in range(_SIZE)))
        assert seen == [[["0", 0]]] * _SIZE
        assert await run_in_transaction(found) == [["8s", 0]]
