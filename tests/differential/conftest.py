"""The real app on a real socket over a real database, a fake upstream, and both ways to it."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import uuid4

import pytest
import pytest_asyncio

from config import Database, load
from fake_upstream import FakeUpstream, Recorded
from models import Project, Token
from models.crypto import KeyRing
from tests.differential.differences import compare_requests, compare_responses
from tests.differential.wire import Ask, Seen, wired
from tests.fixtures.service import BY, GIVEN, UPSTREAM_KEY
from tests.server.door import Door, open_door


@dataclass(frozen=True, slots=True)
class Both:
    """Two ways to one upstream: `direct`, and through the `proxied` port of the app."""

    door: Door

    @property
    def up(self) -> FakeUpstream:
        return self.door.up

    async def direct(self, ask: Ask) -> Seen:
        """Straight to the upstream, with its own key."""
        return await exchange(self.up.port, ask, UPSTREAM_KEY.encode())

    async def proxied(self, ask: Ask, secret: str = "") -> Seen:
        """Through the proxy, with a token."""
        return await exchange(self.door.port, ask, (secret or self.door.secret).encode())

    async def compare(self, ask: Ask) -> tuple[Seen, Recorded]:
        """Send it both ways and hold one against the other; what the proxy's client got."""
        direct = await self.direct(ask)
        direct_request = await self.up.wait_for(self.up.count)
        before = self.up.count
        proxied = await self.proxied(ask)
        # One that blames the key has it tested, by a request of the proxy's own.
        seen = self.up.requests[before - self.up.count :]
        (proxied_request,) = [one for one in seen if one.target == direct_request.target]
        compare_responses(direct, proxied)
        host = f"127.0.0.1:{self.up.port}".encode()
        compare_requests(direct_request, proxied_request, host, UPSTREAM_KEY.encode())
        return proxied, proxied_request


async def exchange(port: int, ask: Ask, credential: bytes) -> Seen:
    """One request on a connection of its own; nothing may come behind its response."""
    async with wired(port) as wire:
        await wire.send(ask, credential)
        seen = await wire.receive(ask.method)
        if seen.whole:
            assert await wire.left() == b""
        return seen


def code(seen: Seen) -> str:
    """The `code` of a refusal that is whole."""
    assert seen.whole
    start = seen.body.index(b'"code":"') + 8
    return seen.body[start : seen.body.index(b'"', start)].decode()


async def issue(base_url: str) -> str:
    """Another token, whose requests go to `base_url`. The door's app has opened the models."""
    project = await Project.create_with_key(
        name=f"project-{uuid4().hex}",
        provider="openai",
        api_key=UPSTREAM_KEY,
        ring=KeyRing(load(GIVEN, None).encryption_keys),
        by=BY,
        base_url=base_url,
    )
    return (await Token.issue(project, by=BY))[1]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_door(
    request: pytest.FixtureRequest,
    sqlite_template: Database,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Door]:
    """With the settings that a module has in `ENVIRON`; one app at a time can hold the models."""
    environ: dict[str, Any] = getattr(request.module, "ENVIRON", {})
    async with open_door(sqlite_template, tmp_path_factory.mktemp("door"), **environ) as door:
        yield door


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port where nobody listens; it is bound, so that nobody else can begin to."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield nobody.getsockname()[1]


@pytest.fixture
def both(shared_door: Door) -> Both:
    """One app for all tests of a module, with an upstream that has forgotten the last one."""
    shared_door.up.clear_orders()
    shared_door.up.clear()
    return Both(shared_door)


Compare: TypeAlias = Callable[[Ask], Awaitable[tuple[Seen, Recorded]]]


@pytest.fixture
def compare(both: Both) -> Compare:
    return both.compare
