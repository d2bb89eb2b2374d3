"""What a client's headers, cookies and addresses may hold: anything, and it is never a 500."""

from typing import Final
from urllib.parse import quote, urljoin

import pytest
from tortoise import Model

import models
from models import AdminSession
from tests.admin.conftest import PASSWORD, Browser, make_project, make_token, make_user
from tests.server.malformed import HEADERS, VALUES, asking, status_of

COOKIES: Final = (
    b"llm_proxy_session", b"llm_proxy_sign_in", b"llm_proxy_toast", b"llm_proxy_secret",
    b"__Host-llm_proxy_session", b"llm_proxy_browser",
)  # fmt: skip


async def test_no_header_or_cookie_is_a_500(admin: Browser, url: str) -> None:
    token = await make_token(await make_project())
    session = b"llm_proxy_session=" + admin.cookies["llm_proxy_session"].encode()
    secret = f"/admin/tokens/{token.id}/secret"
    for value in VALUES:
        everything = dict.fromkeys(HEADERS, value)
        for headers in (
            everything | {"cookie": session},
            everything,
            # A script whose session has ended is led back to the page that it was on.
            {"hx-request": b"true", "hx-current-url": value},
            {"hx-request": b"true", "referer": value},
            {"x-forwarded-host": value, "x-forwarded-for": value},
        ):
            assert await status_of(url, asking("/admin/audit", headers=headers)) < 500, (
                value,
                headers,
            )
        for page, known in (("/admin/login", b""), ("/admin/nowhere", session), (secret, session)):
            cookies = b"; ".join((known, *(b"%b=%b" % (name, value) for name in COOKIES)))
            assert await status_of(url, asking(page, headers={"cookie": cookies})) < 500, (
                page,
                cookies,
            )


async def test_a_page_that_a_script_asks_for_is_whole_where_it_has_no_part(admin: Browser) -> None:
    answer = await admin.get("/admin/account", headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert "Change password" in answer.text


async def test_no_parameter_is_a_500(admin: Browser, stranger: Browser) -> None:
    for value in VALUES:
        text = quote(value)
        for browser, path in (
            (stranger, f"/admin/login?next={text}"),
            (stranger, f"/admin/{text.replace('/', '%2F').replace('.', 'x')}"),
            (admin, f"/admin/tokens?status={text}&project={text}&page={text}&q={text}&sort={text}"),
            (admin, f"/admin/requests?from={text}&to={text}&status={text}&before={text}"),
            (admin, f"/admin/dashboard?span={text}&measure={text}"),
            (admin, f"/admin/tokens/revoke?ids={text}"),
        ):
            answer = await browser.get(path, follow_redirects=False)
            assert answer.status_code < 500, path


@pytest.mark.parametrize(
    "value",
    [
        b"//[",
        b"http://[::1",
        b"/admin/\x80",
        b"\xe2\x84\x80//a",
        b"/admin/../other",
        b"/admin/%2E./other",
        b"/admin/tokens/../..",
    ],
)
async def test_a_sign_in_leads_to_a_page_of_ours_whatever_next_holds(
    stranger: Browser, value: bytes
) -> None:
    await make_user("ada")
    answer = await stranger.post(
        "/admin/login",
        data={
            "csrf": await stranger.token("/admin/login"),
            "username": "ada",
            "password": PASSWORD,
            "next": value.decode("latin-1"),
        },
        follow_redirects=False,
    )
    assert answer.status_code == 303
    assert urljoin("https://here", answer.headers["location"]).startswith("https://here/admin/")
    assert "%2e" not in answer.headers["location"].lower()
    assert await AdminSession.all().count() == 1


async def test_strangers_leave_no_rows(stranger: Browser) -> None:
    before = await _rows()
    for number in range(6):
        for _ in range(10):
            assert (await stranger.get("/admin/login")).status_code == 200
        await stranger.sign_in(f"nobody {number}", "wrong")
    after = await _rows()
    # A line for each wrong password, which are bounded.
    assert after.pop("audit_event") <= before.pop("audit_event") + 6
    assert after == before


async def _rows() -> dict[str, int]:
    """How many rows each table has."""
    tables = [kind for kind in vars(models).values() if isinstance(kind, type)]
    return {
        kind._meta.db_table: await kind.all().count() for kind in tables if issubclass(kind, Model)
    }


async def test_a_time_that_is_none_in_the_audit_is_text(admin: Browser) -> None:
    await make_project("2026-99-99T99:99:99Z")
    await make_project("2026-99-99T99:99:99.000000+99:99")
    answer = await admin.get("/admin/audit")
    assert answer.status_code == 200
