"""Two machines behind a real nginx are restarted one after the other, and no request fails."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import pytest

from config import Database
from fake_upstream import FakeUpstream
from tests.chaos.client import Answer, Client, streaming
from tests.chaos.conftest import started
from tests.chaos.test_crashes import check_counted, until_consumed
from tests.fixtures.processes import free_port
from tests.fixtures.service import Issued, Service
from tests.operations.nginx import nginx_before_machines

# nginx may have to be fetched.
pytestmark = pytest.mark.timeout(400)

_CLIENTS: Final = 8
_PATIENCE_S: Final = 60.0


class Router(NamedTuple):
    """nginx, as a client knows it."""

    port: int


@asynccontextmanager
async def load(router: Router, issued: Issued) -> AsyncIterator[list[Answer]]:
    """Clients that ask without end, each on one connection, until the block ends."""
    answers: list[Answer] = []
    over = asyncio.Event()

    async def ask() -> None:
        async with Client(router, issued.secret) as client:
            while not over.is_set():
                answers.append(await client.post())
                # Or the clients, and not what starts meanwhile, have the cores.
                await asyncio.sleep(0.005)

    async with asyncio.TaskGroup() as group:
        for _ in range(_CLIENTS):
            group.create_task(ask())
        try:
            yield answers
        finally:
            over.set()


async def _more(answers: list[Answer], count: int) -> None:
    """Wait until so many more have come."""
    wanted = len(answers) + count
    async with asyncio.timeout(_PATIENCE_S):
        while len(answers) < wanted:
            await asyncio.sleep(0.01)


async def test_no_request_fails_while_two_machines_are_restarted_in_turn(
    postgres_database: Database, tmp_path: Path
) -> None:
    machines = [
        Service(
            tmp_path / name,
            postgres_database,
            {"PORT": str(free_port()), "SHUTDOWN_DELAY": "0.5", "TRUSTED_PROXIES": "127.0.0.1/32"},
            # The first one by its command.
            forked=name == "second",
        )
        for name in ("first", "second")
    ]
    async with FakeUpstream() as up:
        with (
            started(*machines),
            nginx_before_machines(tmp_path / "nginx", *(one.port for one in machines)) as port,
        ):
            issued = await machines[0].make_token(up.url, max_requests=10**6)
            async with load(Router(port), issued) as answers:
                for machine in machines:
                    await _more(answers, 5 * _CLIENTS)
                    assert await asyncio.to_thread(machine.stop) == 0
                    await _more(answers, 5 * _CLIENTS)
                    await asyncio.to_thread(machine.start)
                await _more(answers, 5 * _CLIENTS)
            assert Counter((answer.status, answer.whole) for answer in answers) == {
                (200, True): len(answers)
            }
            await until_consumed(machines[1])
            await check_counted(machines[0], issued, answers)


async def test_requests_are_served_for_a_while_after_ready_says_draining(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """More than that is refused, by a process that waits for what runs."""
    service = Service(tmp_path, sqlite_database, {"SHUTDOWN_DELAY": "1.5"})
    async with FakeUpstream() as up, httpx.AsyncClient(base_url=service.url, timeout=30) as http:
        with started(service):
            issued = await service.make_token(up.url)
            async with streaming(service, issued) as running, Client(service, issued.secret) as one:
                service.send(signal.SIGTERM)
                while (ready := await http.get(f"{service.url}/ready")).status_code == 200:
                    await asyncio.sleep(0.01)
                assert ready.json()["checks"]["draining"] is True
                async with Client(service, issued.secret) as new:
                    # On a connection that was there, and on one that was not.
                    served = [await one.get(), await new.get()]
                    assert [answer.status for answer in served] == [200, 200]
                    assert "connection" not in served[0].headers
                    async with asyncio.timeout(_PATIENCE_S):
                        while (refused := await one.get()).status == 200:
                            await asyncio.sleep(0.02)
                assert (refused.status, refused.code) == (503, "shutting_down")
                up.release()
                assert await running.whole()
                assert await asyncio.to_thread(service.wait) == 0
