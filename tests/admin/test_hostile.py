"""Hostile input is refused or harmless, and never a 500."""

import csv
import html
import io
import re

import pytest

from admin.components.csv_files import cell
from models import AuditEvent, Project, Token
from tests.admin.conftest import (
    BY,
    KEY,
    PASSWORD,
    RING,
    Browser,
    browsing,
    make_project,
    make_token,
    make_user,
    on_both,
)
from tests.manage.entries import entry, record

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


@on_both
async def test_script_in_every_name_is_text(admin: Browser) -> None:
    project = await make_project(SCRIPT, allowed_models=[SCRIPT], allowed_origins=["https://a"])
    await project.add_key(api_key="sk-" + "x" * 40, ring=RING, by=BY, label=SCRIPT)
    token = await make_token(project, SCRIPT, allowed_models=[SCRIPT])
    user = await make_user(SCRIPT)
    row = entry(project_id=project.id, token_id=token.id, model=SCRIPT, endpoint=SCRIPT)
    await record(row)
    key = (await project.keys.all().order_by("id"))[-1]
    for path in (
        "/admin/projects",
        f"/admin/projects?q={SCRIPT}",
        f"/admin/projects/{project.id}",
        f"/admin/projects/{project.id}/edit",
        f"/admin/projects/{project.id}/delete",
        f"/admin/projects/{project.id}/deactivate",
        f"/admin/projects/{project.id}/revoke-tokens",
        f"/admin/projects/{project.id}/keys/{key.id}/edit",
        f"/admin/projects/{project.id}/keys/{key.id}/remove",
        "/admin/tokens",
        "/admin/tokens/new",
        f"/admin/tokens/{token.id}",
        f"/admin/tokens/{token.id}/edit",
        f"/admin/tokens/{token.id}/rotate",
        f"/admin/tokens/{token.id}/revoke",
        f"/admin/tokens/revoke?ids={token.id}",
        "/admin/requests",
        f"/admin/requests/{row.id}",
        "/admin/audit",
        f"/admin/audit?actor={SCRIPT}&action={SCRIPT}&target={SCRIPT}",
        "/admin/users",
        f"/admin/users/{user.id}",
        f"/admin/users/{user.id}/remove",
    ):
        answer = await admin.get(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text, path
        assert "<img" not in answer.text, path
        assert "49" not in answer.text.partition("<h1")[2].partition("</h1>")[0], path
    await project.change(by=BY, name="plain")
    said = await admin.submit(f"/admin/users/{user.id}/remove", name=SCRIPT)
    assert "&lt;script&gt;alert(1)" in said.text


@pytest.mark.parametrize("text", ["x" * 10_000, "\x00é%'", "a\ud800b\u202e"])
async def test_names_that_no_field_takes_are_refused_at_the_field(
    admin: Browser, text: str
) -> None:
    project = await make_project()
    at = f"/admin/projects/{project.id}"
    sent = text.encode("utf-8", "surrogatepass").decode("latin-1")
    for page, to, field in (
        ("/admin/projects/new", "/admin/projects", "name"),
        (f"{at}/edit", f"{at}/edit", "name"),
        (at, f"{at}/keys", "label"),
        ("/admin/tokens/new", "/admin/tokens", "name"),
        ("/admin/users/new", "/admin/users", "username"),
        ("/admin/account", "/admin/login", "username"),
        (f"{at}/delete", f"{at}/delete", "name"),
    ):
        answer = await admin.submit(
            page, to, **{"project_id": str(project.id), "password": "12345678", field: sent}
        )
        assert answer.status_code in (200, 422), (to, answer.status_code)
    for path in ("projects", "tokens", "requests", "audit"):
        answer = await admin.get(
            f"/admin/{path}", params=dict.fromkeys(("q", "model", "actor", "target"), sent[:500])
        )
        assert answer.status_code == 200
    assert await Project.filter(id=project.id).exists()


@on_both
async def test_addresses_out_of_range_are_harmless(admin: Browser) -> None:
    await make_token(await make_project())
    for query in (
        "page=0",
        "page=-1",
        "page=99999999999999999999",
        "page=1e9",
        "page=²",
        "before=nonsense",
        "before=00000000-0000-0000-0000-000000000000",
        "before=ffffffff-ffff-ffff-ffff-ffffffffffff",
        "sort=password_hash",
        "sort=-nothing&page=4",
        "status=active%00",
        "status=9999999",
        "from=0001-01-01&to=9999-12-31",
        "from=2026-13-45T99:99",
        "from=2030-01-01T00:00&to=2020-01-01T00:00",
        "project=1%20OR%201=1",
        "q=%00%ff",
        "outcome=%27",
        "&".join(f"a{n}=1" for n in range(900)),
    ):
        for path in ("projects", "tokens", "requests", "audit", "users", "usage/export"):
            answer = await admin.get(f"/admin/{path}?{query}")
            assert answer.status_code == 200, (path, query)
    assert (await admin.get("/admin/tokens?" + "a=1&" * 1001)).status_code == 400


async def test_bodies_that_are_no_form_of_ours(admin: Browser) -> None:
    csrf = await admin.token("/admin/account")
    for body, kind in (
        (b'{"csrf": "x"}', "application/json"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"csrf=" + csrf.encode() + b"&a=1" * 2000, "application/x-www-form-urlencoded"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"", ""),
    ):
        answer = await admin.post(
            "/admin/projects", content=body, headers={"content-type": kind} if kind else {}
        )
        assert answer.status_code in (400, 403), kind
    huge = await admin.post("/admin/projects", data={"csrf": csrf, "name": "x" * 1_100_000})
    assert huge.status_code == 413


@pytest.mark.parametrize("lead", ["", " ", "\u3000", "\u00a0 ", "\u200b", "\ufeff\u202e", "\x00"])
@pytest.mark.parametrize("sign", [*"=+-@", *"＝＋－＠", *"﹦﹢﹣﹫⁼⁺⁻−", "\t", "\r", "\n"])  # noqa: RUF001
def test_no_cell_is_a_formula_however_it_begins(lead: str, sign: str) -> None:
    text = f"{lead}{sign}1+1"
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text).startswith("'")


def test_plain_cells_stay_as_they_are() -> None:
    assert [cell(value) for value in ("a-b", 5, -5, None, "", 0.5)] == [
        "a-b", "5", "-5", "", "", "0.5"
    ]  # fmt: skip


@on_both
async def test_the_audit_export_holds_everything_and_no_formula(admin: Browser) -> None:
    token = await make_token(await make_project("=HYPERLINK(1)"), "@x")
    await AuditEvent.create(
        at=token.created_at, actor="=1+1", action="x", target_type="x", outcome="ok", changes={}
    )
    answer = await admin.get("/admin/audit/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0][:3] == ["at", "actor", "action"]
    assert len(rows) == 1 + await AuditEvent.all().count()
    assert not [value for row in rows for value in row if value.startswith(("=", "+", "-", "@"))]
    only = await admin.get("/admin/audit/export?action=token.create")
    assert len(only.text.splitlines()) == 2


@on_both
async def test_usage_is_exported_by_day(admin: Browser) -> None:
    token = await make_token(await make_project())
    await record(entry(project_id=token.project_id, token_id=token.id, model="=1+1"))
    answer = await admin.get(f"/admin/usage/export?project={token.project_id}&group_by=model")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[1][1:4] == ["'=1+1", "1", "0"]


@pytest.mark.parametrize("unseen", ["\u202e", "\u200b"])
async def test_what_is_not_seen_is_refused_in_every_name(admin: Browser, unseen: str) -> None:
    project = await make_project()
    token = await make_token(project)
    named = f"a{unseen}b"
    given = {
        "project_id": str(project.id), "provider": "openai", "api_key": KEY, "expiry": "never",
        "username": "eve", "password": PASSWORD, "again": PASSWORD,
    }  # fmt: skip
    at, of_token = f"/admin/projects/{project.id}", f"/admin/tokens/{token.id}"
    for page, to, field in (
        ("/admin/projects/new", "/admin/projects", "name"),
        (f"{at}/edit", f"{at}/edit", "name"),
        (f"{at}/edit", f"{at}/edit", "allowed_models"),
        (at, f"{at}/keys", "label"),
        ("/admin/tokens/new", "/admin/tokens", "name"),
        (f"{of_token}/edit", f"{of_token}/edit", "name"),
        ("/admin/users/new", "/admin/users", "username"),
    ):
        answer = await admin.submit(page, to, **{"name": "x", **given, field: named})
        assert answer.status_code == 422, to
        said = f"This holds U+{ord(unseen):04X}, a character that is not seen"
        assert said in html.unescape(answer.text).replace("Line 1: ", ""), to
        assert unseen not in answer.text
    assert await Project.all().count() == await Token.all().count() == 1


async def test_names_that_hold_it_already_are_shown_with_it_written_out(admin: Browser) -> None:
    turned = "safe\u202egpj.exe"
    project = await make_project(turned)
    token = await make_token(project, f"{turned}\u200b" + "x" * 60)
    user = await make_user(turned)
    await record(entry(project_id=project.id, token_id=token.id, model=turned))
    for path in (
        "/admin/projects",
        f"/admin/projects/{project.id}",
        f"/admin/projects/{project.id}/edit",
        f"/admin/projects/{project.id}/delete",
        "/admin/tokens",
        f"/admin/tokens/{token.id}",
        "/admin/requests",
        "/admin/audit",
        "/admin/users",
        f"/admin/users/{user.id}",
        "/admin/dashboard",
    ):
        page = (await admin.get(path)).text
        assert "safe⟨U+202E⟩gpj.exe" in page or path == "/admin/dashboard", path
        assert not re.search("[\u200b-\u200f\u202a-\u202e]", page), path
    async with browsing(str(admin.base_url), turned) as theirs:
        assert "⟨U+202E⟩" in (await theirs.get("/admin/account")).text
    shown = "safe⟨U+202E⟩gpj.exe"
    answer = await admin.submit(f"/admin/projects/{project.id}/delete", name=shown)
    assert answer.status_code == 200
    assert not await Project.filter(deleted_at__isnull=True).exists()
