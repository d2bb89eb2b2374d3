"""Connections to PostgreSQL: bounded for each worker, and what happens where there are fewer."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
import httpx
import pytest

from config import Database
from config.database import LEAST_CONNECTIONS, ConnectionShares, connection_shares
from fake_upstream import FakeUpstream
from migrations import schema
from models.db.database import postgres_address
from tests.chaos.client import Answer, Client
from tests.chaos.conftest import started
from tests.chaos.test_crashes import check_counted
from tests.fixtures.database import run_sql
from tests.fixtures.service import Service

_PATIENCE_S: Final = 60.0
_WORKERS: Final = 2


@pytest.fixture
def bounded(postgres_server: Database) -> Iterator[Database]:
    """A database whose number of connections holds for its user, who is no administrator."""
    name = f"llm_proxy_{uuid4().hex}"
    run_sql(postgres_server, f"CREATE ROLE {name} LOGIN", f"CREATE DATABASE {name} OWNER {name}")
    database = replace(postgres_server, database=name, user=name)
    asyncio.run(schema.upgrade(database))
    yield database
    run_sql(postgres_server, f"DROP DATABASE {name} WITH (FORCE)", f"DROP ROLE {name}")


@asynccontextmanager
async def allowing(server: Database, database: Database, count: int) -> AsyncIterator[None]:
    """The server takes `count` connections to the database meanwhile; the others are cut."""
    other = await asyncpg.connect(**postgres_address(server))
    name = database.database
    try:
        await other.execute(f"ALTER DATABASE {name} CONNECTION LIMIT {count}")
        await other.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        yield
    finally:
        await other.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
        await other.close()


class Watching:
    """How many connections there are at most, as the server sees it."""

    def __init__(self, server: Database, database: Database) -> None:
        self._server = server
        self._name = database.database
        self.most = 0

    async def __aenter__(self) -> "Watching":
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        other = await asyncpg.connect(**postgres_address(self._server))
        try:
            while True:
                count = await other.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = $1", self._name
                )
                self.most = max(self.most, count)
                await asyncio.sleep(0.01)
        finally:
            other.terminate()


async def _everywhere(
    service: Service, clients: dict[int, Client], outcome: tuple[int, str]
) -> list[Answer]:
    """Every worker answers a limited request like this; all answers on the way."""
    answers: list[Answer] = []
    async with asyncio.timeout(_PATIENCE_S):
        for client in clients.values():
            while True:
                answers.append(await client.get())
                if (answers[-1].status, answers[-1].code) == outcome:
                    break
                await asyncio.sleep(0.02)
    return answers


async def _until_ready(service: Service, status: str) -> dict[str, Any]:
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            async with httpx.AsyncClient(timeout=30) as http:
                body: dict[str, Any] = (await http.get(f"{service.url}/ready")).json()
            if body["status"] == status:
                return body
            await asyncio.sleep(0.02)


def test_a_workers_connections_are_divided() -> None:
    assert connection_shares(10, listens=True) == ConnectionShares(5, 4, 1)
    assert connection_shares(LEAST_CONNECTIONS, listens=True) == ConnectionShares(2, 1, 1)
    for total in range(LEAST_CONNECTIONS, 100):
        for listens in (True, False):
            assert sum(connection_shares(total, listens=listens)) == total


async def test_workers_keep_to_their_number_and_do_with_fewer(
    bounded: Database, postgres_server: Database, tmp_path: Path
) -> None:
    each = 5
    environ = {"WEB_CONCURRENCY": str(_WORKERS), "DATABASE_CONNECTIONS": str(each)}
    service = Service(tmp_path, bounded, environ)
    async with FakeUpstream() as up:
        with started(service):
            issued = await service.make_token(up.url, max_requests=10**6, max_parallel_requests=99)
            clients = {}
            for worker in sorted(service.workers()):
                clients[worker] = Client(service, issued.secret)
                with service.only(worker):
                    await clients[worker].get("/health")
            async with Watching(postgres_server, bounded) as watching:
                answers = await _under_load(service, issued.secret, clients)
            assert watching.most <= _WORKERS * each
            assert {answer.status for answer in answers} == {200}

            # As many as two workers need at least, then too few for anything.
            async with allowing(postgres_server, bounded, _WORKERS * 2):
                answers += await _everywhere(service, clients, (200, ""))
            async with allowing(postgres_server, bounded, 0):
                answers += await _everywhere(service, clients, (503, "database_unavailable"))
                await _until_ready(service, "degraded")
            answers += await _everywhere(service, clients, (200, ""))
            body = await _until_ready(service, "ok")
            assert body["checks"]["database"] == "ok"
            await check_counted(service, issued, answers)


async def _under_load(service: Service, secret: str, clients: dict[int, Client]) -> list[Answer]:
    bearer = {"authorization": f"Bearer {service.settings.management_token}"}

    async def ask(client: Client) -> list[Answer]:
        return [await client.get() for _ in range(5)]

    async def look() -> list[Answer]:
        async with httpx.AsyncClient(base_url=service.url, headers=bearer, timeout=60) as http:
            for path in ("/manage/usage", "/manage/requests", "/manage/tokens"):
                assert (await http.get(path)).status_code == 200
        return []

    crowd = [*clients.values(), *(Client(service, secret) for _ in range(20))]
    found = await asyncio.gather(*map(ask, crowd), *(look() for _ in range(8)))
    for client in crowd[len(clients) :]:
        client.close()
    return [answer for answers in found for answer in answers]
