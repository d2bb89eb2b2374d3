"""Endpoints that a project switches off, on, or adds: what its next request meets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config import Database
from models import Project
from models.tokens import Token
from tests.models.rows import BY
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import Client, Peer, a_client

USED = b'{"model":"m","usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}'


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        plane.upstream.follow(_answer)
        yield plane


async def _answer(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
    await peer.send(b"Content-Length: %d\r\n\r\n" % len(USED) + USED)


async def ask(plane: Plane, secret: str, path: str) -> Client:
    return await plane.serve(a_client("POST", secret=secret, path=path))


async def project_of(token: Token) -> Project:
    found = await Project.find((await token.project).id)
    assert found is not None
    return found


async def test_what_a_project_switches_off_and_on_is_so_at_its_next_request(plane: Plane) -> None:
    token, secret = await plane.token()
    project = await project_of(token)
    for _ in range(2):
        # The second time around each plan is known already.
        assert (await ask(plane, secret, "/v1/embeddings")).status == 200
        await project.change(by=BY, allowed_endpoints=["POST /v1/chat/completions"])
        off = await ask(plane, secret, "/v1/embeddings")
        assert (off.status, b"The project does not allow" in off.content) == (404, True)
        assert (await ask(plane, secret, "/v1/chat/completions")).status == 200
        await project.change(by=BY, allowed_endpoints=None)


async def test_what_a_project_adds_reaches_its_upstream_and_is_metered(plane: Plane) -> None:
    token, secret = await plane.token()
    _, of_other = await plane.token()
    project = await project_of(token)
    assert (await ask(plane, secret, "/v1/rerank")).status == 404
    await project.change(by=BY, extra_endpoints=[{"method": "POST", "path": "/v1/rerank"}])
    client = await ask(plane, secret, "/v1/rerank")
    assert (client.status, client.content) == (200, USED)
    (entry,) = [one for one in plane.entries() if one.token_id == str(token.id)]
    assert (entry.endpoint, entry.usage) == ("/v1/rerank", "exact")
    assert (entry.prompt_tokens, entry.completion_tokens) == (3, 4)
    assert (await ask(plane, of_other, "/v1/rerank")).status == 404
    await project.change(by=BY, extra_endpoints=None)
    assert (await ask(plane, secret, "/v1/rerank")).status == 404


async def test_a_policy_counts_what_is_added_by_its_path(plane: Plane) -> None:
    token, secret = await plane.token(
        policies=[{"name": "few", "endpoints": ["/v1/score/{name}"], "max_requests": 1}]
    )
    project = await project_of(token)
    await project.change(by=BY, extra_endpoints=[{"method": "POST", "path": "/v1/score/{name}"}])
    assert (await ask(plane, secret, "/v1/score/a")).status == 200
    assert (await ask(plane, secret, "/v1/score/b")).status == 429
