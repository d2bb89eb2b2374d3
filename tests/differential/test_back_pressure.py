"""A slow side slows the other one down and fills no memory: a real worker is measured."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from fake_upstream import FakeUpstream, generated
from tests.differential.wire import Ask, Wire, wired
from tests.fixtures.service import UPSTREAM_KEY, Issued, RunService, Service

GIGABYTE: Final = 1_000_000_000
#: Both ways at once; one alone would hide behind the interpreter's own ups and downs.
STREAMS: Final = 20
#: KiB that one stream may take: a full queue, a full buffer, and what is between them.
EACH: Final = 2000
DOWNLOAD: Final = Ask(target=b"/v1/files/f/content", fake=f"bytes={GIGABYTE}")
UPLOAD: Final = Ask(
    "POST", b"/v1/files", ((b"Content-Type", b"application/octet-stream"),), fake="slowread=0"
)


# What is weighed shares no memory with another process.
pytestmark = pytest.mark.real_start


@pytest.fixture
async def up() -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream(api_keys={UPSTREAM_KEY}) as upstream:
        yield upstream


@pytest.fixture
def service(run_service: RunService) -> Service:
    return run_service(UPLOAD_MAX_BYTES=str(2 * GIGABYTE))


@pytest.fixture
async def issued(service: Service, up: FakeUpstream) -> Issued:
    return await service.make_token(up.url)


def weigh(service: Service) -> int:
    """Resident memory of the one worker, in KiB."""
    (worker,) = service.workers()
    status = Path(f"/proc/{worker}/status")
    if not status.exists():
        listed = ["/bin/ps", "-o", "rss=", "-p", str(worker)]
        return int(subprocess.run(listed, check=True, capture_output=True, text=True).stdout)
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text())
    assert found is not None
    return int(found[1])


async def connect(stack: AsyncExitStack, service: Service, count: int) -> list[Wire]:
    return [await stack.enter_async_context(wired(service.port)) for _ in range(count)]


async def test_clients_that_read_slowly(service: Service, issued: Issued, up: FakeUpstream) -> None:
    async with AsyncExitStack() as stack:
        wires = await connect(stack, service, STREAMS)
        await wires[0].send(replace(DOWNLOAD, fake="bytes=1000000"), issued.secret.encode())
        assert (await wires[0].receive("GET")).whole
        before = weigh(service)
        for wire in wires:
            await wire.send(DOWNLOAD, issued.secret.encode())
            await wire.reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(1)
        assert weigh(service) - before < STREAMS * EACH
        # Half of them take a part, which the others do not wait for.
        for wire in wires[: STREAMS // 2]:
            assert await wire.reader.readexactly(5_000_000) == generated(5_000_000)
        assert weigh(service) - before < STREAMS * EACH
        assert up.finished == 1
    await up.wait_until(lambda: up.aborted == STREAMS)
    assert up.open_connections == 0


async def test_upstreams_that_read_slowly(
    service: Service, issued: Issued, up: FakeUpstream
) -> None:
    async with AsyncExitStack() as stack:
        wires = await connect(stack, service, STREAMS)
        await wires[0].send(
            replace(UPLOAD, fake="bytes=1", body=[bytes(1_000_000)]), issued.secret.encode()
        )
        assert (await wires[0].receive("POST")).whole
        before = weigh(service)
        ask = replace(UPLOAD, holds_back=GIGABYTE)
        sent = await asyncio.gather(
            *(fill(wire, ask.head(issued.secret.encode())) for wire in wires)
        )
        await up.wait_until(lambda: up.heads == STREAMS + 1)
        assert weigh(service) - before < STREAMS * EACH
        # What went out is in the kernels' buffers, on both sides of the proxy.
        assert max(sent) < 64_000_000


async def fill(wire: Wire, head: bytes) -> int:
    """Send until nothing is taken any more; how many bytes that were."""
    wire.writer.write(head)
    sent = 0
    try:
        while True:
            wire.writer.write(bytes(65536))
            await asyncio.wait_for(wire.writer.drain(), 1.0)
            sent += 65536
    except TimeoutError:
        return sent
