"""A disk that takes nothing any more: it is said, requests go on as far as they can be recorded."""

import resource
from pathlib import Path
from typing import Any, Final

from config import Database
from fake_upstream import FakeUpstream
from tests.chaos.client import Client
from tests.chaos.conftest import ChaosService, started
from tests.chaos.test_crashes import check_counted
from tests.chaos.test_outage import until_ready

#: Room for some 20 entries of these requests.
_BOUND_BYTES: Final = 20 * 300


class FullDisk:
    """Lets a running process write no more into its files, by a limit on their size."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def fill(self) -> None:
        """From now on nothing more fits into the journal; the log is already longer."""
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def clear(self) -> None:
        """There is room again."""
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, unlimited)


def standing(code: int, status: str, journal: str) -> Any:
    """Whether `/ready` says so."""

    def accept(seen: int, body: dict[str, Any]) -> bool:
        return (seen, body["status"], body["checks"]["journal"]) == (code, status, journal)

    return accept


async def test_a_full_disk(postgres_database: Database, up: FakeUpstream, tmp_path: Path) -> None:
    # One worker, whose memory has room for few entries; its database is on another disk.
    service = ChaosService(
        tmp_path / "service", postgres_database, {"CHAOS_KEPT_MAX_BYTES": str(_BOUND_BYTES)}
    )
    with started(service):
        issued = await service.make_token(up.url)
        (worker,) = service.workers()
        disk = FullDisk(worker)
        async with Client(service, issued.secret) as client:
            answers = [await client.get()]
            disk.fill()
            # Requests go on, and their entries are kept in memory.
            answers += [await client.get() for _ in range(10)]
            await until_ready(service, standing(200, "degraded", "degraded"))
            disk.clear()
            await until_ready(service, standing(200, "ok", "ok"))

            disk.fill()
            # What could not be recorded is not let in.
            while (refused := await client.get()).status == 200:
                answers.append(refused)
            await until_ready(service, standing(503, "degraded", "full"))
            assert (refused.status, refused.code) == (503, "overloaded")
            assert (await client.get("/health")).status == 200
            disk.clear()
            await until_ready(service, standing(200, "ok", "ok"))

            answers.append(await client.get())
        assert {answer.status for answer in answers} == {200}
        await check_counted(service, issued, answers)
        assert service.workers() == {worker}
        assert service.stop() == 0
