"""A fake upstream, a pool that leads to it, and asyncio's loop and uvloop to run them on."""

import asyncio
import gc
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import cache

import pytest
import uvloop

from fake_upstream import FakeUpstream
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.pool import Pool
from proxy.upstream.target import address_of
from proxy.upstream.timeouts import Timeouts

#: Longer than any machine stands still.
PATIENT = Timeouts(connect=60.0, first_byte=60.0, idle=60.0)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The two differ in what they do around pauses, half-closes and TLS."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def up() -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream() as upstream:
        yield upstream


class Asking:
    """One pool, and requests through it as the data path makes them.

    `watched`: the pool's clock looks at the deadlines; otherwise only the test does.
    """

    def __init__(
        self,
        url: str,
        timeouts: Timeouts = PATIENT,
        tls: ssl.SSLContext | None = None,
        *,
        watched: bool = True,
    ) -> None:
        self.address = address_of(url)
        self.pool = Pool(timeouts, tls or no_authorities())
        if watched:
            self.pool.open()

    async def acquire(self, method: str = "GET") -> UpstreamConnection:
        return await self.pool.acquire(self.address.origin, method)

    async def ask(
        self, fake: str = "", *, method: str = "GET", path: str = "/v1/models"
    ) -> UpstreamConnection:
        """A connection on which a request has been written."""
        connection = await self.acquire(method)
        connection.write(request(fake, method=method, path=path))
        return connection

    async def get(
        self, fake: str = "", *, method: str = "GET", path: str = "/v1/models"
    ) -> tuple[UpstreamHead, bytes]:
        """The final head and the whole body; the connection is given back, however it went."""
        connection = await self.ask(fake, method=method, path=path)
        try:
            return await final_head(connection), await whole_body(connection)
        finally:
            self.pool.release(connection)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds; pytest's timeout ends what never does."""
    while not condition():
        await asyncio.sleep(0.002)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port where nobody listens; it is bound, so that nobody else can begin to."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield nobody.getsockname()[1]


@cache
def no_authorities() -> ssl.SSLContext:
    # Reading the system's takes longer than most tests here.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def living(kind: type) -> int:
    """How many of these objects there are, whoever holds them."""
    return sum(isinstance(each, kind) for each in gc.get_objects())


def request(
    fake: str = "", *, method: str = "GET", path: str = "/v1/models", extra: str = ""
) -> bytes:
    behaviour = f"X-Fake: {fake}\r\n" if fake else ""
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{behaviour}{extra}\r\n".encode()


async def first_head(connection: UpstreamConnection) -> UpstreamHead:
    """For what takes no other awaitable than a coroutine."""
    return await connection.head()


async def final_head(connection: UpstreamConnection) -> UpstreamHead:
    while (head := await connection.head()).status < 200:
        pass
    return head


async def next_of_body(connection: UpstreamConnection) -> bytes:
    """What of the body has arrived, or the next of it to arrive; b"" at its end."""
    pieces: list[bytes] = []

    def take(data: bytes) -> bool:
        pieces.append(data)
        return False

    await connection.pump(take)
    return b"".join(pieces)


async def whole_body(connection: UpstreamConnection) -> bytes:
    pieces: list[bytes] = []

    def take(data: bytes) -> bool:
        pieces.append(data)
        return True

    await connection.pump(take)
    return b"".join(pieces)


@pytest.fixture
async def asking(up: FakeUpstream) -> AsyncIterator[Asking]:
    asking = Asking(up.url)
    yield asking
    await asking.pool.close()
