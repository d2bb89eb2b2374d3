"""An upstream that is late, and the slowness of others that must not be taken for it."""

import asyncio
from dataclasses import replace
from typing import Final

import pytest

from fake_upstream import generated
from proxy.upstream.connection import UpstreamConnection
from tests.differential.conftest import Both, code
from tests.differential.wire import PATIENCE, Ask, wired

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("both_ways")]

SHORT: Final = 0.5
ENVIRON: Final = {
    "UPSTREAM_FIRST_BYTE_TIMEOUT": str(SHORT),
    "UPSTREAM_IDLE_TIMEOUT": str(SHORT),
}
GET = Ask()
UPLOAD = Ask("POST", b"/v1/files", ((b"Content-Type", b"application/octet-stream"),))


class Clock:
    """The clock that looks at the deadlines. Where none is to pass, a slow machine must not make
    it: there the test stops the clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stopped = False
        self.watched: set[UpstreamConnection] = set()
        really_look = UpstreamConnection.check_deadline

        def look(connection: UpstreamConnection, now: float) -> None:
            self.watched.add(connection)
            if not self.stopped:
                really_look(connection, now)

        monkeypatch.setattr(UpstreamConnection, "check_deadline", look)

    async def see_it_held_back(self) -> None:
        """Return once we have stopped reading from an upstream, and do not go on."""
        turns = 0
        async with asyncio.timeout(PATIENCE):
            # The client's buffers take some more at first.
            while turns < 20:
                await asyncio.sleep(0.01)
                held_back = any(connection._paused for connection in self.watched)
                turns = turns + 1 if held_back else 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def test_no_first_byte_in_time(both: Both) -> None:
    seen = await both.proxied(replace(UPLOAD, fake="hold"))
    assert (seen.status, code(seen)) == (504, "upstream_timeout")
    await both.up.wait_until(lambda: both.up.open_connections == 0)


async def test_a_slow_client_is_not_a_late_upstream(both: Both, clock: Clock) -> None:
    """The upstream waits for a body that the client sends for longer than the deadline."""
    ask = replace(UPLOAD, fake="bytes=5", body=[b"ab"], holds_back=2)
    async with wired(both.door.port) as wire:
        await wire.send(ask, both.door.secret.encode())
        await both.up.wait_until(lambda: both.up.heads == 1)
        await asyncio.sleep(SHORT * 2)
        clock.stopped = True
        wire.writer.write(b"cd")
        seen = await wire.receive("POST")
    assert (seen.status, seen.body) == (200, generated(5))
    assert both.up.last.body == b"abcd"


async def test_an_upstream_that_falls_silent(both: Both, clock: Clock) -> None:
    clock.stopped = True
    async with wired(both.door.port) as wire:
        ask = replace(GET, fake="bytes=100, chunk=10, gap=60")
        await wire.send(ask, both.door.secret.encode())
        head = await wire.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert await wire.reader.readexactly(10) == generated(10)
        clock.stopped = False
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)) as cut:
            await asyncio.wait_for(wire.reader.readexactly(90), PATIENCE)
    assert getattr(cut.value, "partial", b"") == b""


async def test_a_slow_reader_is_not_a_silent_upstream(both: Both, clock: Clock) -> None:
    """While we hold back reading, idling does not run."""
    size = 16 * 1024 * 1024
    ask = replace(GET, target=b"/v1/files/f/content", fake=f"bytes={size}")
    clock.stopped = True
    async with wired(both.door.port) as wire:
        await wire.send(ask, both.door.secret.encode())
        await clock.see_it_held_back()
        clock.stopped = False
        await asyncio.sleep(SHORT * 4)
        clock.stopped = True
        seen = await wire.receive("GET")
    assert seen.whole
    assert seen.body == generated(size)
