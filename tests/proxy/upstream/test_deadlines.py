"""First byte and idle: when they run, when they do not, and what they raise.

Deadlines here are short and the waits around them are several times as long or as short.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fake_upstream import FakeUpstream, generated
from proxy.upstream.connection import Timeouts, UpstreamConnection
from proxy.upstream.errors import TimedOut
from tests.proxy.upstream.conftest import Asking, next_of_body, request, whole_body

# Nothing here depends on the loop, and all of it takes time.
pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])

#: Of the first byte, or of idling; the other one is long.
SHORT = 0.4
LONG = 30.0


@pytest.fixture
async def first_byte(up: FakeUpstream) -> AsyncIterator[Asking]:
    asking = Asking(up.url, Timeouts(5.0, SHORT, LONG))
    yield asking
    await asking.pool.close()


@pytest.fixture
async def idle(up: FakeUpstream) -> AsyncIterator[Asking]:
    asking = Asking(up.url, Timeouts(5.0, LONG, SHORT))
    yield asking
    await asking.pool.close()


async def test_first_byte(up: FakeUpstream, first_byte: Asking) -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimedOut, match="begin to answer"):
        await first_byte.get("hold")
    assert SHORT <= asyncio.get_running_loop().time() - began < SHORT + 2
    await up.wait_until(lambda: up.open_connections == 0)


async def test_first_byte_is_met_by_an_interim_response(first_byte: Asking) -> None:
    connection = await first_byte.ask("1xx=103, delay=0.1, gap=1")
    assert (await connection.head()).status == 103
    assert connection.received
    first_byte.pool.release(connection)


async def test_first_byte_counts_from_the_last_byte_written(first_byte: Asking) -> None:
    connection = await first_byte.acquire("POST")
    connection.write(request("echo", method="POST", extra="Content-Length: 10\r\n"))
    for _ in range(10):
        await asyncio.sleep(SHORT / 4)
        connection.write(b"x")
    assert (await connection.head()).status == 200
    first_byte.pool.release(connection)


async def test_first_byte_does_not_run_while_the_client_keeps_us_waiting(
    first_byte: Asking,
) -> None:
    connection = await first_byte.acquire("POST")
    connection.write(request("echo", method="POST", extra="Content-Length: 1\r\n"))
    connection.uploading = True
    await asyncio.sleep(SHORT * 3)
    connection.write(b"x")
    connection.uploading = False
    assert (await connection.head()).status == 200
    first_byte.pool.release(connection)


async def test_first_byte_runs_again_once_the_client_has_sent_everything(
    first_byte: Asking,
) -> None:
    connection = await first_byte.acquire("POST")
    connection.write(request("hold, early", method="POST", extra="Content-Length: 1\r\n"))
    connection.uploading = True
    await asyncio.sleep(SHORT * 2)
    connection.write(b"x")
    connection.uploading = False
    with pytest.raises(TimedOut):
        await asyncio.wait_for(connection.head(), SHORT + 2)
    first_byte.pool.release(connection)


async def test_an_upstream_that_takes_the_request_slowly_is_not_late(
    up: FakeUpstream, first_byte: Asking
) -> None:
    """Its request leaves for several times the deadline, without a pause as long as it."""
    size = 12 * 1024 * 1024
    connection = await first_byte.acquire("POST")
    connection.write(
        request(f"echo, slowread={size}", method="POST", extra=f"Content-Length: {size}\r\n")
    )
    connection.write(bytes(size))
    began = asyncio.get_running_loop().time()
    assert (await connection.head()).status == 200
    assert asyncio.get_running_loop().time() - began > SHORT
    assert (await up.wait_for(1)).body_length == size
    first_byte.pool.release(connection)


async def test_an_upstream_that_takes_nothing_is_late(first_byte: Asking) -> None:
    connection = await first_byte.acquire("POST")
    head = request("slowread=0", method="POST", extra="Content-Length: 1000000000\r\n")
    connection.write(head + bytes(32 * 1024 * 1024))
    connection.uploading = True
    with pytest.raises(TimedOut):
        await asyncio.wait_for(connection.head(), 5)
    first_byte.pool.release(connection)


async def test_idle(up: FakeUpstream, idle: Asking) -> None:
    connection = await idle.ask("hold", method="POST", path="/v1/chat/completions")
    idle.pool.release(connection)
    up.behave("bytes=100, chunk=10, gap=20")
    connection = await idle.ask()
    await connection.head()
    assert await next_of_body(connection)
    with pytest.raises(TimedOut, match="go on"):
        await whole_body(connection)
    idle.pool.release(connection)
    await up.wait_until(lambda: up.open_connections == 0)


async def test_idle_starts_anew_with_every_byte(idle: Asking) -> None:
    head, body = await idle.get(f"bytes=12, chunk=1, gap={SHORT / 4}")
    assert (head.status, body) == (200, generated(12))


async def test_idle_does_not_run_while_reading_is_held_back(idle: Asking) -> None:
    size = 8 * 1024 * 1024
    connection = await idle.ask(f"bytes={size}")
    await connection.head()
    await asyncio.sleep(SHORT * 3)
    assert await whole_body(connection) == generated(size)
    idle.pool.release(connection)


async def test_idle_runs_again_once_reading_goes_on(idle: Asking) -> None:
    connection = await idle.ask(f"bytes={8 * 1024 * 1024}, break={6 * 1024 * 1024}")
    await connection.head()
    await asyncio.sleep(0.1)
    await next_of_body(connection)
    assert connection.deadline < asyncio.get_running_loop().time() + SHORT + 1
    idle.pool.release(connection)


async def test_a_whole_response_is_never_late(idle: Asking) -> None:
    connection = await idle.ask("bytes=10")
    await connection.head()
    await asyncio.sleep(SHORT * 3)
    assert await next_of_body(connection) == generated(10)
    assert connection.reusable
    idle.pool.release(connection)


async def test_what_arrived_before_the_deadline_can_still_be_read(idle: Asking) -> None:
    connection = await idle.ask("bytes=100, chunk=10, gap=20")
    await asyncio.sleep(SHORT * 3)
    assert (await connection.head()).status == 200
    assert await next_of_body(connection) == generated(10)
    with pytest.raises(TimedOut):
        await next_of_body(connection)
    idle.pool.release(connection)


async def test_an_idle_connection_has_no_deadline(first_byte: Asking) -> None:
    await first_byte.get()
    await asyncio.sleep(SHORT * 3)
    connection, reused = await first_byte.pool.acquire(first_byte.address.origin, "GET")
    assert isinstance(connection, UpstreamConnection)
    assert reused
    first_byte.pool.release(connection)
