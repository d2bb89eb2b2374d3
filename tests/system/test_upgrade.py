"""The release before this one, running while its database is migrated, and then relieved.

Everything is asked of the services from outside: the older one may know other models.
"""

import asyncio
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from config import Database
from fake_upstream import FakeUpstream, expected_text
from migrations import schema
from models.db.conditions import written
from models.db.database import connection, open_database
from tests.chaos import patient
from tests.chaos.client import CHAT, STREAM, Answer, Client
from tests.chaos.conftest import PatientService
from tests.fixtures.service import GIVEN, UPSTREAM_KEY, RunService, Service
from tests.system.release import export, previous
from tests.system.streams import HOLD, text_of

OPERATOR: Final = {"authorization": f"Bearer {GIVEN['MANAGEMENT_TOKEN']}"}
#: Requests of a limited token in each of three phases.
EACH: Final = 10
#: Answers to wait for, so that there is load on both sides of an event.
SOME: Final = 60
#: From an answer to the same client's next question.
_BETWEEN_S: Final = 0.05


class Load:
    """Clients and an operator that ask again and again, and what they were answered."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.changes = 0
        self._over = False
        self._came = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def more(self) -> None:
        """Wait for some more answers of each kind."""
        answers, changes = len(self.answers) + SOME, self.changes + 1
        while len(self.answers) < answers or self.changes < changes:
            self._came.clear()
            await self._came.wait()

    async def ask(self, service: Service, secret: str) -> None:
        async with Client(service, secret) as client:
            while not self._over:
                self.answers.append(await client.post())
                self._came.set()
                # Or the clients, and not the releases that start meanwhile, have the cores.
                await asyncio.sleep(_BETWEEN_S)

    async def operate(self, service: Service, project: str) -> None:
        """Make, find, change, count and revoke a token, again and again."""
        async with management(service) as http:
            while not self._over:
                token = await made(http, "tokens", project_id=project, name="of the operator")
                path = f"/manage/tokens/{token['id']}"
                for answer in (
                    await http.get("/manage/tokens", params={"q": "operator", "limit": 5}),
                    await http.patch(path, json={"name": "renamed"}),
                    await http.get("/manage/usage", params={"project_id": project}),
                    await http.get("/manage/requests", params={"project_id": project}),
                    await http.delete(path),
                ):
                    assert answer.is_success, answer.text
                self.changes += 1
                self._came.set()
                await asyncio.sleep(_BETWEEN_S)

    async def end(self) -> None:
        """Let everybody finish what they are at, and wait until they have."""
        self._over = True
        await asyncio.wait(self.tasks)


@asynccontextmanager
async def load(service: Service, project: str, *secrets: str) -> AsyncIterator[Load]:
    """While this lasts, each of the secrets is used twice at once."""
    running = Load()
    async with asyncio.TaskGroup() as tasks:
        for secret in (*secrets, *secrets):
            running.tasks.append(tasks.create_task(running.ask(service, secret)))
        running.tasks.append(tasks.create_task(running.operate(service, project)))
        yield running
        await running.end()


@asynccontextmanager
async def management(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """The operator's client."""
    async with httpx.AsyncClient(base_url=service.url, headers=OPERATOR, timeout=30) as http:
        yield http


async def made(http: httpx.AsyncClient, noun: str, **fields: object) -> dict[str, Any]:
    """Something new."""
    answer = await http.post(f"/manage/{noun}", json=fields)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def use(service: Service, secret: str, times: int) -> list[Answer]:
    """One request after another."""
    async with Client(service, secret) as client:
        return [await client.post() for _ in range(times)]


async def recorded(service: Service, wanted: int) -> list[UUID]:
    """The ids of the requests that were forwarded, once there are so many; all of them."""
    async with management(service) as http, asyncio.timeout(60):
        while True:
            usage = (await http.get("/manage/usage")).json()["data"]
            if usage and usage[0]["requests"] >= wanted:
                break
            await asyncio.sleep(0.05)
        found: list[UUID] = []
        query: dict[str, Any] = {"limit": 200}
        while "cursor" not in query or query["cursor"]:
            page = (await http.get("/manage/requests", params=query)).json()
            found += [UUID(row["id"]) for row in page["data"]]
            query["cursor"] = page["next_cursor"]
    assert usage[0]["requests"] == len(found)
    return found


async def command(service: Service, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run this service's release's `llm-proxy`."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "cli", *arguments],
        cwd=service.directory,
        env=service.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Where the release before this one is, as a backend sees it: made and compiled once."""

    @cache
    def exported(commit: str) -> Path:
        release = tmp_path_factory.mktemp("release")
        export(commit, release)
        # What it would give up on a machine that stands still is in its history, not to be mended.
        shutil.copy(patient.__file__, release / "tests" / "chaos")
        return release

    return lambda dialect: exported(previous(dialect))


@pytest.fixture
def workers() -> str:
    """How many each release has."""
    return "1"


@pytest.fixture
async def old(
    run_service: RunService,
    empty_database: Database,
    releases: Callable[[str], Path],
    workers: str,
) -> Service:
    """Not started; its database has its schema, and its data directory is its own."""
    release = releases(empty_database.dialect)
    service = run_service(
        empty_database,
        start=False,
        kind=PatientService,
        WEB_CONCURRENCY=workers,
        # Its stream goes on for as long as the test takes.
        GRACEFUL_SHUTDOWN_TIMEOUT="100",
        # Before the installed project, which is this release; for its workers, too.
        PYTHONPATH=str(release),
        # Compiled by the first of its processes, and not by each of them.
        PYTHONDONTWRITEBYTECODE="",
        **GIVEN,
    )
    assert (await command(service, "migrate")).returncode == 0
    assert (await schema.state(service.database)).standing == "behind"
    return service


@pytest.fixture
def new(run_service: RunService, old: Service, workers: str) -> Service:
    """Not started; on the same database, as the platform or the machine would start it."""
    service = run_service(
        old.database, start=False, kind=PatientService, WEB_CONCURRENCY=workers, **GIVEN
    )
    if old.database.dialect == "sqlite":
        service.data_dir = old.data_dir
    return service


@pytest.mark.parametrize("workers", ["2"])
async def test_old_release_works_through_a_migration_and_is_relieved(
    old: Service, new: Service, up: FakeUpstream
) -> None:
    old.start()
    async with management(old) as http:
        project = await made(http, "projects", name="docs", api_key=UPSTREAM_KEY, base_url=up.url)
        mine = {"project_id": project["id"]}
        free = (await made(http, "tokens", **mine))["token"]
        rated = (await made(http, "tokens", **mine, requests_per_minute=10**6))["token"]
        limited = (await made(http, "tokens", **mine, max_requests=3 * EACH))["token"]

    bearer = {"authorization": f"Bearer {free}"}
    async with (
        httpx.AsyncClient(base_url=old.url, headers=bearer, timeout=60) as http,
        http.stream("POST", CHAT, json=STREAM, headers=HOLD) as stream,
    ):
        async with load(old, project["id"], free, rated) as before:
            spent = await use(old, limited, EACH)
            await before.more()
            migrated = await command(new, "migrate")
            assert migrated.returncode == 0, migrated.stderr
            assert (await schema.state(new.database)).standing == "current"
            await before.more()
            spent += await use(old, limited, EACH)
            # Both serve while the platform turns its router over.
            await asyncio.to_thread(new.start)
            async with load(new, project["id"], free, rated) as after:
                await asyncio.gather(before.more(), after.more())
                # What came to a worker that drains already would be told to go elsewhere.
                await before.end()
                old.send(signal.SIGTERM)
                await after.more()
                spent += await use(new, limited, EACH)
                (refused,) = await use(new, limited, 1)
        up.release()
        text = text_of(await stream.aread())

    assert text == expected_text(STREAM)
    assert await asyncio.to_thread(old.wait) == 0, old.log
    assert refused.code == "quota_exceeded"
    answers = [*before.answers, *after.answers, *spent]
    assert {(answer.status, answer.whole) for answer in answers} == {(200, True)}
    ids = [answer.id for answer in answers] + [UUID(stream.headers["x-llm-proxy-request-id"])]
    found = await recorded(new, len(ids))
    assert len(found) == len(ids)
    assert set(found) == set(ids)
    for service in (old, new):
        assert "Traceback" not in service.log
    assert new.stop() == 0


async def test_serve_takes_what_was_expanded_and_refuses_what_is_behind_or_contracted(
    old: Service, new: Service
) -> None:
    if old.database.dialect == "postgres":
        assert "llm-proxy migrate" in refused(new)
        assert (await command(new, "migrate")).returncode == 0
    else:
        new.start()
        assert new.stop() == 0
    assert (await schema.state(new.database)).standing == "current"

    old.start()
    assert old.stop() == 0

    await claim_applied(old.database, "99_20990101000000_contract_tokens.py")
    assert "99_20990101000000_contract_tokens.py" in refused(old)


def refused(service: Service) -> str:
    """What a service says last that exits with 2."""
    service.launch()
    assert service.wait() == 2, service.log
    return service.log.splitlines()[-1]


async def claim_applied(database: Database, name: str) -> None:
    """What a release that is newer still would leave behind."""
    async with open_database(database):
        await connection().execute_query(
            written("INSERT INTO aerich (version, app, content) VALUES ({}, {}, {})"),
            [name, database.dialect, "{}"],
        )
