"""The audit is read by names: who, what it was about, and what it changed."""

import csv
import html
import io
import re

from models import AuditEvent, UpstreamKey
from tests.admin.conftest import BY, RING, Browser, make_project, make_token, on_both

LIST = "/admin/audit"


async def test_ids_are_told_as_names_and_changes_in_words(admin: Browser) -> None:
    project = await make_project("Web <b>shop</b>")
    token = await make_token(project, "checkout")
    await token.change(by=BY, requests_per_minute=60)
    await token.change(by=BY, requests_per_minute=90)
    text = (await admin.get(LIST)).text
    assert f'<a href="/admin/tokens/{token.id}">checkout</a>' in text
    assert f'<a href="/admin/projects/{project.id}">Web &lt;b&gt;shop&lt;/b&gt;</a>' in text
    assert "<dt>project</dt><dd>Web &lt;b&gt;shop&lt;/b&gt;</dd>" in text
    assert re.search(r"<dt>requests per minute</dt><dd><del>60</del>.*→.*is now.*90</dd>", text)
    assert re.search(r"<dt>requests per minute</dt><dd>60</dd>", text)
    # As on the page of what it is about.
    of_token = (await admin.get(f"/admin/tokens/{token.id}")).text
    assert "<dt>project</dt><dd>Web &lt;b&gt;shop&lt;/b&gt;</dd>" in of_token


@on_both
async def test_what_is_gone_is_called_as_the_trail_knows_it(admin: Browser) -> None:
    project = await make_project("Old shop")
    key = await project.add_key(api_key="sk-another-one-of-it", ring=RING, by=BY, label="spare")
    await key.remove(by=BY)
    await project.erase(by=BY)
    assert not await UpstreamKey.exists(id=key.id)
    text = (await admin.get(f"{LIST}?target=old")).text
    for gone in (project, key):
        assert f'href="/admin/{gone._meta.db_table}s/{gone.id}"' not in text
    assert "Old shop</a> <span" in text
    assert "(deleted)" in text
    assert "spare</a> <span" in (await admin.get(f"{LIST}?target=spare")).text


@on_both
async def test_part_of_a_name_finds_who_and_what(admin: Browser) -> None:
    shop = await make_project("Web shop")
    await make_project("Docs")
    for query, there, elsewhere in (
        ("actor=tester", "cli%3Atester", "admin%3Aada"),
        ("actor=ADA", "admin%3Aada", "cli%3Atester"),
        ("target=shop", f"/admin/projects/{shop.id}", "Docs"),
        ("target=shop&actor=tester", "project.<wbr>create", "admin%3Aada"),
    ):
        table = (await admin.get(f"{LIST}?{query}", headers={"hx-request": "true"})).text
        assert there in table, query
        assert elsewhere not in table, query
    exported = (await admin.get(f"{LIST}/export?actor=tester&target=shop")).text
    rows = list(csv.reader(io.StringIO(exported.removeprefix("\ufeff"))))
    assert [row[2] for row in rows[1:]] == ["project.create"]


async def test_filters_that_mean_nothing_say_so(admin: Browser) -> None:
    for query, field, said in (
        ("actor=nobody", "actor", "Nobody in the trail has “nobody” in its name."),
        ("target=%3Cb%3E", "target", "Nothing has “<b>” in its name."),
        ("action=created", "action", "“created” is no action"),
        ("from=yesterday", "from", "“yesterday” is no time, and is left out"),
        ("from=2026-11-23T14:30&to=2026-11-23T14:30", "to", "ends before it begins"),
    ):
        text = (await admin.get(f"{LIST}?{query}")).text
        assert said in html.unescape(text), query
        assert "<b>" not in text
        (control,) = re.findall(rf'<(?:input|select)[^>]* name="{field}"[^>]*>', text)
        assert f'aria-invalid="true" aria-describedby="{field}-problem"' in control
    assert "aria-invalid" not in (await admin.get(LIST)).text


async def test_an_event_opens_with_all_of_it_in_a_drawer_and_as_a_page(admin: Browser) -> None:
    await make_project("Docs", base_url="https://eu.example.com", requests_per_minute=7)
    event = await AuditEvent.get(action="project.create")
    at = f"{LIST}/{event.id}"
    assert f'hx-get="{at}" hx-target="#drawer"' in (await admin.get(LIST)).text
    page = (await admin.get(at)).text
    part = (await admin.get(at, headers={"hx-request": "true"})).text
    assert "<html" in page
    assert "<html" not in part
    for text in (page, part):
        for told in ("Done", "Docs", str(event.target_id), "https://eu.example.com", "cli:tester"):
            assert told in text, told
    assert (await admin.get(f"{LIST}/{event.target_id}")).status_code == 404
