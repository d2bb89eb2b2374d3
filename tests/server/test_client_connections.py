"""How many clients may be connected, and which of them make way for others."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from contextlib import AsyncExitStack
from ipaddress import ip_network
from pathlib import Path

import pytest
import uvloop
from loguru import logger

from config import Database
from server.descriptors import Descriptors
from server.http.connections import Bounds, Connections, Group
from server.http.turned_away import ANSWERED_AT_ONCE
from tests.fixtures.descriptors import no_descriptors
from tests.server.conftest import OpenDoor
from tests.server.corpus import GET
from tests.server.door import Door, open_door
from tests.server.wire import Client

HOLD = GET[:-2] + b"x-fake: hold\r\n\r\n"
HEALTH = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"


async def _held(door: Door, stack: AsyncExitStack, count: int) -> list[Client]:
    """Clients whose requests run."""
    clients = [await stack.enter_async_context(await door.connect()) for _ in range(count)]
    for client in clients:
        await client.send(door.with_token(HOLD))
    await door.up.wait_until(lambda: door.up.held == count)
    return clients


async def test_a_connection_beyond_the_bound_is_told_that_there_is_no_room(
    a_door: OpenDoor,
) -> None:
    async with (
        a_door(MAX_CONNECTIONS="2", FAIR_SHARE_TOKEN="1") as door,
        AsyncExitStack() as stack,
    ):
        held = await _held(door, stack, 2)
        async with await door.connect() as client:
            await client.send(door.with_token(GET))
            answer = await client.answer()
            assert (answer.status, answer.code) == (503, "overloaded")
            assert answer.header("retry-after") == b"1"
            assert answer.header("connection") == b"close"
            assert answer.header("x-should-retry") is None
            assert await client.end() == b""
        door.up.release()
        assert [(await one.answer()).status for one in held] == [200, 200]
        # There is room again: those that have their answers wait.
        async with await door.connect() as client:
            await client.send(b"GET /ready HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = await client.answer()
            assert (answer.status, b'"connections":"short"' in answer.body) == (200, True)
            await client.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            lines = (await client.answer()).body.splitlines()
        assert b"llm_proxy_connections 2.0" in lines
        assert b'llm_proxy_connections_refused_total{reason="max_connections"} 1.0' in lines
        assert b'llm_proxy_connections_dropped_total{reason="idle"} 1.0' in lines


async def test_idle_connections_without_a_token_stop_nobody(a_door: OpenDoor) -> None:
    """More than the bound of them, and those with a request under way are left alone."""
    async with a_door(MAX_CONNECTIONS="4") as door, AsyncExitStack() as stack:
        (working,) = await _held(door, stack, 1)
        idle = [await stack.enter_async_context(await door.connect()) for _ in range(12)]
        for client in idle[:2]:
            await client.send(GET[:20])
        async with await door.connect() as client:
            await client.send(door.with_token(GET))
            assert (await client.answer()).status == 200
        door.up.release()
        assert (await working.answer()).status == 200
        # The longest waiting went first.
        assert await idle[0].end() == b""


async def test_one_that_an_upstream_has_served_goes_last(a_door: OpenDoor) -> None:
    async with a_door(MAX_CONNECTIONS="2") as door, AsyncExitStack() as stack:
        served = await stack.enter_async_context(await door.connect())
        await served.send(door.with_token(GET))
        assert (await served.answer()).status == 200
        for _ in range(3):
            asking = await stack.enter_async_context(await door.connect())
            await asking.send(HEALTH)
            assert (await asking.answer()).status == 200
        await served.send(door.with_token(GET))
        assert (await served.answer()).status == 200


async def test_one_address_has_no_more_than_its_share(a_door: OpenDoor) -> None:
    async with a_door(MAX_CONNECTIONS_PER_ADDRESS="1") as door, AsyncExitStack() as stack:
        first = await stack.enter_async_context(await door.connect())
        await first.send(HEALTH)
        assert (await first.answer()).status == 200
        async with await door.connect() as client:
            await client.send(HEALTH)
            assert (await client.answer()).code == "overloaded"
        assert await _ends(first)
        async with await door.connect() as client:
            await client.send(HEALTH)
            assert (await client.answer()).status == 200


async def _ends(client: Client) -> bool:
    """Ask for the end of a connection, and wait for it."""
    await client.send(HEALTH.replace(b"Host", b"Connection: close\r\nHost"))
    return (await client.answer()).status == 200 and await client.end() == b""


async def test_trusted_proxies_do_not_count(a_door: OpenDoor) -> None:
    async with (
        a_door(MAX_CONNECTIONS_PER_ADDRESS="1", TRUSTED_PROXIES="127.0.0.0/8") as door,
        AsyncExitStack() as stack,
    ):
        for _ in range(3):
            client = await stack.enter_async_context(await door.connect())
            await client.send(HEALTH)
            assert (await client.answer()).status == 200


async def test_only_so_many_are_told_at_once(a_door: OpenDoor) -> None:
    async with (
        a_door(MAX_CONNECTIONS="1") as door,
        AsyncExitStack() as stack,
    ):
        await _held(door, stack, 1)
        refused = [
            await stack.enter_async_context(await door.connect())
            for _ in range(ANSWERED_AT_ONCE + 1)
        ]
        await refused[-1].send(HEALTH)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await refused[-1].answer()
        await refused[0].send(HEALTH)
        assert (await refused[0].answer()).status == 503
        door.up.release()


# Counting, without sockets


class _Connection:
    def __init__(self, unsent: int = 0) -> None:
        self.waits_in: Group | None = None
        self.unsent = unsent
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True

    reset = abort


def _connections(
    most: int, per_address: int | None = None, *trusted: str
) -> Connections[_Connection]:
    networks = [ip_network(network) for network in trusted]
    return Connections(Bounds(most, per_address, networks))


def test_a_whole_ipv6_network_is_one_address() -> None:
    connections = _connections(9, 1)
    assert connections.admit(_Connection(), "2001:db8::1") is None
    assert connections.admit(_Connection(), "2001:db8::2") == "max_connections_per_address"
    assert connections.admit(_Connection(), "2001:db8:0:1::1") is None
    # IPv4 on a socket for both: each is its own.
    assert connections.admit(_Connection(), "::ffff:192.0.2.1") is None
    assert connections.admit(_Connection(), "::ffff:192.0.2.2") is None
    assert connections.admit(_Connection(), "192.0.2.2") == "max_connections_per_address"


def test_nothing_is_kept_of_connections_that_left() -> None:
    connections = _connections(2, 1)
    for number in range(5):
        connection = _Connection()
        assert connections.admit(connection, f"192.0.2.{number}") is None
        connections.mark_busy(connection)
        connections.mark_idle(connection, served=True)
        connections.leave(connection)
        connections.leave(connection)
    assert len(connections) == 0
    assert not connections._by_network


def test_a_client_that_still_reads_its_answer_is_not_made_to_go() -> None:
    connections = _connections(2)
    reading, idle = _Connection(unsent=1), _Connection()
    for connection in (reading, idle):
        connections.admit(connection, "192.0.2.1")
    assert connections.admit(_Connection(), "192.0.2.1") is None
    assert (reading.aborted, idle.aborted) == (False, True)


def test_the_log_is_not_filled_by_refusals() -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}")
    try:
        connections = _connections(0)
        for _ in range(1000):
            assert connections.admit(_Connection(), "192.0.2.1") == "max_connections"
    finally:
        logger.remove(sink)
    assert len(lines) == 1
    assert "MAX_CONNECTIONS" in lines[0]


# Descriptors


@pytest.mark.parametrize("limit", [64, 256, 1024, 20_000, 1_048_576])
def test_connections_leave_a_reserve(limit: int) -> None:
    have = Descriptors(limit)
    # Each with its upstream's, and as many as one turn of the loop accepts.
    assert 2 * have.connections + have.backlog < limit
    assert have.connections > limit / 4


_SCRIPT = """
import resource
from server import descriptors
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 300))
descriptors.raise_limit()
print(resource.getrlimit(resource.RLIMIT_NOFILE), descriptors.current().limit)
"""


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout == "(300, 300) 300\n"


def test_a_worker_without_descriptors_goes_on_and_accepts_again(
    sqlite_template: Database, tmp_path: Path
) -> None:
    """On the loop that is used in life, which would otherwise be what ends the service."""

    async def main() -> None:
        async with open_door(sqlite_template, tmp_path) as door, await door.connect() as connected:
            await connected.send(HEALTH)
            assert (await connected.answer()).status == 200
            with socket.socket() as refused:
                with no_descriptors():
                    refused.connect(("127.0.0.1", door.port))
                    # Answered behind the attempt to accept the other one.
                    for _ in range(3):
                        await connected.send(HEALTH)
                        assert (await connected.answer()).status == 200
                async with await door.connect() as client:
                    await client.send(HEALTH)
                    assert (await client.answer()).status == 200

    uvloop.run(main())
