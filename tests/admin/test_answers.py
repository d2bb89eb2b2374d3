"""What every answer carries, the assets, and errors in the look of the rest."""

import base64
import hashlib
import re
from pathlib import Path

import pytest
from tortoise.exceptions import OperationalError

import admin as room
from models import AdminUser
from models.errors import DatabaseUnavailable
from models.queries import lists
from tests.admin.conftest import Browser, make_project, make_token

STATIC = Path(room.__file__).parent / "static"
TEMPLATES = STATIC.parent.parent / "templates"


async def test_every_page_has_the_strict_headers(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project)
    user = await AdminUser.get(username="ada")
    for path in (
        "/admin/login",
        "/admin/account",
        "/admin/projects",
        "/admin/projects/new",
        f"/admin/projects/{project.id}",
        f"/admin/projects/{project.id}/edit",
        f"/admin/projects/{project.id}/delete",
        "/admin/tokens",
        "/admin/tokens/new",
        f"/admin/tokens/{token.id}",
        f"/admin/tokens/{token.id}/edit",
        f"/admin/tokens/{token.id}/rotate",
        f"/admin/tokens/{token.id}/revoke",
        "/admin/requests",
        "/admin/audit",
        "/admin/audit/export",
        "/admin/usage/export",
        "/admin/users",
        "/admin/users/new",
        f"/admin/users/{user.id}",
        "/admin/nowhere",
        "/admin/tokens/no-id",
    ):
        answer = await admin.get(path, follow_redirects=False)
        assert answer.status_code < 500, path
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
            assert part in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store", path


async def test_a_file_is_sent_without_a_complaint(
    admin: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/admin/audit/export", "/admin/usage/export"):
        answer = await admin.get(path)
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.headers["content-security-policy"]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_no_template_has_inline_style_or_script() -> None:
    for path in TEMPLATES.rglob("*.html"):
        if path.parent.name == "manage":
            continue
        text = path.read_text()
        assert not re.search(r"<style|\sstyle=|\son\w+=|hx-on|javascript:", text), path
        for script in re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL):
            assert not script.strip(), path
        assert "//" not in "".join(re.findall(r'(?:src|href)="([^"{]*)"', text)), path


async def test_assets_are_kept_for_good_under_a_hashed_name(admin: Browser) -> None:
    page = (await admin.get("/admin/projects")).text
    names = set(re.findall(r"/admin/static/[^\"]+", page))
    assert len(names) >= 7
    for name in names:
        answer = await admin.get(name)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        digest = hashlib.sha256(answer.content).hexdigest()[:16]
        assert f".{digest}." in name
    assert (await admin.get("/admin/static/tokens.0000000000000000.css")).status_code == 404
    assert (await admin.get("/admin/static/..%2f..%2fplane.py")).status_code == 400


def test_vendored_files_are_what_they_were() -> None:
    vendor = STATIC / "vendor"
    lines = [line.split() for line in (vendor / "SHA256SUMS").read_text().splitlines()]
    sums = {name: digest for digest, name in lines}
    scripts = {path.name for path in vendor.iterdir() if path.suffix in (".js", ".css")}
    assert scripts == set(sums)
    for name, digest in sums.items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest
        assert (vendor / f"{name.partition('-')[0]}-LICENSE.txt").exists()


async def test_errors_are_pages_and_for_scripts_toasts(admin: Browser) -> None:
    page = await admin.get("/admin/projects/00000000-0000-4000-8000-000000000000")
    assert page.status_code == 404
    assert "There is nothing here" in page.text
    assert 'class="sidebar"' in page.text
    toast = await admin.get("/admin/nowhere", headers={"hx-request": "true"})
    assert toast.headers["hx-retarget"] == "#toasts"
    assert "<html" not in toast.text
    other = await admin.request("DELETE", "/admin/projects")
    assert other.status_code == 405
    assert "POST" in other.headers["allow"]


async def test_a_database_that_is_away_is_503_and_a_mistake_of_ours_500(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("gone")

    async def mistaken(*_: object, **__: object) -> None:
        raise OperationalError("a secret detail")

    monkeypatch.setattr(lists, "page", away)
    answer = await admin.get("/admin/tokens")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "The database cannot be reached" in answer.text
    monkeypatch.setattr(lists, "page", mistaken)
    answer = await admin.get("/admin/tokens")
    assert answer.status_code == 500
    assert "a secret detail" not in answer.text
    assert answer.headers["content-security-policy"]


async def test_the_foot_of_the_sidebar_says_how_it_is(admin: Browser) -> None:
    text = (await admin.get("/admin/projects")).text
    assert "All is well" in text
    assert "SQLite: working" in text
    assert "Journal: working" in text


async def test_nobody_else_puts_words_into_our_pages(admin: Browser) -> None:
    words = base64.urlsafe_b64encode(b"Call this number.").decode()
    for signature in ("", "0" * 32):
        admin.cookies.set("llm_proxy_toast", f"{signature}.{words}")
        page = await admin.get("/admin/projects")
        assert page.status_code == 200
        assert "Call this number" not in page.text


async def test_no_form_shows_a_secret_again(admin: Browser) -> None:
    project = await make_project()
    user = await AdminUser.get(username="ada")
    secret = "sk-typed-and-not-kept"
    at, passwords = f"/admin/projects/{project.id}", {"password": secret, "again": "other"}
    for page, to, sent in (
        (at, f"{at}/keys", {"api_key": secret, "weight": "0"}),
        (f"{at}/edit", f"{at}/edit", {"api_key": secret, "name": ""}),
        ("/admin/projects/new", "/admin/projects", {"api_key": secret, "name": ""}),
        ("/admin/account", "/admin/account/password", {"current": secret, **passwords}),
        (f"/admin/users/{user.id}", f"/admin/users/{user.id}/password", passwords),
        ("/admin/users/new", "/admin/users", {"username": "eve", **passwords}),
        ("/admin/account", "/admin/login", {"username": "ada", "password": secret}),
    ):
        answer = await admin.submit(page, to, **sent)
        assert answer.status_code in (422, 429), to
        assert secret not in answer.text, to
