"""SIGTERM with many streams: all of them complete, nothing is lost, no client is left waiting."""

import asyncio
import signal
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from pkgutil import resolve_name
from typing import Final

import httpx

from config import Database
from fake_upstream import FakeUpstream
from tests.chaos import patient
from tests.chaos.client import Client, Stream, streaming
from tests.chaos.conftest import PatientService, started
from tests.fixtures.service import Service

_STREAMS: Final = 100
_PATIENCE_S: Final = 60.0


def test_a_patient_service_knows_what_this_release_would_give_up() -> None:
    for name in (*patient.OF_A_SUPERVISOR, *patient.OF_A_WORKER):
        assert isinstance(resolve_name(name), float)


async def test_a_hundred_streams_finish(
    sqlite_database: Database, up: FakeUpstream, tmp_path: Path
) -> None:
    # The streams go on for as long as it takes to ask every worker.
    environ = {"WEB_CONCURRENCY": "4", "GRACEFUL_SHUTDOWN_TIMEOUT": "100"}
    service = Service(tmp_path / "service", sqlite_database, environ)
    with started(service):
        issued = await service.make_token(up.url)
        async with AsyncExitStack() as stack:
            idle = await stack.enter_async_context(Client(service, issued.secret))
            assert (await idle.get()).status == 200
            streams: list[Stream] = []
            for worker in sorted(service.workers()):
                with service.only(worker):
                    streams += [
                        await stack.enter_async_context(streaming(service, issued))
                        for _ in range(_STREAMS // 4)
                    ]
            service.send(signal.SIGTERM)
            # Asked one by one, since a drain begins in each worker on its own.
            for worker in sorted(service.workers()):
                with service.only(worker):
                    await until_draining(service)
                    async with Client(service, issued.secret) as late:
                        refused = await late.get()
                    assert (refused.status, refused.code) == (503, "shutting_down")
                    assert refused.headers["connection"] == "close"
                    assert refused.headers["retry-after"]
            up.release()
            whole = await asyncio.gather(*(stream.whole() for stream in streams))
            # The idle client is still connected, and delays no shutdown.
            code = await asyncio.to_thread(service.wait)

        assert (code, Counter(whole)) == (0, {True: _STREAMS})
        entries = await service.entries(issued.token.id, _STREAMS + 1)
        assert Counter(entry.outcome for entry in entries) == {"complete": _STREAMS + 1}
        assert not list((service.data_dir / "journal").glob("*"))


async def until_draining(service: Service) -> None:
    """Wait until `/ready` says so."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            async with httpx.AsyncClient(timeout=30) as http:
                answer = await http.get(f"{service.url}/ready")
            if answer.json()["checks"]["draining"]:
                assert answer.status_code == 503
                return


async def test_what_does_not_finish_in_time_breaks_and_is_recorded(
    sqlite_database: Database, up: FakeUpstream, tmp_path: Path
) -> None:
    service = PatientService(
        tmp_path / "service",
        sqlite_database,
        {"WEB_CONCURRENCY": "2", "GRACEFUL_SHUTDOWN_TIMEOUT": "1"},
    )
    with started(service):
        issued = await service.make_token(up.url)
        async with AsyncExitStack() as stack:
            streams = [
                await stack.enter_async_context(streaming(service, issued)) for _ in range(10)
            ]
            loop = asyncio.get_running_loop()
            began = loop.time()
            service.send(signal.SIGTERM)
            whole = [await stream.whole() for stream in streams]
            code = await asyncio.to_thread(service.wait)
            took = loop.time() - began

    assert (code, whole) == (0, [False] * 10)
    # The timeout; what is more than a few seconds is for a machine that stands still.
    assert 1.0 <= took < _PATIENCE_S / 2
    assert "is killed" not in service.log
    entries = await service.entries(issued.token.id, 10)
    assert {entry.outcome for entry in entries} == {"shutdown"}
