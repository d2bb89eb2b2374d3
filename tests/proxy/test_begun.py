"""Requests that go on without a coroutine, and with one where anything unusual happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from config import Database
from models.again import Recorded
from proxy import errors
from proxy.begun import Begun
from proxy.driving import Driven
from proxy.exchange import Exchange
from proxy.limits.store import Reservation
from proxy.upstream.connection import UpstreamConnection
from tests.proxy.alike import MOST_UNTIL_KNOWN as UNTIL_KNOWN
from tests.proxy.alike import Sender, a_head
from tests.proxy.endings import QUOTA, Asked
from tests.proxy.planes import Plane, a_plane
from tests.proxy.rows import a_request, an_exchange
from tests.proxy.scripted import CHAT, Client, Peer, a_client, plain
from tests.proxy.test_handler_endings import ENDINGS
from tests.proxy.test_passed_whole import JSON
from tests.proxy.upstream.conftest import until

#: Of a request that was sent by plain calls: what comes in place of a usual answer, and what its
#: client, its token and the shutdown do meanwhile.
UNUSUAL: Final = [
    "completes", "closes before its head", "resets before its head", "closes in its head",
    "closes behind an interim head", "malformed head", "no first byte in time",
    "closes behind its head", "closes in its body", "resets in its body", "malformed chunk",
    "leaves before the answer", "leaves in the answer", "leaves while its last bytes wait",
    "is gone by the head", "is gone by the body", "is gone by the end",
    "is revoked before the answer", "is revoked in the answer",
    "is revoked while its last bytes wait", "is cut off by the shutdown", "a fault of ours",
]  # fmt: skip


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("name", UNUSUAL)
async def test_one_that_was_sent_without_a_coroutine_ends_as_any_other(
    name: str,
    limited: bool,
    tmp_path: Path,
    sqlite_database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ending, wait = ENDINGS[name], Begun.sent
    waited: list[bool] = []
    limits: dict[str, Any] = {"max_requests": QUOTA + UNTIL_KNOWN, "max_parallel_requests": 1}
    async with a_plane(tmp_path, sqlite_database, ending.timeouts) as plane:
        upstream = plane.upstream

        async def known(peer: Peer) -> None:
            for _ in range(UNTIL_KNOWN):
                await peer.request()
                await peer.answer(b'{"model": "gpt-4o", "usage": {"prompt_tokens": 3}}')
            await until(lambda: bool(waited))
            await upstream.scripts[0](peer)

        token, secret = await plane.token(**(limits if limited else {}))
        upstream.follow(known)
        await become_known(plane, secret)
        upstream.follow(plain)

        def sent(self: Begun, source: UpstreamConnection, reservation: Reservation) -> bool:
            waited.append(wait(self, source, reservation))
            return waited[-1]

        monkeypatch.setattr(Begun, "sent", sent)
        asked = Asked(plane, token, secret, Sender(a_head(secret, number=99), CHAT))
        async with asyncio.timeout(30):
            await ending.scenario(asked)
        client = asked.client

        assert waited == [True]
        assert (client.status, client.code, client.ended) == (
            ending.status, ending.code, ending.ended,
        )  # fmt: skip
        assert [entry.outcome for entry in plane.entries()[UNTIL_KNOWN:]] == [ending.outcome]
        assert plane.seen.entries == plane.entries()
        if limited:
            assert await plane.admitted(secret) == QUOTA - 1
        assert plane.is_idle()
        assert not plane.pool.busy
        if ending.outcome != "complete" and ending.ended:
            await until(lambda: upstream.left == upstream.connections)


async def become_known(plane: Plane, secret: str) -> None:
    """So that the next one is sent by plain calls."""
    for number in range(UNTIL_KNOWN):
        await plane.serve(Sender(a_head(secret, number=number), CHAT))


def is_kept(plane: Plane) -> bool:
    """Whether the upstream's one connection idles, and is open."""
    idle = [connection for some in plane.pool._idle.values() for connection in some]
    return plane.pool.connections == len(idle) == 1


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


class TakingSender(Taking, Sender):
    """The same, of one whose body comes with its head."""


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
        # Its token was not in memory yet.
        begun = plane.plane.begin(client, run)
        assert begun is not None
        await plane.plane.handle(begun)
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
    assert is_kept(plane)


@pytest.mark.parametrize("kind", [Failing, FailingAtOnce])
async def test_what_fails_unforeseen_names_its_request(plane: Plane, kind: type[Failing]) -> None:
    _, secret = await plane.token()
    fault = ZeroDivisionError()
    with pytest.raises(errors.RequestBroken) as broken:
        await plane.begin(failing(kind, secret, fault))
    assert broken.value.__cause__ is fault
    assert broken.value.request_id == plane.entries()[0].id
    assert not plane.plane.active


async def test_it_does_not_show_the_answer(plane: Plane) -> None:
    exchange, client = an_exchange(a_request()), a_client(secret="the-token")
    begun = Begun(plane.plane, client, exchange, None, last=b"an answer")
    assert repr(begun) == f"Begun({exchange!r})"


async def test_one_that_is_revoked_once_it_is_recorded_gets_its_answer(plane: Plane) -> None:
    _, secret = await plane.token()
    await become_known(plane, secret)
    told = plane.seen.recorded

    def recorded(entry: Recorded, exchange: Exchange) -> None:
        told(entry, exchange)
        assert exchange.run is not None
        # It is due before the turn's end, which completes the answer.
        asyncio.get_running_loop().call_soon(exchange.run.cancel)

    plane.seen.recorded = recorded  # type: ignore[method-assign]
    client = await plane.serve(TakingSender(a_head(secret, number=99), CHAT))
    for _ in range(3):
        await asyncio.sleep(0)
    assert (client.status, client.ended) == (200, "finish")
    assert [entry.outcome for entry in plane.entries()] == ["complete"] * (UNTIL_KNOWN + 1)
    assert plane.is_idle()


async def test_a_fault_as_it_is_recorded_lets_its_connection_go_once(plane: Plane) -> None:
    _, secret = await plane.token()
    await become_known(plane, secret)
    fault = ZeroDivisionError()

    def recorded(entry: Recorded, exchange: Exchange) -> None:
        raise fault

    plane.seen.recorded = recorded  # type: ignore[method-assign]
    with pytest.raises(errors.RequestBroken) as broken:
        await plane.begin(Sender(a_head(secret, number=99), CHAT))
    assert broken.value.__cause__ is fault
    assert is_kept(plane)


async def test_one_that_is_cancelled_by_what_it_calls_is_cancelled_where_it_waits(
    plane: Plane,
) -> None:
    _, secret = await plane.token()
    await become_known(plane, secret)

    class Leaving(Sender):
        def take_arrived(self) -> bytes | None:
            (exchange,) = plane.plane.active
            assert exchange.run is not None
            exchange.run.cancel()
            return super().take_arrived()

    await plane.serve(Leaving(a_head(secret, number=99), CHAT))
    assert [entry.outcome for entry in plane.entries()][UNTIL_KNOWN:] == ["client_left"]
    assert plane.is_idle()


async def test_one_that_nothing_drives_is_sent_at_once_and_awaited(plane: Plane) -> None:
    _, secret = await plane.token()
    await become_known(plane, secret)
    client = Sender(a_head(secret, number=99), CHAT)
    await plane.plane.serve(client)
    assert (client.status, client.ended) == (200, "finish")
    assert [entry.outcome for entry in plane.entries()] == ["complete"] * (UNTIL_KNOWN + 1)
    assert is_kept(plane)
    assert plane.is_idle()


async def test_a_fault_as_it_is_sent_is_recorded(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = await plane.token()
    await become_known(plane, secret)
    fault = ZeroDivisionError()

    def take(*_: Any) -> None:
        raise fault

    monkeypatch.setattr(plane.pool, "take", take)
    with pytest.raises(errors.RequestBroken) as broken:
        await plane.begin(Sender(a_head(secret, number=99), CHAT))
    assert broken.value.__cause__ is fault
    assert [entry.outcome for entry in plane.entries()][UNTIL_KNOWN:] == ["client_left"]
    assert plane.is_idle()
