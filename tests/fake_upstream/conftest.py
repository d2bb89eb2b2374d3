"""A fake upstream per test, and the ways to talk to it: the providers' clients, a bare socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from fake_upstream import FakeUpstream
from tests.fixtures.sdks import anthropic, openai

Exchange = Callable[[bytes], Awaitable[bytes]]


@pytest.fixture
async def up() -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream(api_keys={"sk-right"}) as upstream:
        yield upstream


@pytest.fixture
async def client(up: FakeUpstream) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=f"{up.url}/v1", api_key="sk-right", max_retries=0
    ) as opened:
        yield opened


@pytest.fixture
async def claude(up: FakeUpstream) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(
        base_url=up.url, api_key="sk-right", max_retries=0
    ) as opened:
        yield opened


@pytest.fixture
async def http(up: FakeUpstream) -> AsyncIterator[httpx.AsyncClient]:
    authorization = {"authorization": "Bearer sk-right"}
    async with httpx.AsyncClient(base_url=up.url, headers=authorization) as opened:
        yield opened


@pytest.fixture
def exchange(up: FakeUpstream) -> Exchange:
    """Send these bytes on a fresh connection; what comes back until it ends."""

    async def send(data: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(up.host, up.port)
        writer.write(data)
        try:
            return await asyncio.wait_for(reader.read(), 60)
        finally:
            writer.close()

    return send
