"""What a provider's file says of paths and header fields, as its upstream sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config import Database
from models.projects import Project
from proxy.providers.catalog import BUILT_IN
from proxy.providers.endpoints import Endpoint
from proxy.providers.field_rules import rules_of
from tests.proxy.planes import Plane, a_plane
from tests.proxy.rows import OPENAI
from tests.proxy.scripted import Peer, a_client

PROVIDERS = {
    "openai": OPENAI,
    "vertex": BUILT_IN["vertex"],
    "mine": replace(
        OPENAI,
        name="mine",
        v1_prefix="/api/v2",
        endpoints=(*OPENAI.endpoints, Endpoint("POST", "/v2/models/{model}:run", "generic")),
        headers=(("x-team", "search"), ("user-agent", "proxy")),
        keep_client_headers=frozenset(("openai-organization", "accept")),
    ),
    "own-field": replace(OPENAI, name="own-field", auth="header:X-Auth"),
}


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database, providers=PROVIDERS) as plane:
        yield plane


async def sent(plane: Plane, project: dict[str, Any], path: str, *fields: str) -> list[bytes]:
    """The lines of the head that the upstream gets."""
    seen: list[bytes] = []

    async def keep(peer: Peer) -> None:
        seen.extend((await peer.head()).split(b"\r\n"))
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    plane.upstream.follow(keep)
    own = {name: value for name, value in project.items() if name == "provider"}
    base_url = f"{plane.upstream.url}{project.get('base_path', '')}"
    token, secret = await plane.token(base_url=base_url, project=own)
    made = await token.project
    await Project.filter(id=made.id).update(v1_prefix=project.get("v1_prefix"))
    client = await plane.serve(a_client("POST", secret=secret, path=path, fields=fields))
    assert client.status == 200, client.content
    return seen


@pytest.mark.parametrize(
    ("project", "path", "upstream"),
    [
        ({}, "/v1/chat/completions?a=b", b"/v1/chat/completions?a=b"),
        ({"base_path": "/x"}, "/v1/chat/completions", b"/x/v1/chat/completions"),
        ({"provider": "mine"}, "/v1/chat/completions", b"/api/v2/chat/completions"),
        # Only a leading `/v1` is replaced.
        ({"provider": "mine"}, "/v2/models/v1:run", b"/v2/models/v1:run"),
        ({"provider": "mine", "base_path": "/x/"}, "/v2/models/m:run", b"/x/v2/models/m:run"),
        # The project's own goes before the provider's.
        ({"provider": "mine", "v1_prefix": "/v1"}, "/v1/embeddings", b"/v1/embeddings"),
        (
            {"v1_prefix": "", "base_path": "/v1beta/openai"},
            "/v1/chat/completions",
            b"/v1beta/openai/chat/completions",
        ),
    ],
)
async def test_what_stands_in_place_of_v1(
    plane: Plane, project: dict[str, Any], path: str, upstream: bytes
) -> None:
    head = await sent(plane, project, path)
    assert head[0] == b"POST %b HTTP/1.1" % upstream


async def test_fields_are_added_replaced_and_kept_as_the_provider_says(plane: Plane) -> None:
    fields = (
        "User-Agent: client",
        "X-Team: ads",
        "Accept: */*",
        "OpenAI-Organization: org-1",
        "OpenAI-Project: p",
        "Cookie: c=1",
    )
    head = await sent(plane, {"provider": "mine"}, "/v1/embeddings", *fields)
    names = [line.partition(b":")[0].lower() for line in head[1:] if line]
    assert b"x-team: search" in head
    assert b"user-agent: proxy" in head
    assert b"OpenAI-Organization: org-1" in head
    assert not {b"openai-project", b"cookie"} & set(names)
    # Each once: what crosses by itself is not kept a second time.
    assert len(names) == len(set(names))
    assert b"accept" in names


async def test_a_clients_own_field_of_the_credential_does_not_cross(plane: Plane) -> None:
    head = await sent(plane, {"provider": "own-field"}, "/v1/embeddings", "x-auth: mine")
    assert [line for line in head if line.lower().startswith(b"x-auth")] == [
        b"X-Auth: sk-upstream-key-0123456789"
    ]
    # Nor to a provider that takes its key elsewhere.
    for name in ("x-auth", "X_Auth"):
        head = await sent(plane, {"provider": "openai"}, "/v1/embeddings", f"{name}: mine")
        assert not [line for line in head if b"mine" in line]


def test_a_provider_without_rules_of_its_own_has_none() -> None:
    # A request is not read a second time for nothing.
    assert rules_of(OPENAI) is None
    assert rules_of(PROVIDERS["mine"]) is not None


@pytest.mark.parametrize(
    ("named", "path", "status"),
    [
        ({}, "/v1/projects/a/locations/b/publishers/google/models/m:predict", 200),
        ({"project": "a"}, "/v1/projects/a/locations/b/publishers/google/models/m:predict", 200),
        ({"project": "a-b"}, "/v1/projects/a%2Db/locations/b/publishers/x/models/m:predict", 200),
        ({"project": "a"}, "/v1/projects/x/locations/b/publishers/google/models/m:predict", 403),
        ({"location": "b"}, "/v1/projects/x/locations/c/publishers/x/models/m:predict", 403),
        ({"project": "a", "location": "b"}, "/v1/publishers/google/models/m:predict", 200),
    ],
)
async def test_a_project_may_name_the_cloud_s_project_and_location_of_paths(
    plane: Plane, named: dict[str, str], path: str, status: int
) -> None:
    token, secret = await plane.token(project={"provider": "vertex"})
    await Project.filter(id=(await token.project).id).update(**named)
    client = await plane.serve(a_client("POST", secret=secret, path=path))
    assert client.status == status, client.content
    assert client.code == ("model_not_allowed" if status == 403 else None)
