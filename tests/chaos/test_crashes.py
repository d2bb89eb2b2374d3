"""Everything killed under load, and started again: no answer without its entry, no slot lost."""

import asyncio
import os
import signal
import sqlite3
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final

from config import Database
from fake_upstream import FakeUpstream
from models import Token
from models.journal_position import JournalPosition
from models.request_log import RequestLog
from models.usage import UsageHour
from proxy.journal.files import SUFFIX
from tests.chaos.client import STREAM, Answer, Client, streaming
from tests.chaos.conftest import PatientService, started
from tests.fixtures.processes import kill, processes
from tests.fixtures.service import Issued, Service

_CLIENTS: Final = 20
_BETWEEN_KILLS: Final = 200
_PATIENCE_S: Final = 60.0


class Load:
    """Clients that ask until they are stopped, whatever they are answered."""

    def __init__(self, service: Service, issued: Issued) -> None:
        self._service = service
        self._issued = issued
        self._tasks: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()
        self.answers: list[Answer] = []

    async def __aenter__(self) -> "Load":
        self._tasks = [asyncio.create_task(self._client(n)) for n in range(_CLIENTS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)

    async def some(self, count: int = _BETWEEN_KILLS) -> None:
        """Return when so many more have been answered in full."""
        goal = self.whole + count
        async with asyncio.timeout(_PATIENCE_S):
            while self.whole < goal:
                await asyncio.sleep(0.01)

    @property
    def whole(self) -> int:
        """How many answers were whole."""
        return sum(answer.whole for answer in self.answers)

    async def _client(self, number: int) -> None:
        async with Client(self._service, self._issued.secret) as client:
            while not self._stop.is_set():
                answer = await (client.post(STREAM) if number % 2 else client.post())
                self.answers.append(answer)
                if not answer.status:
                    await asyncio.sleep(0.02)


async def check_counted(service: Service, issued: Issued, answers: list[Answer]) -> None:
    """Each answer that was seen whole has its one entry; nothing else was made up or doubled."""
    whole = {answer.id for answer in answers if answer.status == 200 and answer.whole}
    await until_consumed(service)
    async with service.models():
        logged = await RequestLog.filter(token_id=issued.token.id)
        token = await Token.get(id=issued.token.id)
        hours = await UsageHour.filter(token_id=token.id).values_list("requests", flat=True)
    rows = {row.id for row in logged}
    assert whole <= rows
    # Those that are recorded and were not seen whole died between their entry and its last byte.
    broken = {answer.id for answer in answers if answer.headers and not answer.whole}
    assert len(rows - whole) <= len(broken) + sum(answer.status == 0 for answer in answers)
    # An entry that was counted twice would show in the sums.
    assert sum(hours) == len(rows)  # type: ignore[arg-type]
    # A client that left before anything went upstream did not use the token.
    unanswered = sum(row.ttfb_us is None for row in logged)
    assert len(rows) - unanswered <= token.request_count <= len(rows)


def journals(service: Service) -> dict[str, int]:
    """How much stands in each."""
    sizes = {}
    for path in (service.data_dir / "journal").glob("*" + SUFFIX):
        # One that is consumed is removed at any moment.
        with suppress(FileNotFoundError):
            sizes[path.name.removesuffix(SUFFIX)] = path.stat().st_size
    return sizes


async def until_consumed(service: Service) -> None:
    """Wait until every line of every journal is counted."""
    async with asyncio.timeout(_PATIENCE_S), service.models():
        while True:
            sizes = journals(service)
            known = dict(await JournalPosition.all().values_list("journal_id", "position"))
            if all(known.get(name, 0) == size for name, size in sizes.items()):
                return
            await asyncio.sleep(0.05)


async def test_everything_is_killed_under_load(
    database: Database, up: FakeUpstream, tmp_path: Path
) -> None:
    environ = {"WEB_CONCURRENCY": "2"}
    service = PatientService(tmp_path, database, environ)
    with started(service):
        issued = await service.make_token(
            up.url,
            max_requests=10**6,
            max_parallel_requests=_CLIENTS,
            project={"max_parallel_requests": _CLIENTS},
        )
        async with Load(service, issued) as load:
            await load.some()
            os.kill(max(service.workers()), signal.SIGKILL)
            await load.some()
            # All of them, the supervisor first, so that it starts no other.
            workers = service.children()
            service.send(signal.SIGKILL)
            for worker in workers:
                kill(worker)
            await asyncio.to_thread(service.wait)
    successor = PatientService(tmp_path, database, environ)
    with started(successor):
        await check_counted(successor, issued, load.answers)
        await check_slots(successor, issued)


async def check_slots(service: Service, issued: Issued) -> None:
    """Every slot is free: as many streams as there are slots may run, and not one more."""
    async with AsyncExitStack() as streams:
        for _ in range(_CLIENTS):
            await streams.enter_async_context(streaming(service, issued))
        async with Client(service, issued.secret) as client:
            assert (await client.post()).code == "rate_limit_exceeded"


async def test_a_journal_cut_by_a_power_failure(
    sqlite_database: Database, up: FakeUpstream, tmp_path: Path
) -> None:
    """What the disk had not synced is gone, half a line included; all before it counts, once."""
    service = Service(tmp_path / "service", sqlite_database)
    database = sqlite3.connect(sqlite_database.path, timeout=_PATIENCE_S, isolation_level=None)
    with started(service):
        issued = await service.make_token(up.url)
        (worker,) = service.workers()
        async with Client(service, issued.secret) as client:
            first = await client.get()
            await service.entries(issued.token.id, 1)
            # Nothing leaves the journal from here on.
            database.execute("BEGIN IMMEDIATE")
            answers = [await client.get() for _ in range(10)]
        service.send(signal.SIGKILL)
        kill(worker)
        await asyncio.to_thread(service.wait)
        async with asyncio.timeout(_PATIENCE_S):
            while worker in processes():
                await asyncio.sleep(0.01)
    database.execute("ROLLBACK")
    (journal,) = (service.data_dir / "journal").glob("*" + SUFFIX)
    os.truncate(journal, journal.stat().st_size - 20)

    with started(service):
        rows = await service.entries(issued.token.id, 10)
        await until_consumed(service)
        assert [row.id for row in rows] == [first.id, *(answer.id for answer in answers[:-1])]
        assert "is damaged at byte" in service.log
        (aside,) = (service.data_dir / "journal").glob("*.damaged")
        assert str(answers[-1].id) in aside.read_text()
