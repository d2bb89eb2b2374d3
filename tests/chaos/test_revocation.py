"""What is changed is in force at the next request in every worker, and soon on other machines."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from fake_upstream import FakeUpstream
from models import Project, Token
from tests.chaos.client import Answer, Client, Stream, streaming
from tests.chaos.conftest import on_one_and_on_two
from tests.fixtures.service import BY, Issued, Service

#: The promise is a second; a machine that runs tests may be slower than any promise.
_SOON_S: Final = 60.0

pytestmark = on_one_and_on_two


def outcome(answer: Answer) -> tuple[int, str]:
    """What the client is told."""
    return answer.status, answer.code


Clients = list[Client]


class Everywhere:
    """A connection to every worker; the changes are made on the first machine, which is near."""

    def __init__(self, machines: list[Service], issued: Issued, clients: list[Clients]) -> None:
        self.machines = machines
        self.issued = issued
        self._near = clients[0]
        self._far = [client for those in clients[1:] for client in those]

    def models(self) -> AbstractAsyncContextManager[None]:
        """The models, as the command line on the first machine has them."""
        return self.machines[0].models()

    def present(self, secret: str) -> None:
        """Show this secret from now on."""
        for client in (*self._near, *self._far):
            client.secret = secret

    async def expect(self, status: int, code: str = "") -> None:
        """Near by, the very next request is answered so; elsewhere, some request soon."""
        for client in self._near:
            assert outcome(await client.get()) == (status, code)
        async with asyncio.timeout(_SOON_S):
            for client in self._far:
                while outcome(await client.get()) != (status, code):
                    await asyncio.sleep(0.01)


@pytest.fixture
async def issued(machines: list[Service], up: FakeUpstream) -> Issued:
    """An unlimited token whose requests go to `up`."""
    return await machines[0].make_token(up.url)


@pytest.fixture
async def everywhere(machines: list[Service], issued: Issued) -> AsyncIterator[Everywhere]:
    """Every worker of every machine has the token in its cache."""
    async with AsyncExitStack() as stack:
        clients: list[Clients] = []
        for machine in machines:
            clients.append([])
            for worker in sorted(machine.workers()):
                client = await stack.enter_async_context(Client(machine, issued.secret))
                with machine.only(worker):
                    await until_served(client)
                clients[-1].append(client)
        yield Everywhere(machines, issued, clients)


async def until_served(client: Client) -> None:
    """Wait for an answer that is none of ours: a worker that was stopped for long has to find out
    first that it was not the database that did not answer."""
    async with asyncio.timeout(60):
        while (await client.get()).status != 200:
            await asyncio.sleep(0.01)


@pytest.fixture
async def streams(machines: list[Service], issued: Issued) -> AsyncIterator[list[Stream]]:
    """A running stream on every machine."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(streaming(machine, issued)) for machine in machines]


async def revoke(token: Token, _: Project) -> None:
    await token.revoke(by=BY)


async def deactivate(_: Token, project: Project) -> None:
    await project.deactivate(by=BY)


@pytest.mark.parametrize(
    ("end", "refusal"),
    [(revoke, (401, "token_revoked")), (deactivate, (403, "project_inactive"))],
)
async def test_an_end_is_in_force_at_once_and_ends_streams(
    everywhere: Everywhere,
    streams: list[Stream],
    end: Callable[[Token, Project], Awaitable[None]],
    refusal: tuple[int, str],
) -> None:
    async with everywhere.models():
        await end(everywhere.issued.token, everywhere.issued.project)

    await everywhere.expect(*refusal)
    async with asyncio.timeout(_SOON_S):
        assert [await stream.whole() for stream in streams] == [False] * len(streams)
    ended = await everywhere.machines[0].entries(
        everywhere.issued.token.id, len(streams), outcome="revoked"
    )
    assert len(ended) == len(streams)


async def test_a_rotated_secret_is_refused_and_its_streams_finish(
    everywhere: Everywhere,
    streams: list[Stream],
    up: FakeUpstream,
) -> None:
    async with everywhere.models():
        secret = await everywhere.issued.token.rotate(by=BY)

    await everywhere.expect(401, "invalid_token")
    everywhere.present(secret)
    await everywhere.expect(200)
    up.release()
    assert [await stream.whole() for stream in streams] == [True] * len(streams)


async def test_a_revocation_ends_the_streams_of_a_secret_that_was_rotated_away(
    everywhere: Everywhere, streams: list[Stream]
) -> None:
    async with everywhere.models():
        await everywhere.issued.token.rotate(by=BY)
        await everywhere.issued.token.revoke(by=BY)

    async with asyncio.timeout(_SOON_S):
        assert [await stream.whole() for stream in streams] == [False] * len(streams)


async def test_with_grace_both_secrets_work_for_that_time(everywhere: Everywhere) -> None:
    async with everywhere.models():
        secret = await everywhere.issued.token.rotate(by=BY, grace_seconds=3600)
    everywhere.present(secret)
    await everywhere.expect(200)
    everywhere.present(everywhere.issued.secret)
    await everywhere.expect(200)

    # Another rotation, without any, ends what was left of the first one's.
    async with everywhere.models():
        await everywhere.issued.token.rotate(by=BY)
    await everywhere.expect(401, "invalid_token")


async def test_a_limit_is_in_force_and_gone_again(everywhere: Everywhere) -> None:
    async with everywhere.models():
        await everywhere.issued.token.change(by=BY, max_requests=0)
    await everywhere.expect(429, "quota_exceeded")
    async with everywhere.models():
        await everywhere.issued.token.change(by=BY, max_requests=None)
    await everywhere.expect(200)


async def test_an_endpoint_is_switched_off_and_on_again(everywhere: Everywhere) -> None:
    for allowed, status, code in (
        (["POST /v1/embeddings"], 404, "endpoint_not_allowed"),
        (None, 200, ""),
        (["POST /v1/*"], 404, "endpoint_not_allowed"),
        (["GET /v1/models"], 200, ""),
    ):
        async with everywhere.models():
            project = await Project.get(id=everywhere.issued.project.id)
            await project.change(by=BY, allowed_endpoints=allowed)
        await everywhere.expect(status, code)


async def test_expiry_lets_running_streams_finish(
    everywhere: Everywhere,
    streams: list[Stream],
    up: FakeUpstream,
) -> None:
    async with everywhere.models():
        await everywhere.issued.token.change(
            by=BY, expires_at=datetime.now(UTC) - timedelta(seconds=1)
        )

    await everywhere.expect(401, "token_expired")
    up.release()
    assert [await stream.whole() for stream in streams] == [True] * len(streams)
