"""Who gets in, and how the way in is kept."""

import asyncio
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest

from admin.web import throttle
from models import AdminSession, AdminUser, AuditEvent, passwords
from models.errors import DatabaseUnavailable, TooManyHashes
from models.secrets import digest
from tests.admin.conftest import PASSWORD, Browser, browsing, make_user
from tests.server.wire import Client


async def test_sign_in_leads_back_to_where_the_reader_was(stranger: Browser) -> None:
    await make_user("ada")
    wall = await stranger.get("/admin/tokens?status=revoked")
    assert wall.url.path == "/admin/login"
    token = await stranger.token(str(wall.url))
    response = await stranger.post(
        "/admin/login",
        data={
            "csrf": token,
            "username": "ada",
            "password": PASSWORD,
            "next": wall.url.params["next"],
        },
    )
    assert str(response.url).endswith("/admin/tokens?status=revoked")
    assert response.status_code == 200


async def test_the_first_password_and_the_way_to_a_new_one_are_told(stranger: Browser) -> None:
    user = await make_user("ada")
    page = (await stranger.get("/admin/login")).text
    assert "admin-password" in page
    assert "llm-proxy admin passwd" in page
    # Once somebody was in, the first password is no news.
    user.last_login_at = datetime.now(UTC)
    await user.save()
    page = (await stranger.get("/admin/login")).text
    assert "admin-password" not in page
    assert "llm-proxy admin passwd" in page


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/admin/",
        "/\\evil.example",
        "/admin/\\..\\..",
        "javascript:alert(1)",
        "/v1/models",
        "/admin/\r\nx: y",
    ],
)
async def test_next_leads_to_pages_of_ours_only(stranger: Browser, elsewhere: str) -> None:
    await make_user("ada")
    token = await stranger.token("/admin/login")
    response = await stranger.post(
        "/admin/login",
        data={"csrf": token, "username": "ada", "password": PASSWORD, "next": elsewhere},
        follow_redirects=False,
    )
    assert response.status_code == 303
    assert response.headers["location"] == "/admin/"


async def test_a_wrong_password_says_nothing_about_the_name(stranger: Browser) -> None:
    await make_user("ada")
    known = await stranger.sign_in("ada", "wrong")
    unknown = await stranger.sign_in("nobody", "wrong")
    assert known.status_code == unknown.status_code == 422
    assert "The name or the password is wrong." in known.text
    # As a value: the letters of the name may be in a form's token as well.
    assert known.text.replace('"ada"', '"nobody"') == unknown.text
    assert 'value="ada"' in known.text
    assert "wrong" not in known.text.replace("is wrong", "")
    failed = await AuditEvent.filter(action="admin.sign_in", outcome="failed")
    assert len(failed) == 2
    assert "nobody" not in str([event.target_id for event in failed])


@pytest.mark.parametrize("length", [150, 151])
async def test_a_name_longer_than_any_is_refused_before_it_is_looked_for(
    stranger: Browser, length: int
) -> None:
    refused = await stranger.sign_in("x" * length, "wrong")
    assert refused.status_code == 422
    assert ("At most 150 characters." in refused.text) is (length > 150)


async def test_guessing_has_to_wait_and_the_owner_elsewhere_does_not(
    stranger: Browser, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than the machine may take for the next try.
    monkeypatch.setattr(throttle, "_FIRST_WAIT", 100.0)
    await make_user("ada")
    guesses = {"x-forwarded-for": "198.51.100.7"}
    stranger.headers.update(guesses)
    for _ in range(5):
        assert (await stranger.sign_in("ada", "wrong")).status_code == 422
    held = await stranger.sign_in("ada")
    assert held.status_code == 429
    assert int(held.headers["retry-after"]) >= 1
    async with browsing(url, headers={"x-forwarded-for": "203.0.113.9"}) as owner:
        assert (await owner.sign_in("ada")).status_code == 200


async def test_the_cookie_is_bound_to_its_host_over_https(stranger: Browser, url: str) -> None:
    await make_user("ada")
    headers = {"x-forwarded-proto": "https"}
    async with browsing(url, headers=headers, follow_redirects=False) as browser:
        form = await browser.get("/admin/login")
        cookie = form.headers["set-cookie"]
        assert cookie.startswith("__Host-llm_proxy_sign_in=")
        for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
            assert part in cookie
        assert "Domain" not in cookie
        value = cookie.partition(";")[0]
        token = form.text.split('name="csrf" value="')[1][:64]
        answer = await browser.post(
            "/admin/login",
            data={"csrf": token, "username": "ada", "password": PASSWORD},
            headers={"cookie": value},
        )
        kept = [text for text in answer.headers.get_list("set-cookie") if "session=" in text]
        assert kept[0].startswith("__Host-llm_proxy_session=")
        assert "Secure" in kept[0]
    await stranger.sign_in("ada")
    plain = next(cookie for cookie in stranger.cookies.jar if cookie.name == "llm_proxy_session")
    assert not plain.secure


async def test_over_https_a_cookie_that_another_host_may_have_set_signs_nobody_in(
    admin: Browser, url: str
) -> None:
    """A neighbour on the same domain can set the plain name, and no other one."""
    plain = f"llm_proxy_session={admin.cookies['llm_proxy_session']}"
    for name, status in ((plain, 303), (f"__Host-{plain}", 200)):
        headers = {"x-forwarded-proto": "https", "cookie": name}
        async with browsing(url, headers=headers, follow_redirects=False) as browser:
            assert (await browser.get("/admin/account")).status_code == status


async def test_signing_in_rotates_the_session_and_signing_out_ends_it(admin: Browser) -> None:
    first = admin.cookies["llm_proxy_session"]
    assert await AdminSession.get_or_none(digest=digest(first))
    assert not await AdminSession.filter(digest=first).exists()
    await admin.submit("/admin/account", "/admin/logout")
    assert "llm_proxy_session" not in admin.cookies
    assert not await AdminSession.exists()
    await admin.sign_in("ada")
    assert admin.cookies["llm_proxy_session"] != first


async def test_signing_in_again_ends_the_session_before(admin: Browser) -> None:
    before = digest(admin.cookies["llm_proxy_session"])
    csrf = await admin.token("/admin/account")
    await admin.post("/admin/login", data={"csrf": csrf, "username": "ada", "password": PASSWORD})
    session = await AdminSession.get()
    assert session.digest == digest(admin.cookies["llm_proxy_session"]) != before


@pytest.mark.parametrize(
    "aged",
    [
        {"last_seen_at": timedelta(hours=-12)},
        {"expires_at": timedelta(seconds=-1)},
    ],
    ids=["idle", "absolute"],
)
async def test_a_session_ends(admin: Browser, aged: dict[str, timedelta]) -> None:
    assert (await admin.get("/admin/projects")).url.path == "/admin/projects"
    moments = {name: datetime.now(UTC) + offset for name, offset in aged.items()}
    await AdminSession.all().update(**moments)
    assert (await admin.get("/admin/projects")).url.path == "/admin/login"


async def test_an_expired_swap_sends_the_whole_page_to_the_sign_in(admin: Browser) -> None:
    await AdminSession.all().delete()
    response = await admin.get(
        "/admin/tokens?q=x",
        headers={
            "hx-request": "true",
            "hx-current-url": f"{admin.base_url}/admin/tokens?status=active",
        },
    )
    assert response.headers["hx-redirect"] == ("/admin/login?next=/admin/tokens%3Fstatus%3Dactive")


async def test_changing_the_password_ends_all_other_sessions(admin: Browser, url: str) -> None:
    async with browsing(url, "ada") as other:
        answer = await admin.submit(
            "/admin/account",
            "/admin/account/password",
            current=PASSWORD,
            password="another one entirely",
            again="another one entirely",
        )
        assert "Your password was changed" in answer.text
        assert (await other.get("/admin/account")).url.path == "/admin/login"
        assert (await other.sign_in("ada")).status_code == 422
        assert (await other.sign_in("ada", "another one entirely")).status_code == 200


async def test_a_wrong_current_password_changes_nothing(admin: Browser) -> None:
    answer = await admin.submit(
        "/admin/account", "/admin/account/password", current="x", password="12345678", again="1"
    )
    assert answer.status_code == 422
    assert "This is not the same as above." in answer.text
    answer = await admin.submit(
        "/admin/account",
        "/admin/account/password",
        current="x",
        password="12345678",
        again="12345678",
    )
    assert "This is not your password." in answer.text


async def test_sessions_are_listed_and_ended_one_by_one(admin: Browser, url: str) -> None:
    agent = {"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}
    async with browsing(url, "ada", headers=agent) as other:
        page = await admin.get("/admin/account")
        assert "Firefox on Linux" in page.text
        row = await AdminSession.get(user_agent__contains="Firefox")
        await admin.submit("/admin/account", f"/admin/account/sessions/{row.id}/revoke")
        assert (await other.get("/admin/account")).url.path == "/admin/login"


async def test_another_persons_session_cannot_be_ended(admin: Browser, viewer: Browser) -> None:
    row = await AdminSession.get(user__username="ada")
    answer = await viewer.submit("/admin/account", f"/admin/account/sessions/{row.id}/revoke")
    assert answer.status_code == 404
    assert (await admin.get("/admin/account")).url.path == "/admin/account"


async def test_a_deactivated_account_is_out_at_once(admin: Browser, viewer: Browser) -> None:
    vera = await AdminUser.get(username="vera")
    await admin.submit(f"/admin/users/{vera.id}", f"/admin/users/{vera.id}/deactivate")
    assert (await viewer.get("/admin/projects")).url.path == "/admin/login"
    assert (await viewer.sign_in("vera")).status_code == 422


async def test_an_old_hash_is_made_anew(stranger: Browser, cheap_passwords: None) -> None:
    from argon2 import PasswordHasher

    ada = await make_user("ada")
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    await AdminUser.filter(id=ada.id).update(password_hash=old)
    assert (await stranger.sign_in("ada")).status_code == 200
    fresh = await AdminUser.get(id=ada.id)
    assert fresh.password_hash != old
    assert "m=8,t=1" in fresh.password_hash


async def test_of_guesses_that_are_sent_at_once_only_the_free_ones_are_hashed(
    stranger: Browser, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "_FIRST_WAIT", 100.0)
    await make_user("ada")
    hashed: list[str] = []
    verify = passwords._verify

    def counting(stored: str, password: str) -> bool:
        hashed.append(password)
        return verify(stored, password)

    monkeypatch.setattr(passwords, "_verify", counting)
    csrf = await stranger.token("/admin/login")
    stranger.headers["x-forwarded-for"] = "198.51.100.7"

    async def guess(name: str, password: str) -> int:
        sent = {"csrf": csrf, "username": name, "password": password}
        return (await stranger.post("/admin/login", data=sent)).status_code

    for name in ("ada", "nobody"):
        hashed.clear()
        answers = await asyncio.gather(*(guess(name, f"guess {n}") for n in range(60)))
        assert len(hashed) <= 5
        assert set(answers) == {422, 429}
        # The right one is among the guesses that are held back, and is not looked at either.
        assert await guess(name, PASSWORD) == 429
        assert PASSWORD not in hashed
    async with browsing(url, headers={"x-forwarded-for": "203.0.113.9"}) as owner:
        assert (await owner.sign_in("ada")).status_code == 200


async def test_guessing_the_current_password_has_to_wait_as_well(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "_FIRST_WAIT", 100.0)
    new = {"password": "another one entirely", "again": "another one entirely"}
    for _ in range(5):
        answer = await admin.submit("/admin/account", "/admin/account/password", current="x", **new)
        assert answer.status_code == 422
    held = await admin.submit("/admin/account", "/admin/account/password", current=PASSWORD, **new)
    assert held.status_code == 429
    assert int(held.headers["retry-after"]) >= 100
    assert "Too many wrong passwords." in held.text
    assert await AuditEvent.filter(action="admin.password", outcome="failed").count() == 5
    assert (await admin.sign_in("ada")).status_code == 429


async def test_a_full_queue_is_429_for_every_form_that_takes_a_password(
    admin: Browser, stranger: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object, **__: object) -> None:
        raise TooManyHashes("Too many passwords wait to be checked.")

    monkeypatch.setattr(passwords._queue, "run", full)
    ada = await AdminUser.get(username="ada")
    new = {"password": "another one entirely", "again": "another one entirely"}
    busy = [
        await stranger.sign_in("ada"),
        await admin.submit("/admin/account", "/admin/account/password", current=PASSWORD, **new),
        await admin.submit("/admin/users/new", "/admin/users", username="eve", **new),
        await admin.submit(f"/admin/users/{ada.id}", f"/admin/users/{ada.id}/password", **new),
    ]
    for answer in busy:
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "4"
    for _ in range(6):
        assert (await stranger.sign_in("ada")).status_code == 429
    monkeypatch.undo()
    assert not await AuditEvent.filter(outcome="failed", action="admin.password").exists()
    # None of them counted as a try.
    assert (await stranger.sign_in("ada")).status_code == 200


async def test_a_try_counts_only_where_the_password_was_looked_at_and_wrong(
    stranger: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("gone")

    await make_user("ada")
    with monkeypatch.context() as patched:
        patched.setattr(AdminUser, "authenticate", away)
        for _ in range(6):
            assert (await stranger.sign_in("ada")).status_code == 503
    for _ in range(6):
        stranger.cookies.clear()
        assert (await stranger.sign_in("ada")).status_code == 200


async def test_answers_to_wrong_passwords_are_late_while_the_account_is_under_attack(
    stranger: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_user("ada")
    late: list[float] = []

    async def sleep(seconds: float) -> None:
        late.append(seconds)

    monkeypatch.setattr(throttle, "asyncio", SimpleNamespace(sleep=sleep))
    for number in range(12):
        stranger.headers["x-forwarded-for"] = f"198.51.100.{number}"
        assert (await stranger.sign_in("ada", "wrong")).status_code == 422
        assert late.count(throttle._DELAY) == max(0, number - 9)


async def test_a_form_is_not_waited_for_where_it_cannot_be_taken(admin: Browser, url: str) -> None:
    session = f"llm_proxy_session={admin.cookies['llm_proxy_session']}"
    form = "application/x-www-form-urlencoded"
    for path, cookie, kind, size, status in (
        # Nobody's session.
        ("/admin/projects", "", form, 100, 303),
        ("/admin/nowhere", "", form, 100, 303),
        ("/admin/users", "llm_proxy_session=made-up", form, 100, 303),
        # No such page, or no such method of it.
        ("/admin/nowhere", session, form, 100, 404),
        ("/admin/dashboard", session, form, 100, 405),
        # No form, or more than one holds.
        ("/admin/projects", session, "application/json", 100, 400),
        ("/admin/projects", session, form, 2**20 + 1, 413),
        ("/admin/login", "", form, 64 * 1024 + 1, 413),
        ("/admin/login", session, form, 64 * 1024 + 1, 413),
    ):
        async with await Client.connect(int(url.rpartition(":")[2])) as client:
            await client.send(
                f"POST {path} HTTP/1.1\r\nhost: a\r\ncookie: {cookie}\r\ncontent-type: {kind}\r\n"
                f"content-length: {size}\r\n\r\n".encode()
            )
            # Not a byte of the body is sent.
            answer = await client.answer()
            assert answer.status == status, path
    async with await Client.connect(int(url.rpartition(":")[2])) as client:
        head = f"host: a\r\ncontent-type: {form}\r\ntransfer-encoding: chunked"
        await client.send(f"POST /admin/login HTTP/1.1\r\n{head}\r\n\r\n".encode())
        await client.send(b"%x\r\n%b\r\n" % (64 * 1024 + 1, b"a" * (64 * 1024 + 1)))
        assert (await client.answer()).status == 413


async def test_a_session_that_ends_while_its_form_arrives_changes_nothing(
    admin: Browser, url: str
) -> None:
    body = urlencode(
        {"csrf": await admin.token("/admin/account"), "username": "eve"}
        | dict.fromkeys(("password", "again"), PASSWORD)
    ).encode()
    async with await Client.connect(int(url.rpartition(":")[2])) as client:
        await client.send(
            b"POST /admin/users HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\n"
            b"cookie: llm_proxy_session=%b\r\ncontent-length: %d\r\n"
            b"content-type: application/x-www-form-urlencoded\r\n\r\n"
            % (admin.cookies["llm_proxy_session"].encode(), len(body))
        )
        # It was let in: the body is asked for.
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await AdminSession.all().delete()
        await client.send(body)
        assert (await client.answer()).status == 403
    assert await AdminUser.all().count() == 1


async def test_a_network_of_ipv6_guesses_as_one_client(
    stranger: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "_FIRST_WAIT", 100.0)
    await make_user("ada")
    csrf = await stranger.token("/admin/login")

    async def guess(address: str) -> int:
        sent = {"csrf": csrf, "username": "ada", "password": "wrong"}
        headers = {"x-forwarded-for": address}
        return (await stranger.post("/admin/login", data=sent, headers=headers)).status_code

    assert [await guess(f"2001:db8::{number}") for number in range(5)] == [422] * 5
    assert await guess("2001:db8::ffff") == 429
    assert await guess("2001:db8:0:1::1") == 422


async def test_a_browser_that_signed_in_before_is_not_held_back_by_its_neighbours(
    admin: Browser, stranger: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "_FIRST_WAIT", 100.0)
    await admin.submit("/admin/account", "/admin/logout")
    # From the same address.
    for _ in range(5):
        await stranger.sign_in("ada", "wrong")
    assert (await stranger.sign_in("ada")).status_code == 429
    cookie = admin.cookies["llm_proxy_browser"]
    sealed = b64decode(cookie.strip('"').rpartition(":")[2].replace("~", "="))
    assert b"ada" not in sealed
    assert (await admin.sign_in("ada")).status_code == 200
    # It is known by the same cookie from then on, for that account alone, and cannot be made up.
    assert admin.cookies["llm_proxy_browser"] != cookie
    await admin.submit("/admin/account", "/admin/logout")
    assert [(await admin.sign_in("ada", "wrong")).status_code for _ in range(6)] == [422] * 5 + [
        429
    ]
    assert (await admin.sign_in("ada")).status_code == 429
    for forged in (cookie[:-6] + "AAAAA~", cookie.replace("v1:", "v2:"), "v1:x:y", "\\377"):
        stranger.cookies.set("llm_proxy_browser", forged)
        assert (await stranger.sign_in("ada")).status_code == 429


async def test_a_known_browsers_password_is_hashed_before_those_of_strangers(
    stranger: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_user("ada")
    authenticate, seen = AdminUser.authenticate, []

    async def watched(*given: str, **more: Any) -> AdminUser | None:
        seen.append(more["suspicion"])
        return await authenticate(*given, **more)

    monkeypatch.setattr(AdminUser, "authenticate", watched)
    for _ in range(2):
        assert (await stranger.sign_in("ada")).status_code == 200
    assert seen[1] < seen[0]


async def test_a_known_browser_is_known_for_the_account_that_signed_in_there(
    admin: Browser, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "_FIRST_WAIT", 100.0)
    await make_user("bob")
    await admin.submit("/admin/account", "/admin/logout")
    async with browsing(url) as another:
        for _ in range(5):
            await another.sign_in("bob", "wrong")
    assert (await admin.sign_in("bob")).status_code == 429
    assert (await admin.sign_in("ada")).status_code == 200
