"""An upstream per test, and a token of the service that leads to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from fake_upstream import FakeUpstream
from tests.fixtures.sdks import openai
from tests.fixtures.service import UPSTREAM_KEY, Issued, Service


@pytest.fixture
async def up() -> AsyncIterator[FakeUpstream]:
    """An upstream that wants the projects' key."""
    async with FakeUpstream(api_keys={UPSTREAM_KEY}) as upstream:
        yield upstream


@pytest.fixture
async def issued(service: Service, up: FakeUpstream) -> Issued:
    """An unlimited token whose requests go to `up`."""
    return await service.make_token(up.url)


@pytest.fixture
async def client(service: Service, issued: Issued) -> AsyncIterator[openai.AsyncOpenAI]:
    """The OpenAI client, as anybody would make it."""
    async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key=issued.secret) as opened:
        yield opened


@pytest.fixture
async def http(service: Service, issued: Issued) -> AsyncIterator[httpx.AsyncClient]:
    """The token's bearer, without an SDK."""
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer, timeout=30) as opened:
        yield opened
