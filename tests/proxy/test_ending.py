"""An answer of which all is here ends by the call that says that it is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from config import Database
from proxy import errors
from proxy.driving import Driven
from proxy.ending import Ending
from tests.proxy.planes import Plane, a_plane
from tests.proxy.rows import a_request, an_exchange
from tests.proxy.scripted import Client, Peer, a_client
from tests.proxy.test_passed_whole import JSON


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database) as plane:

        async def script(peer: Peer) -> None:
            while True:
                await peer.request()
                await peer.send(b"HTTP/1.1 200 OK\r\n%bContent-Length: 2\r\n\r\n{}" % JSON)

        plane.upstream.follow(script)
        yield plane


class Taking(Client):
    """Its connection takes the last bytes at once."""

    def finish(self, *last: Any) -> Any:
        with pytest.raises(StopIteration):
            super().finish(*last).send(None)


class Failing(Client):
    """Its connection does not take the last bytes."""

    error: Exception

    async def finish(self, *_last: Any) -> None:
        raise self.error


class FailingAtOnce(Failing):
    """The same, as it is called."""

    def finish(self, *_last: Any) -> Any:
        raise self.error


def failing(kind: type[Failing], secret: str, error: Exception) -> Failing:
    client = a_client(secret=secret)
    client.__class__ = kind
    assert isinstance(client, Failing)
    client.error = error
    return client


@pytest.mark.parametrize("kind", [Client, Taking])
async def test_the_coroutine_of_a_request_that_drives_itself_does_not_wait_for_its_entry(
    plane: Plane, kind: type[Client]
) -> None:
    _, secret = await plane.token()
    ended: list[bool] = []

    class Run(Driven, eq=False):
        def ended(self, error: BaseException | None) -> None:
            assert error is None
            ended.append(client.ended == "finish")

    client, run = a_client(secret=secret), Run()
    client.__class__ = kind
    client.journal = lambda: len(plane.entries())
    told = asyncio.Event()

    async def handled() -> None:
        await plane.plane.handle(client, run)
        assert run.goes_on
        assert (client.ended, ended, len(plane.plane.active)) == ("", [], 1)
        told.set()

    run.drive(handled())
    async with asyncio.timeout(30):
        await told.wait()
    await asyncio.sleep(0)
    assert (ended, client.recorded_by["finish"], len(plane.plane.active)) == ([True], 1, 0)


@pytest.mark.parametrize("cancelled", [False, True])
@pytest.mark.parametrize("kind", [Failing, FailingAtOnce])
async def test_a_client_that_has_gone_by_then_is_no_fault(
    plane: Plane, kind: type[Failing], cancelled: bool
) -> None:
    _, secret = await plane.token()
    client = failing(kind, secret, errors.NotWritten())
    served = plane.begin(client)
    if cancelled:
        while not plane.seen.entries:
            await asyncio.sleep(0)
        served.cancel()
    await served
    assert client.ended == "abort"
    assert [entry.outcome for entry in plane.entries()] == ["complete"]
    assert not plane.plane.active


@pytest.mark.parametrize("kind", [Failing, FailingAtOnce])
async def test_what_fails_unforeseen_names_its_request(plane: Plane, kind: type[Failing]) -> None:
    _, secret = await plane.token()
    fault = ZeroDivisionError()
    with pytest.raises(errors.RequestBroken) as broken:
        await plane.begin(failing(kind, secret, fault))
    assert broken.value.__cause__ is fault
    assert broken.value.request_id == plane.entries()[0].id
    assert not plane.plane.active


async def test_it_does_not_show_the_answer() -> None:
    exchange, client = an_exchange(a_request()), a_client(secret="the-token")
    ending = Ending(None, client, exchange, None, lambda *_: None, b"an answer")
    assert repr(ending) == f"Ending({exchange!r})"
