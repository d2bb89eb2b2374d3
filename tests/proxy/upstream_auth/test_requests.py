"""Requests as an upstream gets them: with the key of each kind, and nothing of the client's own."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from botocore.compat import HTTPHeaders

from config import Database
from models.projects import Project
from models.tokens import Token
from proxy.providers.catalog import BUILT_IN
from proxy.providers.endpoints import Endpoint
from tests.models.rows import BY, RING
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import CHAT, Client, Peer, a_client
from tests.proxy.upstream_auth.endpoints import TokenEndpoint, token_endpoint
from tests.proxy.upstream_auth.signatures import AWS, fields_of, verify

STRING: Final = "sk-upstream-0123456789"
OPENAI: Final = replace(BUILT_IN["openai"], service="bedrock")
CONVERSE: Final = Endpoint("POST", "/v1/model/{model}/converse", "generic")
KINDS: Final = (
    "bearer", "x-api-key", "api-key", "header:X-Team-Key", "query:key", "basic", "none",
)  # fmt: skip
PROVIDERS: Final = {
    f"p{at}": replace(OPENAI, name=f"p{at}", auth=kind) for at, kind in enumerate(KINDS)
} | {"aws": replace(OPENAI, name="aws", endpoints=(*OPENAI.endpoints, CONVERSE))}


@pytest.fixture
async def tokens() -> AsyncIterator[TokenEndpoint]:
    async with token_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
async def plane(
    tmp_path: Path, sqlite_database: Database, tokens: TokenEndpoint
) -> AsyncIterator[Plane]:
    entra = replace(
        OPENAI, name="entra", service="", token_uris=(tokens.url,), scopes=("https://x/.default",)
    )
    known = {**BUILT_IN, **PROVIDERS, "entra": entra}
    async with a_plane(tmp_path, sqlite_database, providers=known) as made:
        yield made


async def a_secret(plane: Plane, provider: str, api_key: str, **wanted: object) -> str:
    """A token whose project has this key, and leads to the scripted upstream."""
    project = await Project.create_with_key(
        name=f"{uuid4()}",
        provider=provider,
        api_key=api_key,
        base_url=plane.upstream.url,
        ring=RING,
        by=BY,
    )
    return (await Token.issue(project, by=BY, **wanted))[1]  # type: ignore[arg-type]


async def sent(plane: Plane, client: Client) -> tuple[str, HTTPHeaders, bytes]:
    """Request line, fields and body, as the upstream got them."""
    got: list[bytes] = []

    async def keep(peer: Peer) -> None:
        got.append(await peer.request())
        await peer.answer()

    plane.upstream.follow(keep)
    await plane.serve(client)
    assert client.status == 200, client.content
    head, _, body = got[0].partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    return line, fields_of(lines), body


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("bearer", "Authorization", f"Bearer {STRING}"),
        ("x-api-key", "x-api-key", STRING),
        ("api-key", "api-key", STRING),
        ("header:X-Team-Key", "X-Team-Key", STRING),
        ("basic", "Authorization", f"Basic {base64.b64encode(f'{STRING}:'.encode()).decode()}"),
    ],
)
async def test_a_string_is_presented_in_the_field_of_its_kind_and_in_no_other(
    plane: Plane, kind: str, name: str, value: str
) -> None:
    secret = await a_secret(plane, f"p{KINDS.index(kind)}", STRING)
    asked = a_client(secret=secret, fields=("x-team-key: theirs", "x-other: kept"))
    line, fields, body = await sent(plane, asked)
    assert line == "POST /v1/chat/completions HTTP/1.1"
    assert fields.get_all(name) == [value]
    assert sum(STRING in text or value == text for text in fields.values()) == 1
    assert fields["x-other"] == "kept"
    # No provider's own field crosses, whichever the project's is.
    assert "theirs" not in fields.values()
    assert body == CHAT


async def test_a_name_and_a_password_are_basic_as_they_stand(plane: Plane) -> None:
    secret = await a_secret(plane, f"p{KINDS.index('basic')}", "team:pass:word")
    _, fields, _ = await sent(plane, a_client(secret=secret))
    assert base64.b64decode(fields["Authorization"].removeprefix("Basic ")) == b"team:pass:word"


async def test_a_provider_without_keys_is_asked_without_one(plane: Plane) -> None:
    secret = await a_secret(plane, f"p{KINDS.index('none')}", STRING)
    line, fields, _ = await sent(plane, a_client(secret=secret))
    assert "Authorization" not in fields
    assert not any(STRING in text for text in (line, *fields.values()))


@pytest.mark.parametrize(
    ("query", "goes_up"),
    [
        ("", f"?key={STRING}"),
        ("?a=1&b=%2F", f"?a=1&b=%2F&key={STRING}"),
        ("?key=theirs&a=1", f"?a=1&key={STRING}"),
        ("?a=1&k%65y=theirs&KEY=theirs", f"?a=1&key={STRING}"),
    ],
)
async def test_a_key_in_the_query_stands_in_place_of_the_clients(
    plane: Plane, query: str, goes_up: str
) -> None:
    secret = await a_secret(plane, f"p{KINDS.index('query:key')}", STRING)
    line, fields, _ = await sent(plane, a_client("GET", secret=secret, path=f"/v1/models{query}"))
    assert line == f"GET /v1/models{goes_up} HTTP/1.1"
    assert not any(STRING in text for text in fields.values())


@pytest.mark.parametrize(
    "path",
    [
        "/v1/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprofile%2Fabc/converse",
        "/v1/model/us.anthropic.claude-v1:0/converse?b=2&a=%2F&a=1",
        "/v1/chat/completions",
    ],
)
@pytest.mark.parametrize("size", [0, 30, 60_000])
async def test_what_arrives_bears_the_signature_that_botocore_makes_of_it(
    plane: Plane, path: str, size: int
) -> None:
    secret = await a_secret(plane, "aws", json.dumps(AWS))
    content = json.dumps({"model": "m", "x": "y" * size}).encode()
    fields = ("X-Amz-Target: a  b", "x-amz-target: c", "x-amz-date: 19700101T000000Z")
    # In pieces, as a client's body comes.
    asked = a_client("POST", content[:9], content[9:], secret=secret, path=path, fields=fields)
    line, got, body = await sent(plane, asked)
    assert line == f"POST {path} HTTP/1.1"
    assert body == content
    assert got.get_all("x-amz-target") == ["a  b", "c"]
    assert got.get_all("x-amz-date") != fields[2:]
    verify(line, got, body)


async def test_a_request_without_a_body_and_one_that_is_asked_for_its_usage_are_signed(
    plane: Plane,
) -> None:
    secret = await a_secret(plane, "aws", json.dumps(AWS))
    line, fields, body = await sent(plane, a_client("GET", secret=secret))
    assert body == b""
    verify(line, fields, body)
    content = b'{"model": "m", "messages": [], "stream": true}'
    line, fields, body = await sent(plane, a_client("POST", content, secret=secret))
    assert b"include_usage" in body
    verify(line, fields, body)


async def test_a_body_in_chunks_goes_up_with_its_length(plane: Plane) -> None:
    secret = await a_secret(plane, "aws", json.dumps(AWS))
    asked = a_client("POST", CHAT[:9], CHAT[9:], secret=secret, length=None)
    line, fields, body = await sent(plane, asked)
    assert "Transfer-Encoding" not in fields
    assert body == CHAT
    verify(line, fields, body)


async def test_an_upload_that_is_signed_is_kept_up_to_its_bound(plane: Plane) -> None:
    secret = await a_secret(plane, "aws", json.dumps(AWS))
    pieces = [bytes(1 << 19)] * 3
    line, fields, body = await sent(
        plane, a_client("POST", *pieces, secret=secret, path="/v1/files")
    )
    assert hashlib.sha256(body).digest() == hashlib.sha256(b"".join(pieces)).digest()
    verify(line, fields, body)
    too_large = a_client("POST", *pieces, *pieces, secret=secret, path="/v1/files")
    await plane.serve(too_large)
    assert (too_large.status, too_large.code) == (413, "request_too_large")
    assert plane.is_idle()


async def test_a_token_is_fetched_for_all_requests(plane: Plane, tokens: TokenEndpoint) -> None:
    client = {"tenant_id": "contoso.com", "client_id": "app", "client_secret": "shh"}
    secret = await a_secret(plane, "entra", json.dumps(client))
    for _ in range(3):
        _, fields, body = await sent(plane, a_client(secret=secret))
        assert fields.get_all("Authorization") == ["Bearer ya29.token-1"]
        assert body == CHAT
    assert len(tokens.posts) == 1


async def test_where_no_token_can_be_had_nothing_is_sent_and_nothing_used(
    plane: Plane, tokens: TokenEndpoint
) -> None:
    tokens.answers = [(401, {"error": "invalid_client"})]
    client = {"tenant_id": "contoso.com", "client_id": "app", "client_secret": "shh"}
    secret = await a_secret(plane, "entra", json.dumps(client), max_requests=2)
    asked = await plane.serve(a_client(secret=secret))
    assert (asked.status, asked.code) == (503, "upstream_auth_unavailable")
    assert asked.field(b"retry-after") is not None
    assert b"answered 401." in asked.content
    assert b"invalid_client" not in asked.content
    assert plane.upstream.connections == 0
    assert plane.is_idle()
    assert await plane.admitted(secret) == 2


async def test_an_account_for_which_no_token_can_be_had_is_followed_by_another(
    plane: Plane, tokens: TokenEndpoint
) -> None:
    tokens.answers = [(401, {"error": "invalid_client"})]
    client = {"tenant_id": "contoso.com", "client_id": "app", "client_secret": "shh"}
    rule = {"max_attempts": 2, "statuses": [429], "first_byte_timeout": None}
    made = {"provider": "entra", "api_key": json.dumps(client), "failover": rule}
    token, secret = await plane.token(project=made, max_requests=2)
    project = await Project.get(id=token.project_id)
    await project.add_key(api_key=STRING, ring=RING, by=BY, priority=1)
    asked = a_client(secret=secret)
    _, fields, body = await sent(plane, asked)
    assert (fields["Authorization"], body) == (f"Bearer {STRING}", CHAT)
    attempts = plane.entries()[-1].attempts or ()
    assert [one.error or one.status for one in attempts] == ["upstream_auth_unavailable", 200]
    assert await plane.admitted(secret) == 1
