"""axe-core on every page: no violation of WCAG 2.2 AA, nor of what it calls good practice."""

import hashlib
import time
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from playwright.async_api import Page

from models import (
    AdminUser,
    AuditEvent,
    Destination,
    ManagementToken,
    Project,
    RequestLog,
    Token,
    UpstreamKey,
)
from models.ledger import apply_batch
from tests.browser.conftest import Place
from tests.browser.looks import LOOKS, at_a_desk, every_look
from tests.browser.pages import PAGES
from tests.models.rows import BY, a_project, an_entry

VENDOR: Final = Path(__file__).parent / "vendor"
AXE: Final = VENDOR / "axe-4.14.1.min.js"
_RUN: Final = """async () => (await axe.run(document,
    {resultTypes: ["violations"], preload: false})).violations
    .map(rule => ({id: rule.id, nodes: rule.nodes.map(node => node.html.slice(0, 200))}))"""
_IS_TOO_WIDE: Final = """() =>
    document.documentElement.scrollWidth > document.documentElement.clientWidth"""
#: What is half faded in has half of its contrast: people read it when it has come to rest.
_AT_REST: Final = """async () => {
    const frame = () => new Promise(requestAnimationFrame);
    const moving = () => document.getAnimations().filter(animation =>
        animation.playState === "running"
        && Number.isFinite(animation.effect.getComputedTiming().endTime));
    const swapping = () => document.querySelector(
        ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added");
    do {
        await Promise.allSettled(moving().map(animation => animation.finished));
        // What comes to rest may set something else in motion.
        await frame();
        await frame();
    } while (moving().length || swapping());
}"""


def test_axe_is_the_file_that_it_is_said_to_be() -> None:
    digest, name = (VENDOR / "SHA256SUMS").read_text().split()
    assert name == AXE.name
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == digest


async def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds on the page that is open, in whichever look."""
    return [
        wrong | {"look": look.name}
        async for look in every_look(page)
        for wrong in await _here(page)
    ]


async def _here(page: Page) -> list[dict[str, Any]]:
    if not await page.evaluate("() => 'axe' in window"):
        # Evaluated by the debugger, which the page's policy does not bind.
        await page.evaluate(AXE.read_text())
    await page.evaluate(_AT_REST)
    found: list[dict[str, Any]] = await page.evaluate(_RUN)
    return found


@at_a_desk
@pytest.mark.timeout(800)
async def test_every_page(admin: Page, place: Place) -> None:
    """No violation, and nothing that is wider than its window."""
    ids = await _ids(place)
    # Handed over once, which takes as long for each page as to look at it.
    await admin.add_init_script(path=AXE)
    found = {}
    for path in PAGES:
        answer = await admin.goto(f"/admin/{path.format(**ids)}")
        assert answer is not None
        assert answer.status in (200, 404), path
        if wrong := [*await violations(admin), *await _too_wide(admin)]:
            found[path] = wrong
    assert found == {}


@at_a_desk
async def test_a_fault_would_be_found(admin: Page) -> None:
    await admin.goto("/admin/account")
    await admin.evaluate("document.querySelector('label').remove()")
    found = [(rule["look"], rule["id"]) for rule in await violations(admin)]
    assert found == [(look.name, "label") for look in LOOKS]
    await admin.evaluate("document.querySelector('h1').style.width = '2000px'")
    assert await _too_wide(admin) == [look.name for look in reversed(LOOKS)]


async def _too_wide(page: Page) -> list[str]:
    """In which looks the page has to be scrolled sideways."""
    return [look.name async for look in every_look(page) if await page.evaluate(_IS_TOO_WIDE)]


@at_a_desk
async def test_signing_in(stranger: Page) -> None:
    await stranger.goto("/admin/login")
    assert await violations(stranger) == []


@at_a_desk
async def test_the_reference_of_the_management_api_fits_a_phone(stranger: Page) -> None:
    await stranger.goto("/manage/docs")
    assert await _too_wide(stranger) == []


@at_a_desk
async def test_the_drawer_and_a_dialog(admin: Page, place: Place) -> None:
    ids = await _ids(place)
    await admin.goto("/admin/requests")
    await admin.locator("#rows tr").first.get_by_role("link").click()
    await admin.locator("#drawer[open]").wait_for()
    assert await violations(admin) == []
    await admin.goto(f"/admin/tokens/{ids['token']}")
    await admin.get_by_role("link", name="Rotate").click()
    await admin.locator("#dialog[open]").wait_for()
    assert await violations(admin) == []


async def _ids(place: Place) -> dict[str, str]:
    async with place.service.models():
        project = await Project.get(name="Search")
        token = await Token.filter(project_id=project.id).first()
        key = await UpstreamKey.filter(project_id=project.id).first()
        request = await RequestLog.all().order_by("-id").first()
        user = await AdminUser.all().first()
        destination = await Destination.get(name="on-call")
        event = await AuditEvent.all().order_by("-id").first()
        management_token = await ManagementToken.get(name="grafana")
    found = {
        "project": project, "token": token, "key": key, "request": request, "user": user,
        "destination": destination, "management_token": management_token,
        "event": event,
    }  # fmt: skip
    assert all(found.values())
    return {name: str(row.id) for name, row in found.items() if row is not None}


@at_a_desk
async def test_no_list_of_requests_scrolls_sideways(place: Place, admin: Page) -> None:
    async with place.service.models():
        project = await a_project(f"A project of a long name {uuid4()}")
        token, _ = await Token.issue(project, by=BY, name="a-token-whose-name-has-no-space-" * 2)
        rows = [
            an_entry(
                at_us=time.time_ns() // 1000,
                project_id=project.id,
                token_id=token.id,
                model="ft:gpt-4o-mini-2024-07-18:an-organisation::" + "x" * 20,
                outcome=outcome,
                status=status,
                **told,
            )
            for outcome, status in (("upstream_unreachable", 502), ("complete", 200))
            for told in ({"cost_nanos": 10**15}, {"cost_nanos": None})
        ]
        await apply_batch(uuid4().hex, 0, 1, rows)
    for path in (f"requests?token={token.id}", f"tokens/{token.id}"):
        await admin.goto(f"/admin/{path}")
        box = admin.locator(".table-box").first
        async for look in every_look(admin):
            fits = await box.evaluate("box => box.scrollWidth <= box.clientWidth")
            assert fits, (path, look.name)
