"""What needs somebody, on the dashboard and at the foot of every page."""

import re
import time
from datetime import timedelta
from typing import get_args

import pytest

from models import Destination, Token, UpstreamKey, changes, key_states
from models.destinations import DestinationState
from models.errors import DatabaseUnavailable
from models.reports import attention
from models.reports.attention import MOST, Matter, MatterKind
from tests.admin.conftest import BY, RING, Browser, make_project, make_token, on_both
from tests.manage.entries import entry, record
from tests.models.rows import a_refusal, count_refusals, sum_key

PAGE = "/admin/dashboard"


async def _attention(browser: Browser) -> str:
    """That part of the dashboard."""
    page = (await browser.get(PAGE)).text
    found = re.search(r'id="attention".*?(</section>|</p>)', page, re.DOTALL)
    assert found, page
    return found[0]


async def _foot(browser: Browser) -> str:
    """The word at the foot of another page."""
    page = (await browser.get("/admin/users")).text
    found = re.search(r'<span class="dot (\w+)"></span>(.*?)<', page)
    assert found, page
    return f"{found[1]}: {found[2]}"


@on_both
async def test_all_is_well_only_while_it_is(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project, max_requests=1)
    assert "All is well" in await _attention(admin)
    assert await _foot(admin) == "fine: All is well"
    await token.change(by=BY, max_requests=2)
    await Token.filter(id=token.id).update(request_count=2)
    # Counting is no change that is told to all at once: it is seen within seconds.
    await token.change(by=BY, name="batch")
    assert "All is well" not in await _attention(admin)
    assert await _foot(admin) == "warning: Needs attention"
    await token.change(by=BY, max_requests=3)
    assert "All is well" in await _attention(admin)
    assert await _foot(admin) == "fine: All is well"


async def test_a_budget_that_is_nearly_used_up_is_not_all_well(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project)
    now = changes.now()
    await record(entry(now, project_id=project.id, token_id=token.id, cost_nanos=17 * 10**8))
    await token.change(by=BY, budgets=[{"limit": "usd", "amount": 3, "period": "total"}])
    assert "All is well" in await _attention(admin)
    await token.change(by=BY, budgets=[{"limit": "usd", "amount": 2, "period": "total"}])
    assert "1 budget is nearly or wholly used up" in await _attention(admin)
    assert await _foot(admin) == "warning: Needs attention"


async def test_each_thing_is_named_with_the_click_that_mends_it(
    admin: Browser, viewer: Browser
) -> None:
    present = changes.now()
    keyless, asked = await make_project("keyless"), await make_project("asked")
    busy = await make_project("busy")
    await make_token(keyless, "lost")
    (key,) = await keyless.keys.all()
    await key.change(by=BY, is_active=False)
    refused = a_refusal(at=time.time(), code="project_inactive", project_id=str(asked.id))
    await count_refusals({sum_key(refused): 7}, [refused])
    await asked.deactivate(by=BY)
    (resting,) = await busy.keys.all()
    await key_states.rest(resting.id, "", "/v1", present + timedelta(minutes=5), "429 slow")
    suspended = await busy.add_key(api_key="sk-bad-0002", ring=RING, by=BY, label="second")
    await key_states.suspend(suspended.id, "401 invalid_api_key")
    moved = await busy.add_key(api_key="sk-lost-0003", ring=RING, by=BY, label="third")
    await UpstreamKey.filter(id=moved.id).update(bound_to="https://elsewhere.example:443")
    used_up = await make_token(busy, "batch", max_requests=2)
    await Token.filter(id=used_up.id).update(request_count=2)
    ends = await make_token(busy, "nightly", expires_at=present + timedelta(days=3))
    await Token.filter(id=ends.id).update(created_at=present - timedelta(days=30))
    traces = await Destination.create(
        name="traces", kind="jsonl", created_at=present, updated_at=present
    )
    await DestinationState.update_or_create(
        {"failures": 2, "failing_since": present, "last_error": "503"}, destination_id=traces.id
    )

    part = await _attention(admin)
    lines = re.findall(r'<li class="\w+">(.*?)</li>', part, re.DOTALL)
    assert len(lines) == len(get_args(MatterKind))
    for name, mends in (
        ("keyless", f'href="/admin/projects/{keyless.id}#keys"'),
        (">asked<", f'action="/admin/projects/{asked.id}/activate"'),
        ("7 requests refused in 24 h", f'action="/admin/projects/{asked.id}/activate"'),
        ("second", f'href="/admin/projects/{busy.id}#keys"'),
        ("401 invalid_api_key", f'href="/admin/projects/{busy.id}#keys"'),
        ("third", f'href="/admin/projects/{busy.id}#keys"'),
        ("https://elsewhere.example:443", f'href="/admin/projects/{busy.id}#keys"'),
        ("429 slow", f'href="/admin/projects/{busy.id}#keys"'),
        ("batch", f'href="/admin/tokens/{used_up.id}/edit"'),
        ("nightly", f'href="/admin/tokens/{ends.id}/edit"'),
        ("traces", f'href="/admin/destinations/{traces.id}"'),
    ):
        assert [mends in line for line in lines if name in line] == [True], (name, part)

    # Who may only look is shown where, and no button that would be refused.
    seen = await _attention(viewer)
    assert "activate" not in seen
    assert "/edit" not in seen
    assert f'href="/admin/tokens/{used_up.id}"' in seen

    await admin.submit(PAGE, f"/admin/projects/{asked.id}/activate")
    assert ">asked<" not in await _attention(admin)


async def test_of_many_a_few_are_named_with_where_the_others_are(admin: Browser) -> None:
    project = await make_project()
    for _ in range(MOST + 1):
        token = await make_token(project, max_requests=1)
        await Token.filter(id=token.id).update(request_count=1)
    part = await _attention(admin)
    assert part.count("Raise the limit") == MOST
    assert 'href="/admin/tokens?status=exhausted"' in part


async def test_the_dashboard_is_fresh_when_something_else_needs_somebody(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project)
    page = (await admin.get(PAGE)).text
    fresh = re.search(r'data-fresh="(.*?)"', page)
    assert fresh
    address = fresh[1].replace("&amp;", "&")
    headers = {"HX-Request": "true"}
    (key,) = await project.keys.all()
    await key.change(by=BY, is_active=False)
    answer = await admin.get(address, headers=headers)
    assert answer.status_code == 200
    assert f'href="/admin/projects/{project.id}#keys"' in answer.text
    assert token.name not in answer.text


async def test_what_cannot_be_read_is_not_taken_for_all_well(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: object) -> list[Matter]:
        raise DatabaseUnavailable("the database is away")

    monkeypatch.setattr(attention, "matters", away)
    # What was read shortly before is read again after a change.
    await make_project()
    assert "cannot be read" in await _attention(admin)
    assert await _foot(admin) == "warning: Degraded"
