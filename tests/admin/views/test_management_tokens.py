"""Tokens of the management API: made, shown once, revoked, and looked at by viewers."""

import re

import httpx

from admin.components.tables import PER_PAGE
from models import AuditEvent, ManagementToken
from tests.admin.conftest import BY, Browser, on_both

LIST = "/admin/management-tokens"
NEW = "/admin/management-tokens/new"


async def _create(admin: Browser, **fields: str) -> httpx.Response:
    return await admin.submit(NEW, LIST, **fields)


def _secret(page: httpx.Response) -> str:
    found = re.search(r'<code id="secret"[^>]*>([^<]+)</code>', page.text)
    assert found, page.text
    return found[1]


async def _calls(url: str, secret: str, method: str = "GET") -> int:
    async with httpx.AsyncClient(base_url=url) as script:
        answer = await script.request(
            method,
            "/manage/projects",
            headers={"authorization": f"Bearer {secret}"},
            json={} if method == "POST" else None,
        )
        return answer.status_code


@on_both
async def test_a_management_tokens_life(admin: Browser, url: str) -> None:
    assert "No management tokens yet" in (await admin.get(LIST)).text
    made = await _create(admin, name="grafana", scope="read")
    secret = _secret(made)
    assert secret not in str(made.url)
    assert f"{url}/manage/projects" in made.text
    token = await ManagementToken.get(name="grafana")
    assert (token.scope, made.url.path) == ("read", f"{LIST}/{token.id}/secret")
    assert await _calls(url, secret) == 200
    assert await _calls(url, secret, "POST") == 403

    again = await admin.get(made.url.path)
    assert (again.url.path, secret in again.text) == (LIST, False)
    assert token.hint in again.text

    question = await admin.get(f"{LIST}/{token.id}/revoke")
    assert "refused from now on, for good." in question.text
    revoked = await admin.submit(f"{LIST}/{token.id}/revoke")
    assert "grafana was revoked." in revoked.text
    assert f'href="{LIST}/{token.id}/revoke"' not in revoked.text
    assert await _calls(url, secret) == 401
    trail = await AuditEvent.filter(target_id=str(token.id)).order_by("id")
    assert [(event.actor, event.action) for event in trail] == [
        ("admin:ada", f"management_token.{action}")
        for action in ("create", "show_secret", "revoke")
    ]
    assert secret not in str([event.changes for event in trail])


async def test_a_token_that_may_write_is_asked_for(admin: Browser, url: str) -> None:
    assert 'value="read" checked' in (await admin.get(NEW)).text
    secret = _secret(await _create(admin, name="terraform", scope="write"))
    assert await _calls(url, secret, "POST") == 400


async def test_mistakes_stand_at_their_fields(admin: Browser) -> None:
    await (await ManagementToken.issue(name="taken", scope="read", by=BY))[0].revoke(by=BY)
    taken = await _create(admin, name="taken", scope="write")
    assert taken.status_code == 422
    assert "There is a management token named taken already." in taken.text
    assert 'value="write" checked' in taken.text
    wrong = await _create(admin, name="n" * 101, scope="all")
    assert set(re.findall(r'id="(\w+)-error"', wrong.text)) == {"name", "scope"}
    assert await ManagementToken.all().count() == 1


async def test_viewers_see_them_and_no_button(viewer: Browser) -> None:
    token, secret = await ManagementToken.issue(name="grafana", scope="write", by=BY)
    page = (await viewer.get(LIST)).text
    assert "grafana" in page
    assert 'href="/manage/docs"' in page
    assert "/new" not in page
    assert "/revoke" not in page
    assert secret not in page
    assert (await viewer.get(f"{LIST}/{token.id}/revoke")).status_code == 403


async def test_a_long_list_is_leafed_through_and_sorted(admin: Browser) -> None:
    for number in range(PER_PAGE + 1):
        await ManagementToken.issue(name=f"script-{number:02}", scope="read", by=BY)
    first = (await admin.get(LIST)).text
    assert "script-01" in first
    assert "script-00" not in first
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older
    assert "script-00" in (await admin.get(older[1].replace("&amp;", "&"))).text
    by_name = (await admin.get(f"{LIST}?sort=name")).text
    assert by_name.index("script-00") < by_name.index("script-01")
