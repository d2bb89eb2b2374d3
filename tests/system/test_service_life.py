"""Workers that die, and services that are stopped while streams run.

That a command's workers are replaced and drained, as forked ones are: `test_forked_start.py`.
"""

import asyncio
import os
import signal
from contextlib import AsyncExitStack

import httpx
import pytest

from config import Database
from fake_upstream import FakeUpstream, expected_text
from tests.fixtures.processes import processes
from tests.fixtures.service import Issued, RunService, Service
from tests.system.streams import STREAM, held_stream, held_streams, text_of

#: Of a drain that has to wait for what a test does meanwhile, however long that takes.
PATIENT = "100"


async def replaced(service: Service, victim: int, by: signal.Signals) -> int:
    """End a worker by a signal; the one that has taken its place."""
    # Before the signal: the place is taken at once.
    before = service.workers() | {victim}
    os.kill(victim, by)
    async with asyncio.timeout(60):
        while True:
            new = service.workers() - before
            if new:
                (worker,) = new
                return worker
            await asyncio.sleep(0.02)


async def test_sigterm_lets_running_streams_finish(
    run_service: RunService, database: Database, up: FakeUpstream
) -> None:
    service = run_service(database, WEB_CONCURRENCY="2", GRACEFUL_SHUTDOWN_TIMEOUT=PATIENT)
    issued = await service.make_token(up.url)
    async with (
        httpx.AsyncClient(base_url=service.url, headers=issued.bearer, timeout=60) as idle,
        held_streams(service, issued, each=2) as streams,
    ):
        # A client that keeps its connection open and asks for nothing must not hold us up.
        assert (await idle.get("/v1/models")).status_code == 200
        service.send(signal.SIGTERM)
        await _until_draining(service)
        # The listener stays open, so that no client waits for an answer that never comes.
        async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer) as late:
            refused = await late.get("/v1/models")
        up.release()
        texts = [text_of(await stream.read()) for stream in streams]
        code = await asyncio.to_thread(service.wait)

    assert code == 0
    assert texts == [expected_text(STREAM)] * 4
    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "shutting_down"
    assert refused.headers["connection"] == "close"
    entries = await service.entries(issued.token.id, 5)
    assert [entry.outcome for entry in entries] == ["complete"] * 5


async def _until_draining(service: Service) -> None:
    """Every worker says so; asked one by one, since a drain begins in each on its service."""
    async with asyncio.timeout(60):
        for worker in service.workers():
            with service.only(worker):
                while True:
                    async with httpx.AsyncClient(base_url=service.url, timeout=30) as http:
                        answer = await http.get("/ready")
                    if answer.json()["checks"]["draining"]:
                        assert answer.status_code == 503
                        break


async def test_what_does_not_finish_in_time_is_cut_off_visibly(
    run_service: RunService, up: FakeUpstream
) -> None:
    service = run_service(GRACEFUL_SHUTDOWN_TIMEOUT="1")
    issued = await service.make_token(up.url)
    async with held_stream(service, issued) as stream:
        service.send(signal.SIGTERM)
        with pytest.raises(httpx.RemoteProtocolError):
            await stream.read()
        code = await asyncio.to_thread(service.wait)

    assert code == 0
    # It may be drained by now (tests/chaos has time for that), or wait for the next start.
    service.start()
    (entry,) = await service.entries(issued.token.id, 1)
    assert (entry.outcome, entry.status) == ("shutdown", 200)


@pytest.mark.real_start
async def test_ctrl_c_lets_running_streams_finish(
    run_service: RunService, up: FakeUpstream
) -> None:
    service = run_service(GRACEFUL_SHUTDOWN_TIMEOUT=PATIENT)
    issued = await service.make_token(up.url)
    async with held_stream(service, issued) as stream:
        service.interrupt()
        await _until_draining(service)
        up.release()
        text = text_of(await stream.read())
        code = await asyncio.to_thread(service.wait)

    assert (text, code) == (expected_text(STREAM), 0)


async def test_worker_that_dies_is_replaced(run_service: RunService, up: FakeUpstream) -> None:
    service = run_service(WEB_CONCURRENCY="2")
    issued = await service.make_token(up.url)
    survivor, victim = service.workers()
    async with AsyncExitStack() as stack:
        with service.only(survivor):
            stream = await stack.enter_async_context(held_stream(service, issued))
        with service.only(victim):
            await _list_models(service, issued)
        successor = await replaced(service, victim, signal.SIGKILL)
        successor = await replaced(service, successor, signal.SIGSEGV)
        with service.only(successor):
            await _list_models(service, issued)
        # No client of the living worker has noticed.
        up.release()
        assert text_of(await stream.read()) == expected_text(STREAM)

    assert service.workers() == {survivor, successor}
    assert service.log.count("starting a replacement") == 2
    # What a client saw complete is recorded, whatever became of the worker.
    entries = await service.entries(issued.token.id, 3)
    assert [entry.outcome for entry in entries] == ["complete"] * 3


async def test_standby_has_opened_nothing_until_it_takes_a_place(
    run_service: RunService, database: Database, up: FakeUpstream
) -> None:
    service = run_service(database)
    issued = await service.make_token(up.url, max_requests=10)
    standby, (worker,) = service.standby(), service.workers()
    await _list_models(service, issued)
    assert len(list((service.data_dir / "journal").iterdir())) == 1
    assert len(list((service.data_dir / "limits-workers").iterdir())) == 1

    assert await replaced(service, worker, signal.SIGKILL) == standby
    await _list_models(service, issued)
    assert service.standby() != standby
    entries = await service.entries(issued.token.id, 2)
    assert [entry.outcome for entry in entries] == ["complete"] * 2


async def test_everybody_is_replaced_when_all_die_at_once(
    run_service: RunService, up: FakeUpstream
) -> None:
    service = run_service(WEB_CONCURRENCY="2")
    issued = await service.make_token(up.url)
    all_of_them = {service.standby(), *service.workers()}

    for pid in all_of_them:
        os.kill(pid, signal.SIGKILL)
    await _until_gone(all_of_them)

    await _list_models(service, issued)
    assert not all_of_them & service.children()
    assert service.standby() not in all_of_them
    assert service.stop() == 0


async def _list_models(service: Service, issued: Issued) -> None:
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer, timeout=60) as http:
        assert (await http.get("/v1/models")).status_code == 200


async def test_worker_that_cannot_start_ends_and_is_tried_again(run_service: RunService) -> None:
    service = run_service(start=False)
    in_the_way = service.data_dir / "limits.db"
    in_the_way.mkdir(parents=True)
    service.launch()
    async with asyncio.timeout(60):
        while "starting a replacement" not in service.log:
            await asyncio.sleep(0.02)

    in_the_way.rmdir()

    await asyncio.to_thread(service.wait_until_ready)
    assert service.stop() == 0


@pytest.mark.real_start
async def test_killed_supervisor_leaves_no_workers(run_service: RunService) -> None:
    service = run_service(WEB_CONCURRENCY="1")
    children = {service.standby(), *service.workers()}

    service.send(signal.SIGKILL)
    await asyncio.to_thread(service.wait)

    await _until_gone(children)


async def _until_gone(pids: set[int]) -> None:
    async with asyncio.timeout(60):
        while pids & processes().keys():
            await asyncio.sleep(0.02)
