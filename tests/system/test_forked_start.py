"""Most tests' services are forked from a process that has loaded everything (`fixtures/forked.py`).

They are what the command would have started, which is told here of both.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import Database
from fake_upstream import FakeUpstream
from tests.admin.conftest import browsing
from tests.chaos.client import Client
from tests.fixtures.forked import Forked, has_pidfds
from tests.fixtures.processes import processes
from tests.fixtures.service import Service

pytestmark = pytest.mark.skipif(not has_pidfds(), reason="nothing is forked here")


@pytest.fixture
def service(sqlite_database: Database, tmp_path: Path, forked: bool) -> Iterator[Service]:
    """Two workers, and a setting from a file in their directory."""
    made = Service(tmp_path / "service", sqlite_database, {"WEB_CONCURRENCY": "2"}, forked=forked)
    (made.directory / ".env").write_text("LOG_FORMAT=text\n")
    yield made
    made.tear_down()


@pytest.mark.parametrize("forked", [False, True], ids=["command", "forked"])
async def test_a_life(service: Service, forked: bool) -> None:
    """From start to SIGTERM, with a worker that dies."""
    service.start()
    measured = any(name.startswith("COVERAGE_") for name in os.environ)
    assert type(service._process) is (Forked if forked and not measured else subprocess.Popen)
    _check_processes(service)
    # Of the other settings, which are in its environment, these tests would fail without any.
    assert not service.log.startswith("{")

    first, second = service.workers()
    os.kill(first, signal.SIGKILL)

    async with asyncio.timeout(60):
        while len(workers := service.workers()) < 2 or first in workers:
            await asyncio.sleep(0.02)
    assert second in workers
    assert "worker exited with signal SIGKILL; starting a replacement" in service.log
    _check_processes(service)
    async with FakeUpstream() as up:
        issued = await service.make_token(up.url)
        async with Client(service, issued.secret) as client:
            assert (await client.post()).status == 200
    # For which both the supervisor, with the first administrator, and a worker have threads.
    async with browsing(service.url) as browser:
        await browser.sign_in("admin", (service.data_dir / "admin-password").read_text().strip())
    assert await asyncio.to_thread(service.stop) == 0
    # One worker that drained, and the one that took the place of the other.
    assert service.log.count("draining: ") == 2
    assert not processes().keys() & {service.pid, *workers}


def _check_processes(service: Service) -> None:
    """Each has what it was given, and no socket of another one but that for clients."""
    workers = service.workers()
    sockets = []
    for pid in (service.pid, *workers):
        of = Path(f"/proc/{pid}")
        assert os.getsid(pid) == os.getpgid(pid) == pid
        assert (of / "cwd").readlink() == service.directory
        assert (of / "fd/0").readlink() == Path(os.devnull)
        assert (of / "fd/1").readlink() == (of / "fd/2").readlink() == service.output
        sockets.append(_sockets(pid))
    assert {processes()[pid].parent for pid in workers} == {service.pid}
    assert len(sockets) == 3
    assert len(set.intersection(*sockets)) == 1
    assert sum(map(len, sockets)) == len(set.union(*sockets)) + 2


# What other tests here show of the command


@pytest.mark.parametrize("forked", [True])
async def test_workers_end_with_their_supervisor(service: Service) -> None:
    service.start()
    workers = service.workers()

    service.send(signal.SIGKILL)

    assert await asyncio.to_thread(service.wait) == -signal.SIGKILL
    async with asyncio.timeout(60):
        while processes().keys() & workers:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("forked", [True])
def test_exit_code_of_a_start_that_fails(service: Service) -> None:
    with (service.directory / ".env").open("a") as file:
        file.write("TRUSTED_PROXIES=everywhere\n")
    service.launch()

    assert service.wait() == 2
    assert service.log.startswith("TRUSTED_PROXIES: ")


def _sockets(pid: int) -> set[str]:
    links = [path.readlink().name for path in Path(f"/proc/{pid}/fd").iterdir()]
    return {link for link in links if link.startswith("socket:")}
