"""One test for each row of the table in docs/reliability.md: a worker dies there, by SIGKILL."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from config import Database
from fake_upstream import FakeUpstream
from models import Token
from models.request_log import RequestLog
from models.usage import UsageHour
from tests.chaos.budgets import hold_of_a_chat, spent_and_held, with_budget
from tests.chaos.client import CHAT, STREAM, Client, streaming
from tests.chaos.conftest import ChaosService, Databases, started
from tests.chaos.test_crashes import journals
from tests.fixtures.processes import free_port, processes
from tests.fixtures.service import UPSTREAM_KEY, Issued

_QUOTA: Final = 10
_PATIENCE_S: Final = 60.0


class Row(NamedTuple):
    """What is true once the worker has died at these points, one after the other.

    `taken` is quota, `entry` whether the request is recorded, `whole` what the client saw. Where it
    is recorded, its budget is charged what it used; where not, but something was taken, its hold.
    """

    points: tuple[str, ...]
    taken: int
    entry: bool
    whole: bool

    @property
    def name(self) -> str:
        return self.points[-1]


ROWS: Final = (
    Row(("before admission",), 0, entry=False, whole=False),
    Row(("after admission",), 1, entry=False, whole=False),
    Row(("while dialling",), 1, entry=False, whole=False),
    Row(("before the entry",), 1, entry=False, whole=False),
    Row(("after the entry",), 1, entry=True, whole=False),
    Row(("before the release",), 1, entry=True, whole=True),
    Row(("before the commit",), 1, entry=True, whole=True),
    Row(("after the commit",), 1, entry=True, whole=True),
    Row(("during rotation",), 1, entry=True, whole=True),
    Row(("while a window is made",), 0, entry=False, whole=False),
    Row(("while it is charged",), 1, entry=True, whole=True),
    Row(("once it is charged",), 1, entry=True, whole=True),
    Row(("after admission", "while holds of the dead are ended"), 1, entry=False, whole=False),
    Row(("after the entry", "adopting"), 1, entry=True, whole=False),
    Row(("after the entry", "adopted and consumed"), 1, entry=True, whole=False),
)

ROW_NAME: Final = attrgetter("name")
#: Rows that may differ between the backends; the others are shown on SQLite alone.
OF_BOTH: Final = (
    "before admission",
    "after admission",
    "before the release",
    "before the commit",
    "after the commit",
)
on_sqlite = pytest.mark.parametrize("chaos", ["sqlite"], indirect=True)
on_both = pytest.mark.parametrize("chaos", ["sqlite", "postgres"], indirect=True)


@pytest.fixture(scope="module")
def sqlite_chaos(
    new_database: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ChaosService]:
    """Two workers that die where they are told, on SQLite."""
    service = chaos_on(new_database("sqlite"), tmp_path_factory)
    with started(service):
        yield service


@pytest.fixture(scope="module")
def postgres_chaos(
    new_database: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ChaosService]:
    """The same on PostgreSQL."""
    service = chaos_on(new_database("postgres"), tmp_path_factory)
    with started(service):
        yield service


def chaos_on(database: Database, directories: pytest.TempPathFactory) -> ChaosService:
    return ChaosService(directories.mktemp("chaos"), database, {"WEB_CONCURRENCY": "2"})


@pytest.fixture
def chaos(request: pytest.FixtureRequest) -> ChaosService:
    """One of them. Both run until the module's tests are over, in whatever order they come."""
    chosen: ChaosService = request.getfixturevalue(f"{request.param}_chaos")
    return chosen


@pytest.fixture
async def limited(chaos: ChaosService, up: FakeUpstream) -> Issued:
    """A token with a quota, a single slot, and a budget."""
    return await with_budget(chaos, await without_budget(chaos, up))


@pytest.fixture
async def uploading(chaos: ChaosService, up: FakeUpstream) -> Issued:
    """One without a budget, for which an upload would be read before it is sent."""
    return await without_budget(chaos, up)


async def without_budget(chaos: ChaosService, up: FakeUpstream) -> Issued:
    return await chaos.make_token(up.url, max_requests=_QUOTA, max_parallel_requests=1)


async def is_charged(chaos: ChaosService, issued: Issued, *, hold: int) -> None:
    """Wait until the budget has spent what the entries of its token say, and what was `hold`."""
    async with chaos.models():
        rows = await RequestLog.filter(token_id=issued.token.id)
    spent = sum(row.cost_nanos or 0 for row in rows) + hold
    async with asyncio.timeout(_PATIENCE_S):
        while await spent_and_held(chaos, issued) != (spent, 0):
            await asyncio.sleep(0.05)


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for something that is bound to happen."""
    async with asyncio.timeout(_PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.02)


async def slot_is_free(chaos: ChaosService, issued: Issued) -> int:
    """Wait until the one slot is free; the quota that was left before we took it."""
    async with asyncio.timeout(_PATIENCE_S), Client(chaos, issued.secret) as client:
        while True:
            answer = await client.get()
            if answer.status == 200 and answer.whole:
                return int(answer.headers["x-ratelimit-remaining-requests"]) + 1
            # Its worker may be the next to be replaced, or its slot not yet known to be free.
            assert answer.status == 0 or answer.code == "rate_limit_exceeded", answer
            await asyncio.sleep(0.02)


async def booked(
    chaos: ChaosService, issued: Issued, count: int, *, given_back: int = 0
) -> list[RequestLog]:
    """The token's entries, of which there are `count`, in the log and in every counter.

    Those whose quota is `given_back` are no uses of the token.
    """
    rows = await chaos.entries(issued.token.id, count)
    async with chaos.models():
        token = await Token.get(id=issued.token.id)
        hours = await UsageHour.filter(token_id=issued.token.id).values_list("requests", flat=True)
    assert (len(rows), sum(hours)) == (count, count)  # type: ignore[arg-type]
    assert token.request_count == count - given_back
    return rows


async def check(chaos: ChaosService, limited: Issued, row: Row) -> None:
    """Have a worker die there, and see that the row tells the truth."""
    hold = await hold_of_a_chat(chaos) if row.taken and not row.entry else 0
    # What came before this row comes to no point any more: all of it is consumed, and its journals
    # have given way to new ones.
    await eventually(lambda: not any(journals(chaos).values()))
    for point in row.points:
        chaos.arm(point)
    async with Client(chaos, limited.secret) as client:
        answer = await client.post()
    await eventually(lambda: not any((chaos.directory / point).exists() for point in row.points))
    if row.whole:
        # This came before the death, or was none of it.
        assert (answer.status, answer.whole) == (200, True)
    else:
        assert not answer.whole

    assert await slot_is_free(chaos, limited) == _QUOTA - row.taken
    rows = await booked(chaos, limited, row.entry + 1)
    assert [entry.outcome for entry in rows] == ["complete"] * (row.entry + 1)
    if answer.whole:
        assert answer.id in {entry.id for entry in rows}
    await is_charged(chaos, limited, hold=hold)
    # No journal was damaged by that: one that is consumed and not yet deleted least of all.
    await eventually(lambda: len(journals(chaos)) == len(chaos.workers()))
    assert "cannot be consumed" not in chaos.log


@pytest.mark.parametrize("row", [row for row in ROWS if row.name in OF_BOTH], ids=ROW_NAME)
@on_both
async def test_kill_points_of_a_backend(chaos: ChaosService, limited: Issued, row: Row) -> None:
    await check(chaos, limited, row)


@pytest.mark.parametrize("row", [row for row in ROWS if row.name not in OF_BOTH], ids=ROW_NAME)
@on_sqlite
async def test_kill_points(chaos: ChaosService, limited: Issued, row: Row) -> None:
    await check(chaos, limited, row)


@on_both
async def test_a_refund_that_dies_with_its_worker(chaos: ChaosService) -> None:
    """Nothing was sent upstream, which gives the quota back; but a limit errs on its own side."""
    port = free_port()
    limited = await chaos.make_token(
        f"http://127.0.0.1:{port}", max_requests=_QUOTA, max_parallel_requests=1
    )
    await with_budget(chaos, limited)
    await eventually(lambda: not any(journals(chaos).values()))
    chaos.arm("before the release")
    async with Client(chaos, limited.secret) as client:
        assert (await client.post()).code == "upstream_unreachable"
    await eventually(lambda: not (chaos.directory / "before the release").exists())

    async with FakeUpstream(api_keys={UPSTREAM_KEY}, port=port):
        assert await slot_is_free(chaos, limited) == _QUOTA - 1
    rows = await booked(chaos, limited, 2, given_back=1)
    assert sorted(row.outcome for row in rows) == ["complete", "upstream_unreachable"]
    await is_charged(chaos, limited, hold=0)


async def the_one_with_an_upstream(chaos: ChaosService, secret: str) -> tuple[int, Client]:
    """A worker, and a connection to it."""
    worker = max(chaos.workers())
    client = Client(chaos, secret)
    with chaos.only(worker):
        assert (await client.get("/health")).status == 200
    return worker, client


def nobody_listens_on(port: int) -> bool:
    """Whether a service could."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@on_sqlite
async def test_mid_upload(chaos: ChaosService, uploading: Issued, up: FakeUpstream) -> None:
    limited = uploading
    worker, client = await the_one_with_an_upstream(chaos, limited.secret)
    async with client:
        head = "POST /v1/audio/transcriptions HTTP/1.1\r\nContent-Length: 100000\r\n"
        await client.write(head, b"x" * 10_000)
        await up.wait_until(lambda: up.heads == 1, timeout=_PATIENCE_S)
        os.kill(worker, signal.SIGKILL)
        with pytest.raises((OSError, EOFError)):
            await client.read()

    assert await slot_is_free(chaos, limited) == _QUOTA - 1
    await booked(chaos, limited, 1)


@on_both
async def test_mid_answer(chaos: ChaosService, limited: Issued, up: FakeUpstream) -> None:
    worker, client = await the_one_with_an_upstream(chaos, limited.secret)
    async with client:
        body = json.dumps(STREAM).encode()
        head = f"POST {CHAT} HTTP/1.1\r\nContent-Length: {len(body)}\r\nx-fake: hold\r\n"
        await client.write(head + "Content-Type: application/json\r\n", body)
        status, headers = await client.read_head()
        _, held = await spent_and_held(chaos, limited)
        assert held
        os.kill(worker, signal.SIGKILL)
        with pytest.raises((OSError, EOFError)):
            async for _ in client.read_body(headers):
                pass

    assert status == 200
    assert await slot_is_free(chaos, limited) == _QUOTA - 1
    await booked(chaos, limited, 1)
    await is_charged(chaos, limited, hold=held)


@on_sqlite
async def test_after_the_last_write(chaos: ChaosService, limited: Issued, up: FakeUpstream) -> None:
    worker, client = await the_one_with_an_upstream(chaos, limited.secret)
    async with client:
        answer = await client.post()
        os.kill(worker, signal.SIGKILL)

    assert (answer.status, answer.whole) == (200, True)
    assert await slot_is_free(chaos, limited) == _QUOTA - 1
    rows = await booked(chaos, limited, 2)
    assert rows[0].id == answer.id
    await is_charged(chaos, limited, hold=0)


async def test_a_killed_supervisor(
    sqlite_database: Database, up: FakeUpstream, tmp_path: Path
) -> None:
    """Its workers finish what runs, and leave the port to the next service."""
    # Its stream goes on for as long as the successor takes.
    environ = {"WEB_CONCURRENCY": "2", "GRACEFUL_SHUTDOWN_TIMEOUT": "100"}
    service = ChaosService(tmp_path / "service", sqlite_database, environ)
    with started(service):
        issued = await service.make_token(up.url)
        async with streaming(service, issued) as stream:
            workers = service.workers()
            service.send(signal.SIGKILL)
            await asyncio.to_thread(service.wait)
            await eventually(lambda: nobody_listens_on(service.port))
            successor = ChaosService(
                service.directory, sqlite_database, {"PORT": str(service.port)}
            )
            with started(successor):
                # On the same port, while the old worker still serves its stream.
                async with Client(successor, issued.secret) as client:
                    assert (await client.get()).status == 200
                assert workers & processes().keys()
                up.release()
                assert await stream.whole()
                await eventually(lambda: not workers & processes().keys())
                rows = await booked(successor, issued, 2)
    assert {row.outcome for row in rows} == {"complete"}
