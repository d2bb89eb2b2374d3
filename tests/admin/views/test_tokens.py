"""Tokens, through forms without a script; the secret, which is shown once."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import httpx
import pytest

from admin.components import lookups, one_time_secret
from config import Settings
from models import AuditEvent, Token, TokenSecret
from models.db.database import postgres_address
from models.secrets import digest, is_well_formed
from models.token_status import STATUSES
from tests.admin.conftest import (
    BY,
    Browser,
    browsing,
    make_project,
    make_token,
    make_user,
    on_both,
    serving,
)
from tests.manage.entries import entry, record

NEW = "/admin/tokens/new"


def _secret(response: httpx.Response) -> str:
    found = re.search(r'<code id="secret"[^>]*>(llmp_\w+)</code>', response.text)
    assert found, response.text
    return found[1]


@on_both
async def test_the_chosen_project_is_among_the_choices_however_many_there_are(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "MOST_CHOICES", 2)
    for name in ("a", "b", "z"):
        last = await make_project(name)
    chosen = f'<option value="{last.id}" selected>z</option>'
    for page in (NEW, "/admin/tokens", "/admin/requests"):
        assert chosen in (await admin.get(f"{page}?project={last.id}")).text, page
    assert "begins on its page" in (await admin.get(NEW)).text
    await last.change(by=BY, is_active=False)
    form = {"name": "web", "project_id": str(last.id), "expiry": "30d"}
    refused = await admin.submit(f"{NEW}?project={last.id}", "/admin/tokens", **form)
    # Sent again as it stands, it is for no other project.
    assert refused.status_code == 422
    assert chosen in refused.text


@on_both
async def test_a_token_needs_only_a_name_and_its_secret_is_shown_once(admin: Browser) -> None:
    project = await make_project()
    page = await admin.submit(
        f"{NEW}?project={project.id}",
        "/admin/tokens",
        name="web",
        project_id=str(project.id),
        expiry="30d",
    )
    secret = _secret(page)
    assert is_well_formed(secret)
    assert page.url.path.endswith("/secret")
    assert page.headers["cache-control"] == "no-store"
    assert "llm_proxy_secret" not in admin.cookies
    assert await TokenSecret.filter(digest=digest(secret)).exists()
    token = await Token.get(name="web")
    assert token.expires_at is not None
    assert abs(token.expires_at - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)
    for title in ("curl", "OpenAI Python", "OpenAI JavaScript", "LangChain", "Environment"):
        assert title in page.text
    host = str(admin.base_url).rstrip("/")
    assert f"OPENAI_BASE_URL={host}/v1\nOPENAI_API_KEY={secret}" in page.text

    again = await admin.get(str(page.url))
    assert again.url.path == f"/admin/tokens/{token.id}"
    assert secret not in again.text
    assert await Token.all().count() == 1
    for path in ("/admin/tokens", "/admin/audit", "/admin/audit/export"):
        assert secret not in (await admin.get(path)).text


async def test_the_secret_is_handed_over_encrypted_and_to_one_page_only(admin: Browser) -> None:
    project = await make_project()
    other = await make_token(project, "other")
    csrf = await admin.token(NEW)
    answer = await admin.post(
        "/admin/tokens",
        data={"csrf": csrf, "name": "web", "project_id": str(project.id), "expiry": "never"},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    cookie = next(c for c in answer.headers.get_list("set-cookie") if "llm_proxy_secret" in c)
    assert "llmp_" not in cookie
    for part in ("HttpOnly", "SameSite=Strict", "Max-Age=60", f"Path={answer.headers['location']}"):
        assert part in cookie
    kept = cookie.partition(";")[0]
    session = f"llm_proxy_session={admin.cookies['llm_proxy_session']}"
    shown = await admin.get(
        f"/admin/tokens/{other.id}/secret",
        headers={"cookie": f"{session}; {kept}"},
        follow_redirects=False,
    )
    assert (shown.status_code, shown.headers["location"]) == (303, f"/admin/tokens/{other.id}")


@on_both
async def test_a_secret_is_shown_once_also_to_who_kept_its_cookie(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await make_project()
    csrf = await admin.token(NEW)
    sent = {"csrf": csrf, "project_id": str(project.id), "expiry": "never"}

    async def hand_over() -> tuple[str, dict[str, str]]:
        answer = await admin.post("/admin/tokens", data=sent, follow_redirects=False)
        cookies = [*answer.headers.get_list("set-cookie")]
        kept = next(c.partition(";")[0] for c in cookies if "llm_proxy_secret" in c)
        session = f"llm_proxy_session={admin.cookies['llm_proxy_session']}"
        admin.cookies.delete("llm_proxy_secret")
        return answer.headers["location"], {"cookie": f"{session}; {kept}"}

    page, kept = await hand_over()
    assert (await admin.head(page, headers=kept, follow_redirects=False)).status_code == 303
    answers = await asyncio.gather(
        *(admin.get(page, headers=kept, follow_redirects=False) for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 303, 303, 303, 303]
    assert sum("llmp_" in answer.text for answer in answers) == 1
    assert await AuditEvent.filter(action="token.show_secret").count() == 1
    page, kept = await hand_over()
    monkeypatch.setattr(one_time_secret, "_SECONDS", -1)
    assert (await admin.get(page, headers=kept, follow_redirects=False)).status_code == 303


@on_both
async def test_every_limit_is_kept_and_edited(admin: Browser) -> None:
    project = await make_project()
    fields = {
        "name": "web",
        "max_requests": "1000",
        "requests_per_minute": "60",
        "max_parallel_requests": "4",
        "allowed_models": "gpt-4o\r\no4*",
        "allowed_endpoints": "POST /v1/chat/completions",
        "allowed_ips": "10.0.0.0/8\n192.0.2.7",
        "tags": "team = search\nfeature=rag",
    }
    await admin.submit(
        NEW,
        "/admin/tokens",
        project_id=str(project.id),
        expiry="custom",
        expires_at="2040-05-06T07:08",
        **fields,
    )
    token = await Token.get(name="web")
    assert token.expires_at == datetime(2040, 5, 6, 7, 8, tzinfo=UTC)
    assert (token.max_requests, token.requests_per_minute, token.max_parallel_requests) == (
        1000,
        60,
        4,
    )
    assert token.allowed_ips == ["10.0.0.0/8", "192.0.2.7"]
    assert token.tags == {"team": "search", "feature": "rag"}
    assert "team=search" in (await admin.get(f"/admin/tokens/{token.id}")).text
    form = await admin.get(f"/admin/tokens/{token.id}/edit")
    assert "feature = rag\nteam = search</textarea>" in form.text
    assert (
        "1000 requests, 60 a minute, 4 at once, 2 models, 1 endpoint, 2 addresses, 2 tags"
        in form.text
    )
    assert "10.0.0.0/8\n192.0.2.7</textarea>" in form.text
    fields |= {"allowed_ips": "", "name": "worker"}
    edited = await admin.submit(f"/admin/tokens/{token.id}/edit", expiry="keep", **fields)
    assert "The token was changed." in edited.text
    await token.refresh_from_db()
    assert token.name == "worker"
    assert not token.allowed_ips
    assert token.expires_at == datetime(2040, 5, 6, 7, 8, tzinfo=UTC)


async def test_mistakes_stand_at_their_fields(admin: Browser) -> None:
    project = await make_project()
    answer = await admin.submit(
        NEW,
        "/admin/tokens",
        project_id=str(project.id),
        expiry="custom",
        expires_at="2001-01-01T00:00",
        max_requests="0",
        allowed_endpoints="GET",
        allowed_ips="10.0.0.0/8\n10.0.0.1/8",
        tags="team",
    )
    assert answer.status_code == 422
    wrong = set(re.findall(r'id="(\w+)-error"', answer.text))
    assert wrong == {"expires_at", "max_requests", "allowed_endpoints", "allowed_ips", "tags"}
    assert "Line 2: " in answer.text
    for bad in ({"project_id": str(uuid4())}, {"project_id": "x"}, {}, {"expiry": "soon"}):
        answer = await admin.submit(NEW, "/admin/tokens", **bad)
        assert answer.status_code == 422
    await project.deactivate(by=BY)
    answer = await admin.submit(NEW, "/admin/tokens", project_id=str(project.id))
    assert "is not active" in answer.text


@on_both
async def test_rotate_revoke_and_what_is_left(admin: Browser) -> None:
    token = await make_token(await make_project())
    at = f"/admin/tokens/{token.id}"
    before = token.hint
    page = await admin.submit(f"{at}/rotate", grace_seconds="3600")
    assert _secret(page)
    await token.refresh_from_db()
    assert token.hint != before
    assert await TokenSecret.filter(token_id=token.id).count() == 2
    assert "It stops working at once" in (await admin.get(f"{at}/revoke")).text
    revoked = await admin.submit(f"{at}/revoke")
    assert "The token was revoked." in revoked.text
    assert "It stays revoked" in revoked.text
    assert (await admin.get(f"{at}/rotate")).status_code == 409
    csrf = await admin.token("/admin/account")
    assert (await admin.post(f"{at}/rotate", data={"csrf": csrf})).status_code == 409
    assert (await admin.post(f"{at}/revoke", data={"csrf": csrf})).status_code == 200


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_to_revoke_waits_for_no_table_that_it_does_not_concern(
    admin: Browser, settings: Settings
) -> None:
    project = await make_project()
    token = await make_token(project)
    csrf = await admin.token("/admin/account")
    other = await asyncpg.connect(**postgres_address(settings.database))
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE key_state, exhausted IN ACCESS EXCLUSIVE MODE")
            answers = [
                await admin.post(f"/admin/{at}", data={"csrf": csrf}, follow_redirects=False)
                for at in (f"tokens/{token.id}/revoke", f"projects/{project.id}/deactivate")
            ]
    finally:
        await other.close()
    assert [answer.status_code for answer in answers] == [303, 303]
    await token.refresh_from_db()
    await project.refresh_from_db()
    assert token.revoked_at is not None
    assert not project.is_active


@on_both
async def test_several_are_revoked_at_once(admin: Browser) -> None:
    project = await make_project()
    tokens = [await make_token(project, f"t{n}") for n in range(4)]
    ids = [str(token.id) for token in tokens[:3]]
    question = await admin.get("/admin/tokens/revoke", params={"ids": [*ids, "nonsense"]})
    assert "Revoke 3 tokens?" in question.text
    answer = await admin.submit("/admin/account", "/admin/tokens/revoke", ids=[*ids, "nonsense"])
    assert "3 tokens revoked." in answer.text
    assert await Token.filter(revoked_at__isnull=True).count() == 1
    assert await AuditEvent.filter(action="token.revoke").count() == 3
    assert (await admin.get("/admin/tokens/revoke")).url.path == "/admin/tokens"


@on_both
async def test_the_list_is_searched_filtered_sorted_and_paged(admin: Browser) -> None:
    project = await make_project()
    other = await make_project("other")
    for number in range(28):
        await make_token(project, f"web {number:02}")
    gone = await make_token(other, "gone", expires_at=datetime.now(UTC) + timedelta(days=1))
    await gone.revoke(by=BY)

    async def names(query: str) -> list[str]:
        text = (await admin.get(f"/admin/tokens?{query}")).text
        return re.findall(r'class="row-link"[^>]*>([^<]+)<', text)

    newest = await names("")
    assert newest[:2] == ["gone", "web 27"]
    assert len(newest) == 25
    older = re.search(r'href="([^"]+)" rel="next"', (await admin.get("/admin/tokens")).text)
    assert older
    rest = await admin.get(older[1].replace("&amp;", "&"))
    assert len(re.findall('class="row-link"', rest.text)) == 4
    assert (await names("sort=name"))[0] == "gone"
    assert await names("sort=name&page=2") == ["web 24", "web 25", "web 26", "web 27"]
    assert await names("sort=name&page=999999999") == ["web 24", "web 25", "web 26", "web 27"]
    assert (await names("sort=-expires"))[0] == "gone"
    assert await names("status=revoked") == ["gone"]
    assert await names(f"project={other.id}") == ["gone"]
    assert await names("q=web%2013") == ["web 13"]
    assert await names(f"q={gone.hint[-4:]}") == ["gone"]


@on_both
async def test_a_tokens_page_shows_what_it_used(admin: Browser) -> None:
    token = await make_token(await make_project(), max_requests=100)
    rows = [
        entry(project_id=token.project_id, token_id=token.id, status=status)
        for status in (200, 200, 200, 500)
    ]
    await record(*rows)
    for span in ("24h", "7d", "30d", "nonsense"):
        page = await admin.get(f"/admin/tokens/{token.id}?span={span}")
        assert "4 requests, 1 with errors" in page.text
        assert "25.0%" in page.text
    assert "4 of 100 requests used" in page.text
    log = await admin.get(f"/admin/requests?token={token.id}")
    shown = re.findall(r"/admin/requests/([0-9a-f-]{36})", log.text)
    detail = await admin.get(f"/admin/requests/{shown[0]}")
    assert "Prompts and answers are not stored." in detail.text
    drawer = await admin.get(f"/admin/requests/{shown[0]}", headers={"hx-request": "true"})
    assert "<html" not in drawer.text


async def test_no_token_outlives_what_the_operator_allows(settings: Settings) -> None:
    async with serving(replace(settings, token_max_lifetime=7200)) as url:
        await make_user("ada")
        project = await make_project()
        async with browsing(url, "ada") as admin:
            form = await admin.get(NEW)
            offered = re.findall(r'name="expiry" value="(\w+)"( checked)?', form.text)
            assert offered == [("1h", ""), ("longest", " checked"), ("custom", "")]
            sent = {"project_id": str(project.id), "name": "web"}
            for choice in ("never", "24h"):
                answer = await admin.submit(NEW, "/admin/tokens", expiry=choice, **sent)
                assert answer.status_code == 422
                assert "at most 7200 seconds" in answer.text
            assert _secret(await admin.submit(NEW, "/admin/tokens", expiry="longest", **sent))
            token = await Token.get(name="web")
            edit = f"/admin/tokens/{token.id}/edit"
            answer = await admin.submit(edit, name="web", expiry="30d")
            assert answer.status_code == 422
            assert "at most 7200 seconds" in answer.text
            assert (await Token.get(id=token.id)).expires_at == token.expires_at


@on_both
async def test_policies_are_typed_a_line_each_and_shown_as_a_table(admin: Browser) -> None:
    token = await make_token(await make_project())
    edit = f"/admin/tokens/{token.id}/edit"
    wrong = await admin.submit(
        edit, expiry="keep", policies="slow: requests_per_minute 5\nodd: requests 5"
    )
    assert wrong.status_code == 422
    assert "Line 2: &#39;requests&#39; is none of" in wrong.text
    lines = "slow: requests_per_minute 1234; models gpt-5*\nall: max_requests 9"
    page = await admin.submit(edit, expiry="keep", policies=lines)
    for shown in ("slow", "gpt-5*", "1,234 a minute", "Every request", "9 in all", "9 left"):
        assert shown in page.text
    form = await admin.get(edit)
    assert lines in form.text
    assert "2 policies" in form.text


@on_both
async def test_budgets_are_typed_a_line_each_and_shown_with_a_bar(admin: Browser) -> None:
    token = await make_token(await make_project())
    edit = f"/admin/tokens/{token.id}/edit"
    wrong = await admin.submit(edit, expiry="keep", budgets="usd 25 day\nusd 2 year")
    assert wrong.status_code == 422
    assert "Line 2: Choose one of these." in wrong.text
    lines = "usd 25 day zone=Asia/Kolkata\ntokens 90000 minute"
    page = await admin.submit(
        edit, expiry="keep", budgets=lines, policies="dear: budget usd 0.5 total; models o3"
    )
    for shown in ("$25.00 a day", "Asia/Kolkata", "90,000 tokens a minute", "$0.50 in all"):
        assert shown in page.text
    assert 'aria-label="$25.00 a day: $0.00 spent, $25.00 left"' in page.text
    form = await admin.get(edit)
    assert lines in form.text
    assert "dear: budget usd 0.5 total; models o3" in form.text
    assert "2 budgets, 1 policy" in form.text


async def test_each_status_has_an_icon_and_a_word_of_its_own_and_says_what_mends_it(
    admin: Browser,
) -> None:
    project = await make_project()
    token = await make_token(project, "batch", max_requests=5)

    async def shown() -> tuple[str, str]:
        """The badge, and what the page of the token says of it."""
        listed, page = (
            await admin.get("/admin/tokens"),
            await admin.get(f"/admin/tokens/{token.id}"),
        )
        (badge,) = re.findall(r'<span class="pill .*?</span>', listed.text, re.DOTALL)
        assert badge in page.text
        notice = re.search(r'<div class="notice .*?</div></div>', page.text, re.DOTALL)
        return badge, notice[0] if notice else ""

    found = {"active": await shown()}
    (key,) = await project.keys.all()
    await key.change(by=BY, is_active=False)
    found["no_upstream_key"] = await shown()
    await Token.filter(id=token.id).update(request_count=5)
    found["exhausted"] = await shown()
    await project.deactivate(by=BY)
    found["project_inactive"] = await shown()
    await Token.filter(id=token.id).update(expires_at=datetime.now(UTC))
    found["expired"] = await shown()
    await token.revoke(by=BY)
    found["revoked"] = await shown()

    assert {*found} == {*STATUSES}
    icons = [re.search("<svg.*?</svg>", badge)[0] for badge, _ in found.values()]  # type: ignore[index]
    words = [re.sub("<svg.*?</svg>|<.*?>", "", badge) for badge, _ in found.values()]
    assert len({*icons}) == len({*words}) == len(STATUSES)
    assert f'href="/admin/projects/{project.id}"' in found["no_upstream_key"][1]
    assert f'href="/admin/tokens/{token.id}/edit"' in found["exhausted"][1]
    assert "5 of 5 requests used" in (await admin.get(f"/admin/tokens/{token.id}")).text
    # Each of them can be asked for.
    for status in STATUSES:
        rows = (await admin.get(f"/admin/tokens?status={status}")).text
        assert (f"/admin/tokens/{token.id}" in rows) == (status == "revoked")
        assert f'<option value="{status}" selected>' in rows


async def test_tokens_that_end_soon_can_be_asked_for(admin: Browser) -> None:
    project = await make_project()
    soon = await make_token(project, "soon", expires_at=datetime.now(UTC) + timedelta(days=6))
    later = await make_token(project, "later", expires_at=datetime.now(UTC) + timedelta(days=8))
    page = (await admin.get("/admin/tokens?expiring_within=604800")).text
    assert f"/admin/tokens/{soon.id}" in page
    assert f"/admin/tokens/{later.id}" not in page
    assert '<option value="604800" selected>' in page
    assert f"/admin/tokens/{later.id}" in (await admin.get("/admin/tokens?expiring_within=x")).text
