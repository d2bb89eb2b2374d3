"""PostgreSQL goes away under load and comes back, or is not there yet when a service starts."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from config import Database
from config.database import parse_database_url
from fake_upstream import FakeUpstream
from models import RefusalHour
from tests.chaos.client import Answer, Client
from tests.chaos.conftest import PatientService, started
from tests.chaos.test_crashes import check_counted
from tests.fixtures.database import migrated_on
from tests.fixtures.postgres import PostgresServer, running_postgres
from tests.fixtures.service import Issued, Service
from tests.operations.scraping import scrape_until

#: How long it is away; by hand: CHAOS_OUTAGE=30.
_AWAY_S: Final = float(os.environ.get("CHAOS_OUTAGE", "2"))
_PATIENCE_S: Final = 60.0
#: Half of what a patient service waits for whatever it has to wait for.
_NO_WAIT_S: Final = 30.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that may be stopped; the session's is not ours to stop."""
    with running_postgres() as running:
        yield running


@pytest.fixture(scope="module")
def database(server: PostgresServer) -> Database:
    """A migrated database on it."""
    return migrated_on(parse_database_url(server.url), "outage")


class Asking:
    """One client that asks without end; what it was answered, and how long the slowest took."""

    def __init__(self, service: Service, issued: Issued) -> None:
        self._client = Client(service, issued.secret)
        self.answers: list[Answer] = []
        self.over = False
        self.slowest = 0.0

    async def run(self) -> None:
        """Ask until it is over."""
        loop = asyncio.get_running_loop()
        while not self.over:
            began = loop.time()
            self.answers.append(await self._client.post())
            self.slowest = max(self.slowest, loop.time() - began)
            await asyncio.sleep(0.005)

    async def until(self, outcome: tuple[int, str]) -> Answer:
        """Wait for an answer like this that comes from now on."""
        seen = len(self.answers)
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                for answer in self.answers[seen:]:
                    if (answer.status, answer.code) == outcome:
                        return answer
                await asyncio.sleep(0.01)


async def until_ready(service: Service, accept: Callable[[int, dict[str, Any]], bool]) -> None:
    """Wait until `/ready` says so."""
    async with asyncio.timeout(_PATIENCE_S), httpx.AsyncClient(timeout=30) as http:
        while True:
            try:
                answer = await http.get(f"{service.url}/ready")
            except httpx.TransportError:
                # It does not listen yet.
                await asyncio.sleep(0.02)
                continue
            if accept(answer.status_code, answer.json()):
                return
            await asyncio.sleep(0.02)


async def until_refused(service: Service, issued: Issued, count: int) -> None:
    """Wait until so many refusals of the token are counted, and no more."""
    async with asyncio.timeout(_PATIENCE_S), service.models():
        counted = 0
        while counted < count:
            await asyncio.sleep(0.05)
            rows = await RefusalHour.filter(token_id=issued.token.id)
            counted = sum(row.refusals for row in rows)
    assert counted == count > 0


async def test_an_outage_under_load(
    server: PostgresServer, database: Database, up: FakeUpstream, tmp_path: Path
) -> None:
    service = PatientService(tmp_path, database)
    with started(service):
        free = await service.make_token(up.url)
        limited = await service.make_token(up.url, max_requests=10**6, max_parallel_requests=50)
        unseen = await service.make_token(up.url)
        unlimited = [Asking(service, free) for _ in range(5)]
        counted = Asking(service, limited)
        async with asyncio.TaskGroup() as group:
            for asking in (*unlimited, counted):
                group.create_task(asking.run())
                await asking.until((200, ""))

            await asyncio.to_thread(server.stop)
            refused = await counted.until((503, "database_unavailable"))
            await until_ready(service, lambda code, body: (code, body["status"]) == DEGRADED)
            async with Client(service, unseen.secret) as client:
                stranger = await client.get()
            await asyncio.sleep(_AWAY_S)
            before = len(unlimited[0].answers)
            await unlimited[0].until((200, ""))
            await asyncio.to_thread(server.start)

            await counted.until((200, ""))
            await until_ready(service, lambda code, body: (code, body["status"]) == (200, "ok"))
            for asking in (*unlimited, counted):
                asking.over = True
        answers = [answer for asking in unlimited for answer in asking.answers]
        assert Counter(answer.status for answer in answers).keys() == {200}
        assert all(answer.whole for answer in answers)
        assert len(unlimited[0].answers) > before
        assert refused.headers["retry-after"] == stranger.headers["retry-after"] == "1"
        assert (stranger.status, stranger.code) == (503, "database_unavailable")
        assert {answer.status for answer in counted.answers} == {200, 503}
        await check_counted(service, free, answers)
        await check_counted(service, limited, counted.answers)
        # What was refused meanwhile was kept in memory, and is counted once.
        codes = Counter(answer.code for answer in counted.answers)
        await until_refused(service, limited, codes["database_unavailable"])
        # Neither waits for a database that is away.
        assert max(asking.slowest for asking in (*unlimited, counted)) < _NO_WAIT_S


DEGRADED: Final = (200, "degraded")
PENDING: Final = "llm_proxy_journal_pending"


@pytest.mark.parametrize("entries", [0, 1])
async def test_a_stop_while_the_database_hangs(
    server: PostgresServer, database: Database, up: FakeUpstream, tmp_path: Path, entries: int
) -> None:
    """What is in the journal is safe there; and where nothing is, there is nothing to wait for."""
    # With an entry, a database that answers would be waited for all this time.
    timeout = {"GRACEFUL_SHUTDOWN_TIMEOUT": "600" if entries else "30"}
    service = Service(tmp_path, database, timeout)
    with started(service):
        issued = await service.make_token(up.url, max_parallel_requests=5)
        free = await service.make_token(up.url)
        async with (
            Client(service, issued.secret) as limited,
            Client(service, free.secret) as client,
        ):
            assert [(await one.get()).status for one in (limited, client)] == [200, 200]
            # Not only in the database: the worker knows that they are.
            await scrape_until(service, lambda found: not found.total(PENDING))
            await asyncio.to_thread(server.freeze)
            await until_ready(service, lambda code, body: (code, body["status"]) == DEGRADED)
            for _ in range(entries):
                assert (await client.get()).status == 200
        code = await asyncio.to_thread(service.stop)
        await asyncio.to_thread(server.thaw)
        assert (code, "is killed" in service.log) == (0, False)
        assert ("1 entries wait" in service.log) == bool(entries)
    with started(service):
        assert len(await service.entries(free.token.id, 1 + entries)) == 1 + entries


async def test_a_hang_under_load(
    server: PostgresServer, database: Database, up: FakeUpstream, tmp_path: Path
) -> None:
    service = Service(tmp_path, database)
    with started(service):
        free = await service.make_token(up.url)
        limited = await service.make_token(up.url, max_requests=10**6, max_parallel_requests=50)
        unlimited = Asking(service, free)
        crowd = [Asking(service, limited) for _ in range(20)]
        async with asyncio.TaskGroup() as group:
            for asking in (unlimited, *crowd):
                group.create_task(asking.run())
                await asking.until((200, ""))
            await asyncio.to_thread(server.freeze)
            for asking in crowd:
                refused = await asking.until((503, "database_unavailable"))
                assert refused.headers["retry-after"] == "1"
            # No request waits any more: each is refused again and again.
            for _ in range(20):
                await crowd[0].until((503, "database_unavailable"))
            await unlimited.until((200, ""))
            await asyncio.to_thread(server.thaw)
            for asking in crowd:
                await asking.until((200, ""))
            for asking in (unlimited, *crowd):
                asking.over = True
        assert {answer.status for answer in unlimited.answers} == {200}
        await check_counted(service, free, unlimited.answers)
        await check_counted(service, limited, [one for asking in crowd for one in asking.answers])


async def test_a_start_while_the_database_is_away(
    server: PostgresServer, database: Database, up: FakeUpstream, tmp_path: Path
) -> None:
    service = Service(tmp_path, database)
    await asyncio.to_thread(server.stop)
    try:
        service.launch()
        await until_ready(service, lambda code, _: code == 503)
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"{service.url}/health")).status_code == 200
        await asyncio.to_thread(server.start)
        await until_ready(service, lambda code, body: (code, body["status"]) == (200, "ok"))
        issued = await service.make_token(up.url)
        async with Client(service, issued.secret) as client:
            assert (await client.get()).status == 200
        assert service.stop() == 0
    finally:
        service.tear_down()
