"""A revocation ends what runs with its token, also where the database is away meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config import Database
from tests.models.rows import BY
from tests.proxy.endings import LENGTH_9
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import Client, Peer, a_client
from tests.proxy.served import Served
from tests.proxy.upstream.conftest import until

pytestmark = pytest.mark.usefixtures("both_ways")


@pytest.fixture
async def plane(
    tmp_path: Path, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Plane]:
    monkeypatch.setattr("proxy.revoking._RETRY_S", 0.001)
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield plane


class Streams:
    """Answers that have begun, and go on when they are let."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.go_on = asyncio.Event()
        plane.upstream.follow(self._script)

    async def _script(self, peer: Peer) -> None:
        await peer.request()
        await peer.send(LENGTH_9 + b"begun")
        await self.go_on.wait()
        await peer.send(b"done")

    async def begin(self, secret: str) -> tuple[Client, Served]:
        client = a_client(secret=secret)
        task = self.plane.begin(client)
        await until(lambda: client.content == b"begun")
        return client, task

    async def goes_on(self, client: Client, task: Served) -> None:
        assert not task.done()
        self.go_on.set()
        await task
        assert (client.content, client.ended) == (b"begundone", "finish")


async def test_a_revocation_during_an_outage_ends_streams_once_it_is_known(plane: Plane) -> None:
    token, secret = await plane.token()
    streams = Streams(plane)
    client, task = await streams.begin(secret)
    await token.revoke(by=BY)
    plane.source.away = True
    ending = asyncio.create_task(plane.plane.end_revoked({token.id}))
    await until(lambda: plane.source.asked.count("is_cut_off") > 3)
    assert not task.done()
    plane.source.away = False
    await asyncio.gather(task, return_exceptions=True)
    await ending
    assert client.ended == "abort"
    assert [entry.outcome for entry in plane.entries()] == ["revoked"]


async def test_an_answer_about_one_token_is_not_one_about_another(plane: Plane) -> None:
    """The database goes away between two of them: what was said of the first one holds."""
    first, of_first = await plane.token()
    second, of_second = await plane.token()
    streams = Streams(plane)
    running = [await streams.begin(secret) for secret in (of_first, of_second)]
    for token in (first, second):
        await token.revoke(by=BY)

    async def go_away() -> None:
        asked = plane.source.asked.count("is_cut_off")
        plane.source.away = asked == 2

    plane.source.at["is_cut_off"] = go_away
    await plane.plane.end_revoked({first.id, second.id})
    await asyncio.gather(*(task for _, task in running), return_exceptions=True)
    assert [client.ended for client, _ in running] == ["abort", "abort"]
    assert plane.source.asked.count("is_cut_off") > 2


async def test_other_tokens_go_on_and_are_not_asked_about(plane: Plane) -> None:
    token, _ = await plane.token()
    _, other = await plane.token()
    streams = Streams(plane)
    client, task = await streams.begin(other)
    await token.revoke(by=BY)
    await plane.plane.end_revoked({token.id})
    assert "is_cut_off" not in plane.source.asked
    await plane.plane.end_revoked(None)
    assert "is_cut_off" in plane.source.asked
    await streams.goes_on(client, task)


@pytest.mark.parametrize("change", ["rotated", "limited", "expired"])
async def test_neither_rotation_nor_expiry_nor_a_new_limit_ends_a_stream(
    plane: Plane, change: str
) -> None:
    token, secret = await plane.token()
    streams = Streams(plane)
    client, task = await streams.begin(secret)
    if change == "rotated":
        await token.rotate(by=BY)
    elif change == "limited":
        await token.change(by=BY, max_requests=1)
    else:
        await token.change(by=BY, expires_at=token.created_at)
    # Whoever notices the change first.
    await plane.serve(a_client("GET", secret=secret, path="/v1/nothing"))
    await plane.plane.end_revoked({token.id})
    await streams.goes_on(client, task)


@pytest.mark.parametrize("known_by", ["project", "anything"])
async def test_a_project_that_is_deactivated_ends_its_streams(plane: Plane, known_by: str) -> None:
    token, secret = await plane.token()
    streams = Streams(plane)
    running = [await streams.begin(secret) for _ in range(3)]
    project = await token.project
    await project.deactivate(by=BY)
    await plane.plane.end_revoked({project.id} if known_by == "project" else None)
    await asyncio.gather(*(task for _, task in running), return_exceptions=True)
    assert {client.ended for client, _ in running} == {"abort"}
    # Asked once for a token, however many requests it has.
    assert plane.source.asked.count("is_cut_off") == 1


async def test_the_watch_ends_streams_without_any_request(plane: Plane) -> None:
    """Also where the change was made on another machine: this one's file says nothing of it."""
    token, secret = await plane.token()
    streams = Streams(plane)
    client, task = await streams.begin(secret)
    plane.grants.open()
    await until(lambda: plane.grants.database_answers is True)
    plane.source.away = True
    await until(lambda: plane.grants.database_answers is False)
    await token.revoke(by=BY)
    plane.source.away = False
    await asyncio.gather(task, return_exceptions=True)
    assert client.ended == "abort"
    assert plane.entries()[0].outcome == "revoked"
