"""First byte and idle: when they run, when they do not, and what they raise.

Where a deadline is to pass, it is short and the real clock looks at it. Where it is not to, a slow
machine could make it, so there the test itself looks, as late as it likes.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fake_upstream import FakeUpstream, generated
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.errors import TimedOut
from proxy.upstream.timeouts import Timeouts
from tests.proxy.upstream.conftest import (
    PATIENT,
    Asking,
    first_head,
    next_of_body,
    request,
    until,
    whole_body,
)
from tests.proxy.upstream.corpus import OK

# Nothing here depends on the loop, and all of it takes time.
pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])

#: Of the first byte, or of idling; the other one is long.
SHORT = 0.4
LONG = 60.0
NEVER = float("inf")


@pytest.fixture
async def first_byte(up: FakeUpstream) -> AsyncIterator[Asking]:
    asking = Asking(up.url, Timeouts(LONG, SHORT, LONG))
    yield asking
    await asking.pool.close()


@pytest.fixture
async def idle(up: FakeUpstream) -> AsyncIterator[Asking]:
    asking = Asking(up.url, Timeouts(LONG, LONG, SHORT))
    yield asking
    await asking.pool.close()


@pytest.fixture
async def unwatched(up: FakeUpstream) -> AsyncIterator[Asking]:
    """Nobody looks at its deadlines but the test."""
    asking = Asking(up.url, PATIENT, watched=False)
    yield asking
    await asking.pool.close()


def look_late(connection: UpstreamConnection) -> None:
    """What the pool's clock does, an hour after the deadline, or from now where there is none."""
    now = asyncio.get_running_loop().time()
    connection.check_deadline(3600 + (now if connection.deadline == NEVER else connection.deadline))


async def test_first_byte(up: FakeUpstream, first_byte: Asking) -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimedOut, match="begin to answer"):
        await first_byte.get("hold")
    assert SHORT <= asyncio.get_running_loop().time() - began < LONG
    await up.wait_until(lambda: up.open_connections == 0)


async def test_first_byte_is_met_by_an_interim_response(
    up: FakeUpstream, unwatched: Asking
) -> None:
    up.script(None, [b"HTTP/1.1 103 Early Hints\r\n\r\n"], close=False)
    connection = await unwatched.ask()
    assert (await connection.head()).status == 103
    assert connection.received
    # From then on it is idle.
    look_late(connection)
    with pytest.raises(TimedOut, match="go on"):
        await connection.head()
    unwatched.pool.release(connection)


async def test_first_byte_counts_from_the_last_byte_written(unwatched: Asking) -> None:
    connection = await unwatched.acquire("POST")
    connection.write(request("echo", method="POST", extra="Content-Length: 10\r\n"))
    for _ in range(10):
        before = connection.deadline
        await asyncio.sleep(0.01)
        connection.write(b"x")
        assert before < connection.deadline < NEVER
    assert (await connection.head()).status == 200
    unwatched.pool.release(connection)


async def test_first_byte_does_not_run_while_the_client_keeps_us_waiting(
    up: FakeUpstream, unwatched: Asking
) -> None:
    connection = await unwatched.acquire("POST")
    connection.write(request("echo", method="POST", extra="Content-Length: 1\r\n"))
    connection.upload = asyncio.get_running_loop().create_future()
    await up.wait_until(lambda: up.heads == 1)
    for _ in range(3):
        look_late(connection)
    connection.write(b"x")
    connection.upload.set_result(None)
    assert (await connection.head()).status == 200
    unwatched.pool.release(connection)


async def test_first_byte_runs_again_once_the_client_has_sent_everything(
    first_byte: Asking,
) -> None:
    connection = await first_byte.acquire("POST")
    connection.write(request("hold, early", method="POST", extra="Content-Length: 1\r\n"))
    connection.upload = asyncio.get_running_loop().create_future()
    await asyncio.sleep(SHORT * 2)
    connection.write(b"x")
    connection.upload.set_result(None)
    with pytest.raises(TimedOut):
        await asyncio.wait_for(first_head(connection), LONG)
    first_byte.pool.release(connection)


async def test_an_upstream_that_takes_the_request_slowly_is_not_late(
    up: FakeUpstream, unwatched: Asking
) -> None:
    """Its request leaves for several times the deadline, and moves between two looks."""
    size = 12 * 1024 * 1024
    connection = await unwatched.acquire("POST")
    connection.write(
        request(f"echo, slowread={size}", method="POST", extra=f"Content-Length: {size}\r\n")
    )
    connection.write(bytes(size))
    transport = connection.transport
    assert transport is not None
    seen: list[int] = []
    while not seen or seen[-1]:
        await until(lambda: transport.get_write_buffer_size() not in seen)
        seen.append(transport.get_write_buffer_size())
        look_late(connection)
    assert len(seen) > 2
    assert (await connection.head()).status == 200
    assert (await up.wait_for(1)).body_length == size
    unwatched.pool.release(connection)


async def test_an_upstream_that_takes_nothing_is_late(first_byte: Asking) -> None:
    connection = await first_byte.acquire("POST")
    head = request("slowread=0", method="POST", extra="Content-Length: 1000000000\r\n")
    connection.write(head + bytes(32 * 1024 * 1024))
    connection.upload = asyncio.get_running_loop().create_future()
    with pytest.raises(TimedOut):
        await asyncio.wait_for(first_head(connection), LONG)
    first_byte.pool.release(connection)


async def test_idle(up: FakeUpstream, idle: Asking) -> None:
    connection = await idle.ask("hold", method="POST", path="/v1/chat/completions")
    idle.pool.release(connection)
    # In one packet: what has begun can be read, however late.
    up.script(None, [OK + b"Content-Length: 2\r\n\r\na"], close=False)
    connection = await idle.ask()
    await connection.head()
    assert await next_of_body(connection)
    with pytest.raises(TimedOut, match="go on"):
        await whole_body(connection)
    idle.pool.release(connection)
    await up.wait_until(lambda: up.open_connections == 0)


async def test_idle_starts_anew_with_every_byte(up: FakeUpstream, unwatched: Asking) -> None:
    up.script(None, [OK + b"Content-Length: 4\r\n\r\na"], close=False)
    connection = await unwatched.ask()
    assert (await connection.head()).status == 200
    assert await next_of_body(connection) == b"a"
    (upstream,) = up._open
    for byte, ended in ((b"b", False), (b"c", False), (b"d", True)):
        now = asyncio.get_running_loop().time()
        connection.deadline = now
        upstream.write(byte)
        assert await next_of_body(connection) == byte
        assert connection.deadline >= (NEVER if ended else now + LONG)
    unwatched.pool.release(connection)


async def test_idle_does_not_run_while_reading_is_held_back(unwatched: Asking) -> None:
    size = 8 * 1024 * 1024
    connection = await unwatched.ask(f"bytes={size}")
    await connection.head()
    await until(lambda: connection.deadline == NEVER)
    look_late(connection)
    assert await whole_body(connection) == generated(size)
    unwatched.pool.release(connection)


async def test_idle_runs_again_once_reading_goes_on(unwatched: Asking) -> None:
    connection = await unwatched.ask(f"bytes={8 * 1024 * 1024}, break={6 * 1024 * 1024}")
    await connection.head()
    await until(lambda: connection.deadline == NEVER)
    await next_of_body(connection)
    assert connection.deadline < asyncio.get_running_loop().time() + LONG + 1
    unwatched.pool.release(connection)


async def test_a_whole_response_is_never_late(unwatched: Asking) -> None:
    connection = await unwatched.ask("bytes=10")
    await connection.head()
    await until(lambda: connection.deadline == NEVER)
    look_late(connection)
    assert await next_of_body(connection) == generated(10)
    assert connection.is_reusable()
    unwatched.pool.release(connection)


async def test_what_arrived_before_the_deadline_can_still_be_read(
    up: FakeUpstream, idle: Asking
) -> None:
    up.script(None, [OK + b"Content-Length: 2\r\n\r\na"], close=False)
    connection = await idle.ask()
    await up.wait_until(lambda: up.finished == 1)
    await asyncio.sleep(SHORT * 3)
    assert (await connection.head()).status == 200
    assert await next_of_body(connection) == b"a"
    with pytest.raises(TimedOut):
        await next_of_body(connection)
    idle.pool.release(connection)


async def test_an_idle_connection_has_no_deadline(unwatched: Asking) -> None:
    await unwatched.get()
    (connection,) = unwatched.pool._idle[unwatched.address.origin]
    look_late(connection)
    assert await unwatched.acquire() is connection
    unwatched.pool.release(connection)
