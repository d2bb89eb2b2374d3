"""What another process changes is in force at the next request of every worker.

The changes are made by the test's process, as by the command line. Each connection here is bound
to one worker, and nothing waits between a change and the request that must feel it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import httpx
import pytest

from fake_upstream import FakeUpstream
from tests.fixtures.service import BY, Issued, Service
from tests.system.streams import Held, held_streams

#: Far beyond the second that the contract allows, for a machine that is busy; nothing else than
#: the change ends these streams.
LONG = 60.0


async def revoke(issued: Issued) -> None:
    await issued.token.revoke(by=BY)


async def revoke_all(issued: Issued) -> None:
    await issued.project.revoke_tokens(by=BY)


async def deactivate(issued: Issued) -> None:
    await issued.project.deactivate(by=BY)


async def erase(issued: Issued) -> None:
    await issued.project.erase(by=BY)


class End(NamedTuple):
    """A change, and what its token's next request is told."""

    change: Callable[[Issued], Awaitable[None]]
    status: int
    code: str


ENDS = [
    pytest.param(End(revoke, 401, "token_revoked"), id="revoked"),
    pytest.param(End(revoke_all, 401, "token_revoked"), id="all of a project revoked"),
    pytest.param(End(deactivate, 403, "project_inactive"), id="project deactivated"),
    pytest.param(End(erase, 401, "token_revoked"), id="project deleted"),
]


class Bound:
    """A client whose one connection leads to one worker."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._address: object = None

    async def get(self, bearer: dict[str, str]) -> httpx.Response:
        """List the models, over that connection and no other."""
        return await self._ask("GET", "/v1/models", headers=bearer)

    async def embed(self, bearer: dict[str, str]) -> str:
        """Have always the same text embedded; what the cache had for it."""
        asked = {"model": "text-embedding-3-small", "input": "the same"}
        answer = await self._ask("POST", "/v1/embeddings", headers=bearer, json=asked)
        assert answer.status_code == 200
        return answer.headers["cache-status"]

    async def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = await self._client.request(method, path, **more)
        address = answer.extensions["network_stream"].get_extra_info("client_addr")
        assert self._address in (None, address)
        self._address = address
        return answer


@pytest.fixture
async def bound(service: Service, issued: Issued) -> AsyncIterator[list[Bound]]:
    """A client for each worker, which has served the token already."""
    async with AsyncExitStack() as stack:
        clients = []
        for worker in service.workers():
            client = httpx.AsyncClient(
                base_url=service.url,
                timeout=60,
                limits=httpx.Limits(max_connections=1, keepalive_expiry=None),
            )
            clients.append(Bound(await stack.enter_async_context(client)))
            with service.only(worker):
                assert (await clients[-1].get(issued.bearer)).status_code == 200
        yield clients


@pytest.mark.parametrize("end", ENDS)
async def test_next_request_of_every_worker_is_refused(
    service: Service, issued: Issued, bound: list[Bound], end: End
) -> None:
    async with service.models():
        await end.change(issued)

    for client in bound:
        answer = await client.get(issued.bearer)
        assert answer.status_code == end.status
        assert answer.json()["error"]["code"] == end.code


async def test_what_was_purged_answers_no_next_request_of_any_worker(
    service: Service, issued: Issued, bound: list[Bound]
) -> None:
    async with service.models():
        rule = {"ttl_seconds": 600, "scope": "project", "only": "deterministic"}
        await issued.project.change(by=BY, cache=rule)
    assert await bound[0].embed(issued.bearer) == "llm-proxy; fwd=miss"
    for purged in bound:
        for client in bound:
            assert await client.embed(issued.bearer) == "llm-proxy; hit"
        async with service.models():
            await issued.project.purge_cache(by=BY)
        assert await purged.embed(issued.bearer) == "llm-proxy; fwd=miss"


@pytest.mark.parametrize("end", ENDS)
async def test_running_streams_end(
    service: Service, issued: Issued, up: FakeUpstream, end: End
) -> None:
    async with held_streams(service, issued, each=1) as streams:
        async with service.models():
            await end.change(issued)
        async with asyncio.timeout(LONG):
            for stream in streams:
                await _is_cut(stream)
        await up.wait_until(lambda: up.open_connections == 0, timeout=LONG)

    entries = await service.entries(issued.token.id, len(streams))
    assert {entry.outcome for entry in entries} == {"revoked"}


async def _is_cut(stream: Held) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await stream.read()


async def test_streams_of_other_tokens_go_on(
    service: Service, issued: Issued, up: FakeUpstream
) -> None:
    other = await service.make_token(up.url)
    async with (
        held_streams(service, issued, each=1) as ending,
        held_streams(service, other, each=1) as running,
    ):
        async with service.models():
            await issued.token.revoke(by=BY)
        async with asyncio.timeout(LONG):
            for stream in ending:
                await _is_cut(stream)
        up.release()
        for stream in running:
            assert (await stream.read()).endswith(b"data: [DONE]\n\n")


async def test_rotated_secret_is_refused_while_its_streams_go_on(
    service: Service, issued: Issued, bound: list[Bound], up: FakeUpstream
) -> None:
    async with held_streams(service, issued, each=1) as streams:
        async with service.models():
            secret = await issued.token.rotate(by=BY)

        for client in bound:
            answer = await client.get(issued.bearer)
            assert answer.json()["error"]["code"] == "invalid_token"
            answer = await client.get({"authorization": f"Bearer {secret}"})
            assert answer.status_code == 200
        up.release()
        for stream in streams:
            assert (await stream.read()).endswith(b"data: [DONE]\n\n")


async def test_changed_limits_are_in_force(
    service: Service, issued: Issued, bound: list[Bound]
) -> None:
    async with service.models():
        await issued.token.change(by=BY, allowed_endpoints=["POST /v1/embeddings"])

    for client in bound:
        answer = await client.get(issued.bearer)
        assert answer.json()["error"]["code"] == "endpoint_not_allowed"


async def test_an_endpoint_that_its_project_switches_off_and_on_is_so_in_every_worker(
    service: Service, issued: Issued, bound: list[Bound]
) -> None:
    for allowed, status in ((["POST /v1/embeddings"], 404), (["GET /v1/models"], 200)):
        async with service.models():
            await issued.project.change(by=BY, allowed_endpoints=allowed)
        for client in bound:
            assert (await client.get(issued.bearer)).status_code == status


async def test_a_token_that_was_unknown_a_moment_ago_is_let_in(
    service: Service, bound: list[Bound], up: FakeUpstream
) -> None:
    fresh = await service.make_token(up.url)

    for client in bound:
        answer = await client.get(fresh.bearer)
        assert answer.status_code == 200
