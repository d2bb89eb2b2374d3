"""An upstream that is late, and the slowness of others that must not be taken for it."""

import asyncio
from dataclasses import replace
from typing import Final

import pytest

from fake_upstream import generated
from tests.differential.conftest import Both, code
from tests.differential.wire import Ask, wired

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHORT: Final = 0.5
ENVIRON: Final = {
    "UPSTREAM_FIRST_BYTE_TIMEOUT": str(SHORT),
    "UPSTREAM_IDLE_TIMEOUT": str(SHORT),
}
GET = Ask()
UPLOAD = Ask("POST", b"/v1/files", ((b"Content-Type", b"application/octet-stream"),))


async def test_no_first_byte_in_time(both: Both) -> None:
    seen = await both.proxied(replace(UPLOAD, fake="hold"))
    assert (seen.status, code(seen)) == (504, "upstream_timeout")
    await both.up.wait_until(lambda: both.up.open_connections == 0)


async def test_a_slow_client_is_not_a_late_upstream(both: Both) -> None:
    """The upstream waits for a body that the client sends for longer than the deadline."""
    ask = replace(UPLOAD, fake="bytes=5", body=[b"ab"], holds_back=2)
    async with wired(both.door.port) as wire:
        await wire.send(ask, both.door.secret.encode())
        await asyncio.sleep(SHORT * 2)
        wire.writer.write(b"cd")
        seen = await wire.receive("POST")
    assert (seen.status, seen.body) == (200, generated(5))
    assert both.up.last.body == b"abcd"


async def test_an_upstream_that_falls_silent(both: Both) -> None:
    seen = await both.proxied(replace(GET, fake="bytes=100, chunk=10, gap=20"))
    assert (seen.status, seen.whole, seen.body) == (200, False, generated(10))


async def test_a_slow_reader_is_not_a_silent_upstream(both: Both) -> None:
    """While we hold back reading, idling does not run."""
    size = 16 * 1024 * 1024
    ask = replace(GET, target=b"/v1/files/f/content", fake=f"bytes={size}")
    async with wired(both.door.port) as wire:
        await wire.send(ask, both.door.secret.encode())
        await asyncio.sleep(SHORT * 4)
        seen = await wire.receive("GET")
    assert seen.whole
    assert seen.body == generated(size)
