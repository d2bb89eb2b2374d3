"""Posts that are not ours are refused, and viewers change nothing, whatever address they know."""

import re

import pytest

from admin.plane import FAMILIES
from models import AuditEvent, Destination, ManagementToken, Project
from tests.admin.conftest import (
    BY,
    RING,
    Browser,
    browsing,
    make_project,
    make_token,
    make_user,
)

_POSTS = [page for family in FAMILIES for page in family.rows if page.method == "POST"]
_FOR_ADMINS = [page for family in FAMILIES for page in family.rows if page.role == "admin"]


async def _change(browser: Browser, project: Project, **more: str) -> tuple[int, str]:
    headers = {name.replace("_", "-"): value for name, value in more.items() if name != "csrf"}
    csrf = more.get("csrf")
    body = {"name": "renamed"} | ({} if csrf is None else {"csrf": csrf})
    answer = await browser.post(f"/admin/projects/{project.id}/edit", data=body, headers=headers)
    return answer.status_code, (await Project.get(id=project.id)).name


async def test_a_post_without_our_token_is_refused(admin: Browser) -> None:
    project = await make_project()
    assert await _change(admin, project) == (403, "shop")
    assert await _change(admin, project, csrf="0" * 64) == (403, "shop")
    assert await _change(admin, project, csrf="é") == (403, "shop")


async def test_the_token_of_an_earlier_session_is_stale(admin: Browser) -> None:
    project = await make_project()
    stale = await admin.token("/admin/account")
    await admin.submit("/admin/account", "/admin/logout")
    await admin.sign_in("ada")
    assert await _change(admin, project, csrf=stale) == (403, "shop")


async def test_another_persons_token_is_not_ours(admin: Browser, viewer: Browser) -> None:
    project = await make_project()
    theirs = await viewer.token("/admin/account")
    assert await _change(admin, project, csrf=theirs) == (403, "shop")


@pytest.mark.parametrize(
    "said",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://["},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
async def test_a_post_from_elsewhere_is_refused(admin: Browser, said: dict[str, str]) -> None:
    project = await make_project()
    csrf = await admin.token("/admin/account")
    assert await _change(admin, project, csrf=csrf, **said) == (403, "shop")


async def test_a_post_from_here_is_taken(admin: Browser) -> None:
    project = await make_project()
    csrf = await admin.token("/admin/account")
    here = str(admin.base_url).rstrip("/")
    assert await _change(admin, project, csrf=csrf, origin=here, sec_fetch_site="same-origin") == (
        200,
        "renamed",
    )


async def test_a_proxy_that_changes_host_may_say_what_it_was(admin: Browser) -> None:
    project = await make_project()
    csrf = await admin.token("/admin/account")
    said = {"origin": "http://proxy.example", "x_forwarded_host": "proxy.example"}
    assert await _change(admin, project, csrf=csrf, **said) == (200, "renamed")


async def test_the_sign_in_form_needs_its_token_too(url: str) -> None:
    await make_user("ada")
    async with browsing(url) as browser:
        answer = await browser.post(
            "/admin/login", data={"username": "ada", "password": "correct horse battery"}
        )
        assert answer.status_code == 403
        assert "llm_proxy_session" not in browser.cookies


async def test_every_page_but_the_sign_in_needs_somebody(stranger: Browser) -> None:
    for family in FAMILIES:
        for page in family.rows:
            path = "/admin" + re.sub(r"\{\w+\}", "00000000-0000-4000-8000-000000000000", page.path)
            answer = await stranger.request(page.method, path, follow_redirects=False)
            if page.role is None:
                assert answer.status_code in (200, 403), path
            else:
                assert answer.status_code == 303, path
                assert answer.headers["location"].startswith("/admin/login"), path


async def test_a_stranger_learns_of_no_page_whether_it_is_there(stranger: Browser) -> None:
    for method, path in (("GET", "/admin/nowhere"), ("DELETE", "/admin/tokens")):
        answer = await stranger.request(method, path, follow_redirects=False)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/admin/login"), path


async def test_a_viewer_gets_403_by_address_from_every_change(viewer: Browser) -> None:
    project = await make_project()
    token = await make_token(project)
    csrf = await viewer.token("/admin/account")
    assert len(_FOR_ADMINS) > 30
    for page in _FOR_ADMINS:
        path = "/admin" + page.path.replace("{project_id}", str(project.id)).replace(
            "{token_id}", str(token.id)
        )
        path = re.sub(r"\{\w+\}", str(project.id), path)
        answer = await viewer.request(
            page.method, path, data={"csrf": csrf} if page.method == "POST" else None
        )
        assert answer.status_code == 403, path
    await project.refresh_from_db()
    await token.refresh_from_db()
    assert project.is_active
    assert project.deleted_at is None
    assert token.revoked_at is None
    refused = await AuditEvent.filter(actor="admin:vera", outcome="refused").first()
    assert refused
    assert refused.action == "admin.refuse"


async def test_a_viewer_sees_no_button_that_would_be_refused(viewer: Browser) -> None:
    project = await make_project()
    token = await make_token(project)
    destination, _ = await Destination.make(
        kind="webhook", ring=RING, by=BY, name="ops", url="https://ops.example.com"
    )
    await ManagementToken.issue(name="grafana", scope="read", by=BY)
    for path in (
        "/admin/projects",
        f"/admin/projects/{project.id}",
        "/admin/tokens",
        f"/admin/tokens/{token.id}",
        "/admin/users",
        "/admin/requests",
        "/admin/audit",
        "/admin/destinations",
        "/admin/management-tokens",
        "/admin/providers",
        "/admin/providers?name=openai",
        f"/admin/destinations/{destination.id}",
    ):
        answer = await viewer.get(path)
        assert answer.status_code == 200, path
        actions = set(re.findall(r'<form[^>]*method="post"[^>]*action="([^"]+)"', answer.text))
        assert actions <= {"/admin/logout"}, path
        assert not re.search(
            r'href="[^"]*/(new|edit|delete|revoke|rotate|remove|renew)\b', answer.text
        )


def test_every_post_is_for_admins_but_for_ones_own_account() -> None:
    open_to_viewers = {page.path for page in _POSTS if page.role != "admin"}
    assert open_to_viewers == {
        "/login",
        "/logout",
        "/account/password",
        "/account/sessions/{session_id}/revoke",
    }
