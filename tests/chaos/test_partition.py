"""Two machines over one PostgreSQL, of which one vanishes, or the database takes no writes.

The first machine reaches the database by a wire that fails where a test says, the second directly.
Both give up as soon as in life: what is asked is whether they do.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import asyncpg
import httpx
import pytest

from config import Database
from fake_upstream import FakeUpstream
from models.db.database import postgres_address
from models.revocations import Revocation
from models.tokens import Token
from tests.chaos.client import Answer, Client
from tests.chaos.conftest import Databases, started
from tests.chaos.test_crashes import check_counted, until_consumed
from tests.fixtures.database import run_sql
from tests.fixtures.postgres_wire import Fault, PostgresWire, postgres_wire
from tests.fixtures.service import Issued, Service

_PATIENCE_S: Final = 60.0
#: The transaction that counts a batch says this last, with every row that it changes locked.
_END_OF_A_BATCH: Final = b"UPDATE journal_position"


@pytest.fixture(scope="module")
def database(new_database: Databases) -> Database:
    """What both machines share."""
    return new_database("postgres")


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[PostgresWire]:
    """The first machine's way to it."""
    with postgres_wire(database.host, database.port) as wire:
        yield wire


@pytest.fixture(scope="module")
def machines(
    database: Database, wire: PostgresWire, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, Service]]:
    """The far one, and the near one."""
    directory = tmp_path_factory.mktemp("machines")
    far = Service(directory / "far", replace(database, host="127.0.0.1", port=wire.port))
    near = Service(directory / "near", database)
    with started(far, near):
        yield far, near


@asynccontextmanager
async def management(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A client of `/manage`."""
    bearer = {"authorization": f"Bearer {service.settings.management_token}"}
    async with httpx.AsyncClient(base_url=service.url, headers=bearer, timeout=60) as client:
        yield client


async def until(client: Client, status: int, code: str = "") -> list[Answer]:
    """Answers, up to the first one like this."""
    answers = []
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            answers.append(await client.get())
            if (answers[-1].status, answers[-1].code) == (status, code):
                return answers
            await asyncio.sleep(0.02)


async def until_ready(service: Service, **checks: Any) -> None:
    """Wait until `/ready` says so."""
    async with asyncio.timeout(_PATIENCE_S), httpx.AsyncClient(timeout=30) as http:
        while True:
            found = (await http.get(f"{service.url}/ready")).json()["checks"]
            if checks.items() <= found.items():
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def locked(database: Database, statement: str) -> AsyncIterator[None]:
    """Somebody's open transaction."""
    other = await asyncpg.connect(**postgres_address(database))
    try:
        async with other.transaction():
            await other.execute(statement)
            yield
    finally:
        await other.close()


async def test_a_machine_that_vanishes_in_a_batch_holds_up_nobody(
    machines: tuple[Service, Service], database: Database, wire: PostgresWire, up: FakeUpstream
) -> None:
    far, near = machines
    issued = await near.make_token(up.url)
    other = await near.make_token(up.url)
    async with Client(far, issued.secret) as there, Client(near, issued.secret) as here:
        armed = wire.arm(Fault.STALL_BEFORE, _END_OF_A_BATCH)
        answers = await until(there, 200)
        assert await asyncio.to_thread(armed.reached.wait, _PATIENCE_S)
        wire.part()
        try:
            answers += await until(here, 200)
            async with management(near) as manage:
                revoked = await manage.delete(f"/manage/tokens/{issued.token.id}")
                shown = await manage.get(f"/manage/tokens/{issued.token.id}")
            assert (revoked.status_code, shown.json()["status"]) == (204, "revoked")
            assert (await here.get()).code == "token_revoked"
            # The far one's locks go, and this one's entries are counted, as is what it does next.
            await near.entries(issued.token.id, 1)
            async with Client(near, other.secret) as client:
                counted = await until(client, 200)
            await near.entries(other.token.id, 1)
            async with asyncio.timeout(_PATIENCE_S), near.models():
                while await Revocation.exists():
                    await asyncio.sleep(0.05)
                assert (await Token.get(id=issued.token.id)).revoked_at is not None
        finally:
            wire.heal()
        answers += await until(there, 401, "token_revoked")
        await far.entries(issued.token.id, len([one for one in answers if one.status == 200]))
    await check_counted(near, issued, answers)
    await check_counted(near, other, counted)


#: Of whatever transaction comes next: the journal consumer's, a change's, or a heartbeat's.
_COMMIT: Final = b"COMMIT;"


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault.CUT_BEFORE, _COMMIT),
        (Fault.CUT_AFTER, _COMMIT),
        (Fault.HALF_CLOSE, _COMMIT),
        (Fault.CUT_BEFORE, _END_OF_A_BATCH),
        (Fault.CUT_AFTER, _END_OF_A_BATCH),
        (Fault.HALF_CLOSE, _END_OF_A_BATCH),
    ],
)
async def test_a_connection_that_breaks_costs_nothing_and_counts_nothing_twice(
    machines: tuple[Service, Service],
    wire: PostgresWire,
    up: FakeUpstream,
    fault: Fault,
    text: bytes,
) -> None:
    """Before or after the server has heard of it, under the load of several clients."""
    far, _ = machines
    issued = await far.make_token(up.url)
    answers: list[Answer] = []
    over = asyncio.Event()

    async def ask() -> None:
        async with Client(far, issued.secret) as client:
            while not over.is_set():
                answers.append(await client.get())
                await asyncio.sleep(0.005)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(ask())
        for _ in range(4):
            armed = wire.arm(fault, text)
            assert await asyncio.to_thread(armed.reached.wait, _PATIENCE_S)
        over.set()
    assert {answer.status for answer in answers} == {200}
    await check_counted(far, issued, answers)


@pytest.mark.parametrize("fault", [Fault.CUT_BEFORE, Fault.CUT_AFTER])
async def test_no_quota_is_exceeded_where_a_decision_breaks(
    machines: tuple[Service, Service], wire: PostgresWire, up: FakeUpstream, fault: Fault
) -> None:
    """Whether it was decided is unknown: it counts as used, and its slot is free again."""
    far, near = machines
    quota, breaks = 40, 5
    issued = await far.make_token(up.url, max_requests=quota, max_parallel_requests=2)
    answers: list[Answer] = []
    async with Client(far, issued.secret) as client:
        for _ in range(breaks):
            answers += await until(client, 200)
            armed = wire.arm(fault, b"limit_decide")
            answers.append(await client.get())
            assert armed.reached.is_set()
        answers += await until(client, 429, "quota_exceeded")
    async with Client(near, issued.secret) as client:
        answers.append(await client.get())
        assert answers[-1].code == "quota_exceeded"
    served = [answer for answer in answers if answer.status == 200]
    refused = {answer.code for answer in answers if answer.status != 200}
    # A slot that was taken without an answer is free a moment later.
    assert refused <= {"database_unavailable", "quota_exceeded", "rate_limit_exceeded"}
    lost = breaks if fault is Fault.CUT_AFTER else 0
    assert quota - lost <= len(served) <= quota
    await check_counted(far, issued, served)


async def test_a_locked_table_shows_and_what_waited_is_counted_once(
    machines: tuple[Service, Service], database: Database, up: FakeUpstream
) -> None:
    _, near = machines
    issued = await near.make_token(up.url)
    async with Client(near, issued.secret) as client:
        async with locked(database, "LOCK TABLE request_log IN SHARE MODE"):
            answers = await until(client, 200)
            await until_ready(near, database="blocked")
            # Reads, and what is written elsewhere, go on.
            async with management(near) as manage:
                assert (await manage.delete(f"/manage/tokens/{issued.token.id}")).status_code == 204
            assert (await client.get()).code == "token_revoked"
            async with httpx.AsyncClient() as http:
                ready = (await http.get(f"{near.url}/ready")).json()
            assert ready["status"] == "degraded"
            assert ready["checks"]["oldest_entry_seconds"] > 0
        await until_ready(near, database="ok", oldest_entry_seconds=0.0)
    await check_counted(near, issued, answers)


async def test_a_read_only_spell_is_told_and_over_at_once(
    machines: tuple[Service, Service], database: Database, up: FakeUpstream
) -> None:
    """Sessions keep the setting that they began with, so none may outlive the spell."""
    far, near = machines
    limited = await near.make_token(up.url, max_requests=10**6, max_parallel_requests=5)
    free = await near.make_token(up.url)
    elsewhere = replace(database, database="postgres")
    answers: dict[Issued, list[Answer]] = {limited: [], free: []}

    async def spell(value: str) -> None:
        await asyncio.to_thread(
            run_sql,
            elsewhere,
            f"ALTER DATABASE {database.database} {value}",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{database.database}' AND '{value}' LIKE 'SET%'",
        )

    for machine in machines:
        async with Client(machine, limited.secret) as client:
            answers[limited] += await until(client, 200)
    await spell("SET default_transaction_read_only = on")
    try:
        for machine in machines:
            await until_ready(machine, database="read-only")
            async with Client(machine, limited.secret) as client:
                answers[limited] += await until(client, 503, "database_unavailable")
            await _refuses_writes(machine, free)
            async with Client(machine, free.secret) as client:
                answers[free] += await until(client, 200)
    finally:
        await spell("RESET default_transaction_read_only")
    for machine in machines:
        async with Client(machine, limited.secret) as client:
            answers[limited] += await until(client, 200)
        await until_ready(machine, database="ok")
        # The very first write succeeds, whichever connection it comes by.
        async with management(machine) as manage:
            names = [{"name": f"after {number}"} for number in range(5)]
            path = f"/manage/tokens/{free.token.id}"
            changed = await asyncio.gather(*(manage.patch(path, json=name) for name in names))
        assert [answer.status_code for answer in changed] == [200] * 5
        await until_ready(machine, oldest_entry_seconds=0.0)
    await until_consumed(far)
    for issued, seen in answers.items():
        await check_counted(near, issued, seen)


async def _refuses_writes(machine: Service, issued: Issued) -> None:
    token = f"/manage/tokens/{issued.token.id}"
    project = f"/manage/projects/{issued.project.id}"
    async with management(machine) as manage:
        refused = [
            await manage.patch(token, json={"name": "new"}),
            await manage.delete(token),
            await manage.post(f"{token}/rotate", json={}),
            await manage.post("/manage/tokens", json={"project_id": str(issued.project.id)}),
            await manage.post(f"{project}/tokens/revoke", json={}),
            await manage.delete(project),
        ]
        shown = await manage.get(token)
    found = {(answer.status_code, answer.json()["error"]["code"]) for answer in refused}
    assert found == {(503, "database_unavailable")}
    assert (shown.status_code, shown.json()["status"]) == (200, "active")
    assert "Traceback" not in machine.log
