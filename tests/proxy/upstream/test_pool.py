"""Which connections are used again, and that none is lost track of."""

import asyncio
import socket

import pytest

from fake_upstream import FakeUpstream
from proxy.upstream import connection as connection_module
from proxy.upstream.connection import IDLE_MAX_PER_ORIGIN
from proxy.upstream.errors import ConnectFailed, ConnectionLost, TimedOut
from proxy.upstream.pool import Pool
from proxy.upstream.sending import IDLE_SECONDS
from proxy.upstream.target import Origin, address_of
from proxy.upstream.timeouts import Timeouts
from tests.fixtures.descriptors import no_descriptors
from tests.proxy.upstream.conftest import (
    PATIENT,
    Asking,
    final_head,
    no_authorities,
    request,
    until,
    whole_body,
)


async def test_a_clean_end_is_used_again(up: FakeUpstream, asking: Asking) -> None:
    for fake in ("bytes=5", "bytes=5, chunked", "status=204", "status=500", "trailer=X:y"):
        await asking.get(fake)
    assert up.connections == 1
    assert asking.pool.connections == 1


async def test_an_announced_end_is_not(up: FakeUpstream, asking: Asking) -> None:
    for fake in ("bytes=5, final", "bytes=5, close"):
        await asking.get(fake)
    assert up.connections == 2
    assert asking.pool.connections == 0


async def test_an_unfinished_exchange_is_not(up: FakeUpstream, asking: Asking) -> None:
    connection = await asking.ask("bytes=100, chunk=10, gap=20")
    await connection.head()
    asking.pool.release(connection)
    await up.wait_until(lambda: up.open_connections == 0)
    assert asking.pool.connections == 0


async def test_the_last_used_is_the_first_taken(asking: Asking) -> None:
    first, second = await asking.ask(), await asking.ask()
    for connection in (first, second):
        await final_head(connection)
        await whole_body(connection)
        asking.pool.release(connection)
    assert await asking.acquire() is second
    assert await asking.acquire() is first


async def test_fresh_means_fresh(up: FakeUpstream, asking: Asking) -> None:
    await asking.get()
    (idle,) = asking.pool._idle[asking.address.origin]
    connection = await asking.pool.acquire(asking.address.origin, "GET", fresh=True)
    assert connection is not idle
    asking.pool.release(connection)
    await up.wait_until(lambda: up.connections == 2)


async def test_origins_do_not_share(up: FakeUpstream, asking: Asking) -> None:
    await asking.get()
    (idle,) = asking.pool._idle[asking.address.origin]
    other = asking.address.origin._replace(host="localhost")
    connection = await asking.pool.acquire(other, "GET")
    assert connection is not idle
    asking.pool.release(connection)


async def test_a_connection_that_died_while_idle_is_passed_over(
    up: FakeUpstream, asking: Asking
) -> None:
    await asking.get()
    (connection,) = asking.pool._idle[asking.address.origin]
    up.disconnect()
    await until(lambda: not connection.usable)
    assert await asking.acquire("POST") is not connection


@pytest.mark.parametrize("what", ["an end", "an answer to nothing"])
async def test_what_the_loop_has_not_come_to_is_seen(
    up: FakeUpstream, asking: Asking, what: str
) -> None:
    """It comes while the loop is busy, so that it is in the kernel and nowhere else.

    However short a time the connection has idled: an answer would be taken for that to the next
    request.
    """
    await asking.get()
    (connection,) = asking.pool._idle[asking.address.origin]
    before = connection.takes("GET")
    (served,) = up._open
    # Past the loop, as another process would.
    descriptor = served._transport.get_extra_info("socket").fileno()
    with socket.socket(fileno=socket.dup(descriptor)) as duplicate:
        if what == "an end":
            duplicate.shutdown(socket.SHUT_RDWR)
        else:
            duplicate.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    # The kernel may be busy, too.
    assert connection._poll is not None
    connection._poll.poll(60_000)
    assert connection.usable
    assert (before, connection.takes("GET")) == (True, False)
    assert await asking.acquire("POST") is not connection


async def test_bytes_on_an_idle_connection_end_it(up: FakeUpstream, asking: Asking) -> None:
    await asking.get()
    (connection,) = asking.pool._idle[asking.address.origin]
    (served,) = up._open
    served._transport.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
    await up.wait_until(lambda: up.open_connections == 0)
    assert await asking.acquire() is not connection


async def test_idle_connections_are_retired(up: FakeUpstream, asking: Asking) -> None:
    await asking.get()
    (connection,) = asking.pool._idle[asking.address.origin]
    connection.idle_since -= IDLE_SECONDS + 1
    # Too old to be taken, even before the clock comes round.
    fresh = await asking.acquire()
    assert fresh is not connection
    asking.pool.release(fresh)

    await asking.get()
    (connection,) = asking.pool._idle[asking.address.origin]
    connection.idle_since -= IDLE_SECONDS + 1
    await up.wait_until(lambda: up.open_connections == 0)
    assert asking.pool.connections == 0


async def test_the_upstream_may_say_how_long_to_idle(up: FakeUpstream, asking: Asking) -> None:
    await asking.get("header=Keep-Alive:timeout=3%2C max=10")
    (connection,) = asking.pool._idle[asking.address.origin]
    connection.idle_since -= 2.5
    assert await asking.acquire() is not connection


async def test_only_so_many_idle(
    up: FakeUpstream, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert IDLE_MAX_PER_ORIGIN > 3
    monkeypatch.setattr(connection_module, "IDLE_MAX_PER_ORIGIN", 3)
    connections = [await asking.ask() for _ in range(5)]
    for connection in connections:
        await final_head(connection)
        await whole_body(connection)
        asking.pool.release(connection)
    assert asking.pool.connections == 3
    await up.wait_until(lambda: up.open_connections == 3)


async def test_the_clock_loses_no_connection_that_is_in_use(
    up: FakeUpstream, asking: Asking
) -> None:
    """It forgets origins of which none is left, and this one has just none that idles."""
    await asking.get()
    connection = await asking.ask()
    asking.pool._retire_idle(asyncio.get_running_loop().time())
    await final_head(connection)
    await whole_body(connection)
    asking.pool.release(connection)
    assert await asking.acquire() is connection

    connection.close()
    asking.pool.release(connection)
    asking.pool._retire_idle(asyncio.get_running_loop().time())
    assert not asking.pool._idle


async def test_release_is_safe_twice(asking: Asking) -> None:
    connection = await asking.ask()
    asking.pool.release(connection)
    asking.pool.release(connection)
    assert asking.pool.connections == 0


async def test_close_drops_busy_and_idle_and_what_comes_back(
    up: FakeUpstream, asking: Asking
) -> None:
    await asking.get()
    busy = await asking.ask("hold")
    late = await asking.acquire()
    late.write(request())
    await final_head(late)
    await whole_body(late)
    await asking.pool.close()
    await up.wait_until(lambda: up.open_connections == 0)
    with pytest.raises(ConnectionLost):
        await busy.head()
    for connection in (busy, late):
        asking.pool.release(connection)
    # A request that was still on its way in.
    await asking.get()
    assert asking.pool.connections == 0


async def test_a_cancelled_dial_leaves_nothing_open(up: FakeUpstream) -> None:
    """Cancelled at every step on its way."""
    for steps in range(12):
        pool = Pool(PATIENT, no_authorities())
        dialing = asyncio.create_task(pool.acquire(address_of(up.url).origin, "GET"))
        for _ in range(steps):
            await asyncio.sleep(0)
        if steps % 3 == 0:
            await asyncio.sleep(0.002)
        dialing.cancel()
        await asyncio.gather(dialing, return_exceptions=True)
        if not dialing.cancelled():
            pool.release(dialing.result())
        assert pool.connections == 0
        await pool.close()
    await up.wait_until(lambda: up.open_connections == 0)


async def test_a_failed_dial_leaves_nothing_behind(closed_port: int) -> None:
    pool = Pool(PATIENT, no_authorities())
    with pytest.raises(ConnectFailed):
        await pool.acquire(Origin("http", "127.0.0.1", closed_port), "GET")
    assert pool.connections == 0
    await pool.close()


async def test_idle_ones_make_way_for_others(up: FakeUpstream) -> None:
    """The longest idle first; those in use stay, and more may come."""
    async with FakeUpstream() as other:
        pool = Pool(PATIENT, no_authorities(), most=2)
        origins = [address_of(one.url).origin for one in (up, other)]
        for origin in origins:
            connection = await pool.acquire(origin, "GET")
            connection.write(request(""))
            await final_head(connection)
            await whole_body(connection)
            pool.release(connection)
        busy = [await pool.acquire(origins[1], "GET") for _ in range(2)]
        await up.wait_until(lambda: up.open_connections == 0)
        assert pool.connections == 2
        busy.append(await pool.acquire(origins[0], "GET"))
        assert pool.connections == 3
        for connection in busy:
            pool.release(connection)
        await pool.close()


async def test_the_clock_goes_on_where_no_descriptor_is_left(up: FakeUpstream) -> None:
    """A worker whose clock has stopped would wait for a silent upstream for ever."""
    asking = Asking(up.url, Timeouts(connect=60.0, first_byte=0.2, idle=60.0))
    connections = [await asking.ask("hold") for _ in range(2)]
    with no_descriptors():
        for connection in connections:
            with pytest.raises(TimedOut):
                await connection.head()
            asking.pool.release(connection)
    assert asking.pool._clock is not None
    assert not asking.pool._clock.done()
    await asking.pool.close()
