"""Keys of other providers than their project's: what they serve, how, and at whose price."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from config import Database
from models import Project
from proxy.providers.catalog import BUILT_IN
from proxy.providers.endpoints import Endpoint
from proxy.providers.provider import Provider
from tests.models.rows import BY, RING
from tests.proxy.accounts.several import Several, answering, well
from tests.proxy.accounts.test_failover import RULE
from tests.proxy.planes import a_plane
from tests.proxy.scripted import a_client

TEAM: Final = Provider(
    name="team",
    base_url="",
    auth="api-key",
    error_shape="openai",
    endpoints=(
        Endpoint("POST", "/v1/chat/completions", "chat"),
        Endpoint("POST", "/v1/completions", "generic"),
        Endpoint("POST", "/v1/team", "chat"),
        Endpoint("GET", "/v1/models"),
    ),
    v1_prefix="/v9",
    prices="groq",
    headers=(("x-team", "search"),),
    keep_client_headers=frozenset(("openai-organization",)),
    blames_key=frozenset(("team_is_broke",)),
)
#: Groq alone has a price for it.
MODEL: Final = "llama-3.1-8b-instant"
BODY: Final = b'{"model":"llama-3.1-8b-instant","messages":[]}'
PRICED: Final = (
    b'{"model":"llama-3.1-8b-instant","choices":[],'
    b'"usage":{"prompt_tokens":1000,"completion_tokens":0,"total_tokens":1000}}'
)
GIVEN: Final = ("OpenAI-Organization: org-1", "X-Team: ours")


@pytest.fixture
async def several(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Several]:
    async with a_plane(tmp_path, sqlite_database, providers={**BUILT_IN, "team": TEAM}) as plane:
        yield Several(plane)


async def _with_team(several: Several, *behave: Any, priority: int = 1, **more: Any) -> None:
    """A project of OpenAI, whose second key is one of the team's."""
    await several.make(behave[0], **more)
    several.behave = list(behave)
    project = await Project.get(id=several.token.project_id)
    key = await project.add_key(
        api_key="sk-account-1",
        ring=RING,
        by=BY,
        priority=priority,
        provider="team",
        base_url=several.plane.upstream.url,
        model_map={"gpt-4o": "teams-own"},
    )
    several.keys.append(key.id)
    if priority == 0:
        first = await project.keys.all().order_by("id").first()
        assert first is not None
        await first.change(by=BY, priority=1)


async def test_a_key_of_another_provider_is_asked_as_that_one_wants_it(several: Several) -> None:
    await _with_team(several, answering(429), answering(200, PRICED), failover=RULE)
    client = await several.ask(BODY, fields=GIVEN)
    assert (client.status, several.asked) == (200, [0, 1])
    first, second = (one.partition(b"\r\n\r\n")[0].split(b"\r\n") for one in several.requests)
    assert first[0] == b"POST /v1/chat/completions HTTP/1.1"
    assert (b"Authorization: Bearer sk-account-0" in first, b"X-Team: ours" in first) == (1, 1)
    assert not any(line.lower().startswith(b"openai-organization") for line in first)
    assert second[0] == b"POST /v9/chat/completions HTTP/1.1"
    assert (b"api-key: sk-account-1" in second, b"x-team: search" in second) == (1, 1)
    assert (b"OpenAI-Organization: org-1" in second, b"X-Team: ours" in second) == (1, 0)
    entry = several.entry
    assert (entry.provider, entry.model) == ("team", MODEL)
    assert entry.cost_nanos == 50_000


async def test_what_the_project_s_own_key_does_is_the_project_s(several: Several) -> None:
    await _with_team(several, answering(200, PRICED), well, failover=RULE)
    await several.ask(BODY)
    assert (several.asked, several.entry.provider, several.entry.cost_nanos) == (
        [0],
        "openai",
        None,
    )


async def test_a_body_that_was_changed_goes_to_each_as_it_wants_it(several: Several) -> None:
    await _with_team(several, answering(429), well, failover=RULE)
    await several.ask(b'{"model":"gpt-4o","stream":true}', fields=(*GIVEN, "Accept-Encoding: br"))
    head, _, body = several.requests[1].partition(b"\r\n\r\n")
    assert body == (b'{"stream_options":{"include_usage":true},"model":"teams-own","stream":true}')
    assert b"Accept-Encoding: identity\r\n" in head
    assert b"OpenAI-Organization: org-1\r\n" in head
    assert b"Content-Length: %d\r\n" % len(body) in head


async def test_an_answer_that_blames_a_key_in_its_provider_s_own_words_is_followed(
    several: Several,
) -> None:
    broke = answering(400, b'{"error":{"code":"team_is_broke"}}')
    await _with_team(several, well, broke, failover=RULE, priority=0)
    assert (await several.ask()).status == 200
    assert several.asked == [1, 0]


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/chat/completions", 1),
        # The team has none of the one, and tells the usage of the other in another way.
        ("/v1/embeddings", 0),
        ("/v1/completions", 0),
    ],
)
async def test_a_key_serves_what_both_providers_allow(
    several: Several, path: str, asked: int
) -> None:
    await _with_team(several, well, well, failover=RULE, priority=0)
    assert (await several.ask(BODY, path=path)).status == 200
    assert several.asked == [asked]


async def test_what_no_key_serves_is_refused_and_takes_nothing(several: Several) -> None:
    await _with_team(several, well, well, failover=RULE, max_requests=5)
    project = await Project.get(id=several.token.project_id)
    first = await project.keys.all().order_by("id").first()
    assert first is not None
    await first.change(by=BY, is_active=False)
    for path in ("/v1/embeddings", "/v1/team"):
        client = await several.ask(BODY, path=path)
        assert (client.status, client.code) == (404, "endpoint_not_allowed")
    assert (await several.ask(BODY)).status == 200
    models = await several.plane.serve(a_client("GET", secret=several.secret))
    assert models.status == 200
    assert several.asked == [1, 1]
    assert several.requests[1].startswith(b"GET /v9/models ")
    assert await several.plane.admitted(several.secret) == 3
    assert several.plane.is_idle()
