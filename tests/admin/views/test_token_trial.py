"""A test request from a token's page: as the token's clients would ask, in every respect."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any, Final

import pytest

from admin.components import trials
from config import Settings
from fake_upstream import FakeUpstream
from models import AuditEvent, Project, Token, TokenSecret
from server import trial
from tests.admin.conftest import BY, KEY, RING, Browser, make_project, make_token, on_both

#: A row comes within two seconds, and an answer waits half a second for it.
_ASKED_FOR: Final = 60


async def _rows(
    admin: Browser, settings: Settings, token: Token, count: int
) -> list[dict[str, Any]]:
    """The token's rows in the request log, once so many are there; the API waits for them a bit."""
    headers = {"authorization": f"Bearer {settings.management_token}"}
    for _ in range(_ASKED_FOR):
        answer = await admin.get(f"/manage/requests?token_id={token.id}", headers=headers)
        found: list[dict[str, Any]] = answer.json()["data"]
        if len(found) >= count:
            return found
    raise AssertionError(f"{len(found)} of {count} rows are there")


async def _tried(admin: Browser, token: Token, **fields: str) -> str:
    """What the page says came of it, with where it leads."""
    at = f"/admin/tokens/{token.id}/test"
    page = await admin.submit(at, at, **({"model": "gpt-4o-mini"} | fields))
    found = re.search(r'role="status">.*?<div>(.*?)</div>', page.text, re.DOTALL)
    assert found, page.text
    assert "llmp_" not in page.text.replace(token.hint, "")
    return unescape(found[1])


@on_both
async def test_it_is_a_request_like_any_other(admin: Browser, settings: Settings) -> None:
    async with FakeUpstream(api_keys={KEY}) as upstream:
        project = await make_project(base_url=upstream.url)
        token = await make_token(project, max_requests=1, tags={"team": "search"})
        said = await _tried(admin, token)
        assert re.match(r"It works: 200 from gpt-4o-mini in [\d,]+ ms\.$", said)
        assert [one.target for one in upstream.requests] == [b"/v1/chat/completions"]
        # No kept answer stands in for the provider's.
        assert upstream.requests[0].header("cache-control") == b"no-store"
        (row,) = await _rows(admin, settings, token, 1)
        assert (row["status"], row["usage"]) == (200, "exact")
        assert row["tags"] == {"team": "search"}
        # It has used what the token had left.
        said = await _tried(admin, token)
        assert said.startswith("Refused: 429 quota_exceeded. All of its requests are used.")
        assert f'<a href="/admin/tokens/{token.id}/edit">Raise its limit</a>' in said
        assert len(upstream.requests) == 1
    event = await AuditEvent.filter(action="token.test", target_id=str(token.id)).first()
    assert event is not None
    assert event.changes == {
        "path": [None, "/v1/chat/completions"], "model": [None, "gpt-4o-mini"],
    }  # fmt: skip
    # What it was asked with is no secret of the token any more.
    assert await TokenSecret.filter(token_id=token.id).count() == 1


async def test_what_a_client_is_refused_for_is_said_with_what_mends_it(admin: Browser) -> None:
    async with FakeUpstream(api_keys={"another-key"}) as upstream:
        project = await make_project(base_url=upstream.url)
        strict = await make_token(project, "strict", allowed_models=["gpt-4o"])
        said = await _tried(admin, strict)
        assert said.startswith("Refused: 403 model_not_allowed. The model is not allowed.")
        far = await make_token(project, "far", allowed_ips=["203.0.113.7"])
        said = await _tried(admin, far)
        assert "The test came from yours, 127.0.0.1" in said
        over = await make_token(project, "over", expires_at=datetime.now(UTC) - timedelta(days=1))
        assert "401 token_expired" in await _tried(admin, over)
        assert not upstream.requests
        plain = await make_token(project, "plain")
        said = await _tried(admin, plain)
        assert said.startswith("The upstream answered 401 after ")
        assert f'<a href="/admin/projects/{project.id}">Test the project\'s key</a>' in said


async def test_an_answer_that_breaks_off_or_does_not_come_is_said(
    admin: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeUpstream(api_keys={KEY}) as upstream:
        token = await make_token(await make_project(base_url=upstream.url), max_parallel_requests=1)
        upstream.behave("break=40", path="/v1/chat/completions", times=1)
        assert "The answer broke off after" in await _tried(admin, token)
        upstream.behave("hold", path="/v1/chat/completions", times=1)
        monkeypatch.setattr(trial, "_SECONDS", 0.3)
        assert "There was no answer within 30 seconds." in await _tried(admin, token)
        upstream.release()
        # Nothing of it goes on: there is room for another, and each has its row.
        monkeypatch.setattr(trial, "_SECONDS", 30)
        assert "It works" in await _tried(admin, token)
        rows = await _rows(admin, settings, token, 3)
        assert [row["outcome"] for row in rows] == ["complete", "client_left", "upstream_broke"]
    assert await TokenSecret.filter(token_id=token.id).count() == 1


@pytest.mark.parametrize(
    ("provider", "model", "target"),
    [
        ("anthropic", "claude-sonnet-5-5", b"/v1/messages"),
        ("gemini", "gemini-2.5-flash", b"/v1beta/models/gemini-2.5-flash:generateContent"),
    ],
)
async def test_each_provider_is_asked_in_its_own_way(
    admin: Browser, provider: str, model: str, target: bytes
) -> None:
    async with FakeUpstream(api_keys={KEY}) as upstream:
        project = await Project.create_with_key(
            name="shop", provider=provider, base_url=upstream.url, api_key=KEY, ring=RING, by=BY
        )
        token = await make_token(project)
        assert (await _tried(admin, token, model=model)).startswith("It works: 200 from ")
        assert [one.target for one in upstream.requests] == [target]


async def test_the_endpoint_is_chosen_among_those_that_the_token_may_use(admin: Browser) -> None:
    async with FakeUpstream(api_keys={KEY}) as upstream:
        project = await make_project(base_url=upstream.url)
        token = await make_token(project)
        assert "It works" in await _tried(admin, token, api="responses")
        assert [one.target for one in upstream.requests] == [b"/v1/responses"]
        lists = await make_token(project, "lists", allowed_endpoints=["GET /v1/models"])
        page = await admin.get(f"/admin/tokens/{lists.id}/test")
        assert "There is nothing to send" in page.text


async def test_only_administrators_test_tokens_that_are_not_revoked(
    admin: Browser, viewer: Browser
) -> None:
    token = await make_token(await make_project())
    at = f"/admin/tokens/{token.id}/test"
    assert "Send a test request" in (await admin.get(f"/admin/tokens/{token.id}")).text
    assert "Send a test request" not in (await viewer.get(f"/admin/tokens/{token.id}")).text
    assert (await viewer.get(at)).status_code == 403
    csrf = await viewer.token("/admin/account")
    sent = await viewer.post(at, data={"csrf": csrf, "model": "gpt-4o-mini"})
    assert sent.status_code == 403
    csrf = await admin.token(at)
    assert (await admin.post(at, data={"csrf": csrf, "model": " "})).status_code == 422
    await token.revoke(by=BY)
    assert (await admin.get(at)).status_code == 409
    sent = await admin.post(at, data={"csrf": csrf, "model": "gpt-4o-mini"})
    assert sent.status_code == 409
    assert await AuditEvent.filter(action="token.test").count() == 0


@pytest.mark.parametrize("listed", [None, ["GET /v1/models"]])
async def test_an_endpoint_that_is_off_leads_to_the_list_that_leaves_it_out(
    admin: Browser, listed: list[str] | None
) -> None:
    """Which only happens where a list is changed meanwhile: nothing else is offered for a test."""
    token = await make_token(await make_project(), allowed_endpoints=listed)
    leads_to = (
        f"/admin/projects/{token.project_id}/endpoints"
        if listed is None
        else f"/admin/tokens/{token.id}/edit"
    )
    assert trials._link(token, "endpoints") == leads_to
