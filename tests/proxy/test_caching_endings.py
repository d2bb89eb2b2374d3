"""Flights whose clients leave, are slow or revoked, and those that share them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config import Database
from models.tokens import Token
from proxy.cache import flights
from proxy.middleware import View
from proxy.middleware.loading import Loaded
from proxy.middleware.worker import Middlewares
from tests.models.rows import BY
from tests.proxy.cached import (
    DOCUMENT,
    DONE,
    EVENTS,
    STREAMED,
    USAGE,
    Counting,
    Told,
    a_caching_plane,
    a_token,
    asks,
    begins,
    chunk,
    ends,
    leaves,
)
from tests.proxy.planes import Plane
from tests.proxy.scripted import a_client
from tests.proxy.upstream.conftest import until

WHOLE = b"".join(EVENTS) + DONE
REPORTED = b'data: {"choices": [], "usage": %b}\n\n' % json.dumps(USAGE).encode()


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_caching_plane(tmp_path, sqlite_database) as made:
        yield made
        assert made.is_idle()


@pytest.fixture
def told(plane: Plane) -> Told:
    return Told()


async def kept(plane: Plane, secret: str) -> bytes | None:
    """What a request for the stream is answered with that reaches no upstream."""
    client = await plane.serve(asks(secret, STREAMED))
    return client.content if client.field(b"cache-status") == b"llm-proxy; hit" else None


@pytest.mark.parametrize("when", ["before the answer", "in the answer"])
async def test_a_flight_goes_on_when_its_client_leaves(plane: Plane, told: Told, when: str) -> None:
    upstream = Counting(plane, told)
    _, secret = await a_token(plane)
    client, follower = asks(secret, STREAMED), asks(secret, STREAMED)
    leader = plane.begin(client)
    await until(lambda: upstream.asked == 1)
    following = plane.begin(follower)
    if when == "before the answer":
        leaves(client, leader)
    told.say(begins(), chunk(EVENTS[0]))
    if when == "in the answer":
        await until(lambda: bool(client.content))
        leaves(client, leader)
    told.say(*map(chunk, EVENTS[1:]), chunk(REPORTED), ends())
    await asyncio.gather(leader, following)
    assert follower.content == WHOLE
    assert client.content == (b"" if when == "before the answer" else EVENTS[0])
    assert client.ended == "abort"
    asked, hit = sorted(plane.entries(), key=lambda entry: entry.cache, reverse=True)
    assert (asked.cache, asked.outcome, asked.usage) == ("miss", "client_left", "exact")
    assert (asked.prompt_tokens, asked.completion_tokens) == (7, 5)
    assert (hit.cache, hit.outcome, hit.saved_nanos) == ("hit", "complete", asked.cost_nanos)
    assert await kept(plane, secret) == WHOLE
    assert upstream.asked == 1


async def test_a_client_that_hangs_up_at_the_last_event_has_had_all_of_it(
    plane: Plane, told: Told
) -> None:
    upstream = Counting(plane, told)
    _, secret = await a_token(plane)
    client = asks(secret, STREAMED)
    leader = plane.begin(client)
    await until(lambda: upstream.asked == 1)
    told.say(begins(), chunk(b"".join(EVENTS)), chunk(DONE))
    await until(lambda: client.content == WHOLE)
    leaves(client, leader)
    told.say(b"0\r\n\r\n")
    await leader
    (entry,) = plane.entries()
    assert entry.outcome == "complete"
    assert await kept(plane, secret) == WHOLE


@pytest.mark.parametrize("ends_well", [True, False])
async def test_a_slow_client_holds_up_nobody_and_gets_all_of_it_in_the_end(
    plane: Plane, told: Told, ends_well: bool
) -> None:
    upstream = Counting(plane, told)
    _, secret = await a_token(plane)
    client, follower = asks(secret, STREAMED), asks(secret, STREAMED)
    client.keeps_up = False
    leader = plane.begin(client)
    await until(lambda: upstream.asked == 1)
    following = plane.begin(follower)
    told.say(begins(), chunk(EVENTS[0]))
    await until(lambda: bool(client.content))
    told.say(*map(chunk, EVENTS[1:]), chunk(REPORTED), ends())
    await following
    assert follower.content == WHOLE
    assert client.content == EVENTS[0]
    assert not leader.done()
    # What its client has not had yet is not said to be complete.
    assert [entry.cache for entry in plane.entries()] == ["hit"]
    if ends_well:
        client.can_write.set()
    else:
        leaves(client, leader)
    await leader
    assert client.content == (WHOLE if ends_well else EVENTS[0])
    assert client.ended == ("finish" if ends_well else "abort")
    asked = plane.entries()[-1]
    assert (asked.cache, asked.usage) == ("miss", "exact")
    assert asked.outcome == ("complete" if ends_well else "client_left")


async def test_a_slow_client_of_a_flight_that_fails_gets_all_of_it_at_its_pace(
    plane: Plane, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flights, "STREAM_MAX_BYTES", len(EVENTS[0] + EVENTS[1]))
    upstream = Counting(plane, told)
    _, secret = await a_token(plane)
    client = asks(secret, STREAMED)
    client.keeps_up = False
    leader = plane.begin(client)
    await until(lambda: upstream.asked == 1)
    told.say(begins(), chunk(EVENTS[0]))
    await until(lambda: bool(client.content))
    told.say(*map(chunk, EVENTS[1:]), ends())
    await until(lambda: "drain" in client.happened)
    client.can_write.set()
    await leader
    assert (client.content, client.ended) == (WHOLE, "finish")
    assert plane.entries()[-1].outcome == "complete"


async def test_a_flight_that_fails_without_a_client_ends(
    plane: Plane, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flights, "STREAM_MAX_BYTES", len(EVENTS[0]))
    upstream = Counting(plane, told)
    _, secret = await a_token(plane)
    client = asks(secret, STREAMED)
    leader = plane.begin(client)
    await until(lambda: upstream.asked == 1)
    told.say(begins(), chunk(EVENTS[0]))
    await until(lambda: bool(client.content))
    leaves(client, leader)
    told.say(chunk(EVENTS[1]))
    await leader
    assert plane.entries()[-1].outcome == "client_left"


async def test_a_follower_of_a_long_stream_has_what_there_is_and_breaks_where_that_breaks(
    plane: Plane, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flights, "LIVE_AFTER", 0.0)
    upstream = Counting(plane, told)
    _, secret = await a_token(plane)
    clients = [asks(secret, STREAMED) for _ in range(3)]
    tasks = [plane.begin(client) for client in clients]
    await until(lambda: upstream.asked == 1)
    told.say(begins(), chunk(EVENTS[0]))
    await until(lambda: all(client.content.startswith(EVENTS[0]) for client in clients))
    # One that leaves is missed by nobody.
    await plane.leave(clients[2], tasks[2])
    told.say(None)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [client.ended for client in clients] == ["abort"] * 3
    assert [client.content for client in clients] == [EVENTS[0]] * 3
    outcomes = sorted((entry.cache, entry.outcome) for entry in plane.entries())
    assert outcomes == [
        ("hit", "client_left"),
        ("hit", "upstream_broke"),
        ("miss", "upstream_broke"),
    ]
    assert upstream.asked == 1


async def test_a_follower_of_a_long_stream_has_saved_what_that_costs_in_the_end(
    plane: Plane, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flights, "LIVE_AFTER", 0.0)
    upstream = Counting(plane, told)
    _, secret = await a_token(plane)
    clients = [asks(secret, STREAMED) for _ in range(2)]
    tasks = [plane.begin(client) for client in clients]
    await until(lambda: upstream.asked == 1)
    told.say(begins(), chunk(EVENTS[0]))
    await until(lambda: all(client.content.startswith(EVENTS[0]) for client in clients))
    told.say(*map(chunk, EVENTS[1:]), chunk(REPORTED), ends())
    await asyncio.gather(*tasks)
    asked, hit = sorted(plane.entries(), key=lambda entry: entry.cache, reverse=True)
    assert asked.cost_nanos
    assert (hit.cache, hit.saved_nanos) == ("hit", asked.cost_nanos)


async def test_a_follower_that_waits_may_leave(plane: Plane, told: Told) -> None:
    upstream = Counting(plane, told)
    _, secret = await a_token(plane)
    client, follower = asks(secret), asks(secret)
    leader = plane.begin(client)
    await until(lambda: upstream.asked == 1)
    following = plane.begin(follower)
    await until(lambda: len(plane.plane.active) == 2)
    await plane.leave(follower, following)
    told.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
    await leader
    assert client.content == b"{}"
    assert [entry.cache for entry in plane.entries()] == ["miss"]


async def test_a_revoked_leader_ends_and_its_followers_ask_for_themselves(
    plane: Plane, told: Told
) -> None:
    upstream = Counting(plane, told)
    token, secret = await a_token(plane)
    _, other = await Token.issue(await token.project, by=BY)
    client, follower = asks(secret), asks(other)
    leader = plane.begin(client)
    await until(lambda: upstream.asked == 1)
    following = plane.begin(follower)
    await until(lambda: len(plane.plane.active) == 2)
    await token.revoke(by=BY)
    # Whatever request notices it first.
    await plane.serve(a_client("GET", secret=secret))
    await asyncio.gather(leader, return_exceptions=True)
    await until(lambda: upstream.asked == 2)
    told.say(begins(), chunk(EVENTS[0]), chunk(EVENTS[0]) + ends())
    told.say(begins(), chunk(EVENTS[0]), chunk(EVENTS[0]) + ends())
    await following
    assert (client.ended, follower.ended) == ("abort", "finish")
    assert plane.entries()[0].outcome == "revoked"


async def test_a_shutdown_ends_a_flight_whose_client_has_left(plane: Plane, told: Told) -> None:
    upstream = Counting(plane, told)
    _, secret = await a_token(plane)
    client = asks(secret)
    leader = plane.begin(client)
    await until(lambda: upstream.asked == 1)
    leaves(client, leader)
    assert plane.plane.active
    plane.plane.end_all()
    await asyncio.gather(leader, return_exceptions=True)
    assert plane.entries()[0].outcome == "shutdown"


async def test_a_purge_is_in_force_at_the_next_request(plane: Plane) -> None:
    upstream = Counting(plane)
    token, secret = await a_token(plane)
    for asked in (1, 1):
        await plane.serve(asks(secret))
        assert upstream.asked == asked
    project = await token.project
    await project.purge_cache(by=BY)
    for asked in (2, 2):
        client = await plane.serve(asks(secret))
        assert (upstream.asked, client.content) == (asked, DOCUMENT)


class Numbers:
    """Puts a number before each event, in the order in which it is shown them."""

    def __init__(self) -> None:
        self.seen = 0

    def event(self, view: View, data: bytes) -> bytes:
        self.seen += 1
        return b"%d " % self.seen + data


async def test_a_slow_client_gets_all_of_it_in_its_order_through_middlewares(
    tmp_path: Path, sqlite_database: Database
) -> None:
    numbers, told = Numbers(), Told()
    middlewares = Middlewares([Loaded("numbers", numbers)], 5.0)
    async with a_caching_plane(tmp_path, sqlite_database, middlewares=middlewares) as plane:
        upstream = Counting(plane, told)
        _, secret = await a_token(plane)
        client = asks(secret, STREAMED)
        client.keeps_up = False
        leader = plane.begin(client)
        await until(lambda: upstream.asked == 1)
        told.say(begins(), chunk(EVENTS[0]))
        await until(lambda: bool(client.content))
        told.say(*map(chunk, EVENTS[1:]), chunk(REPORTED), ends())
        await until(lambda: client.happened.count("drain") > 0)
        client.can_write.set()
        await leader
        parts = [b"%d " % (place + 1) + event for place, event in enumerate((*EVENTS, DONE))]
        assert (client.content, client.ended) == (b"".join(parts), "finish")
