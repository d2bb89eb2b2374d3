"""What updates itself: the dashboard and the request log"""

from typing import Any
from uuid import uuid4

from playwright.async_api import Page, expect

from models import Project, Token
from models.entry import Entry
from models.ledger import apply_batch
from tests.browser.conftest import Place, is_tail, open_log
from tests.browser.looks import at_a_desk
from tests.manage.entries import entry


async def _record(place: Place, *entries: Entry) -> None:
    async with place.service.models():
        await apply_batch(uuid4().hex, 0, 1, list(entries))


async def _owner(place: Place) -> dict[str, Any]:
    async with place.service.models():
        project = await Project.get(name="Search")
        token = await Token.filter(project_id=project.id).first()
    assert token is not None
    return {"project_id": project.id, "token_id": token.id}


@at_a_desk
async def test_the_dashboard_takes_up_what_is_new(admin: Page, place: Place, name: str) -> None:
    await admin.goto("/admin/dashboard?range=1h&by=model")
    await admin.evaluate("window.untouched = true")
    await admin.get_by_role("link", name="Cost", exact=True).focus()
    await _record(place, *[entry(model=name, **await _owner(place)) for _ in range(500)])
    await expect(admin.locator("#live .legend")).to_contain_text(name)
    # Neither a new page nor another place for the keyboard.
    assert await admin.evaluate("window.untouched")
    await expect(admin.locator("#show-cost")).to_be_focused()


async def test_ranges_measures_and_groups_are_addresses(admin: Page, place: Place) -> None:
    await admin.goto("/admin/dashboard")
    await admin.get_by_role("link", name="7 d").click()
    # Each link carries on from the page that it stands on.
    await expect(admin).to_have_url(f"{place.url}/admin/dashboard?range=7d")
    await (
        admin.get_by_role("link", name="Tokens", exact=True)
        .locator("xpath=self::*[@id='show-tokens']")
        .click()
    )
    await expect(admin).to_have_url(f"{place.url}/admin/dashboard?range=7d&show=tokens")
    await admin.locator("#by-model").click()
    await expect(admin).to_have_url(f"{place.url}/admin/dashboard?range=7d&show=tokens&by=model")
    await expect(admin.locator("#live .legend")).to_contain_text("gpt-4o-mini")
    await admin.get_by_text("Custom", exact=True).click()
    await admin.get_by_label("From, in UTC").fill("2026-01-01T00:00")
    await admin.get_by_label("To, in UTC").fill("2026-01-03T00:00")
    await admin.get_by_role("button", name="Show").click()
    await expect(
        admin.locator("#live").get_by_text("No requests in this range.").first
    ).to_be_visible()
    assert "show=tokens" in admin.url


async def test_a_paused_log_waits_and_counts(admin: Page, place: Place, name: str) -> None:
    await open_log(admin, "/admin/requests")
    await admin.get_by_role("button", name="Pause").click()
    await expect(admin.get_by_text("Paused")).to_be_visible()
    owner = await _owner(place)
    await _record(place, entry(model=name, **owner), entry(model=name, **owner))
    await expect(admin.get_by_role("button", name="2 new requests")).to_be_visible()
    await expect(admin.locator("#rows").get_by_text(name)).to_have_count(0)
    await admin.get_by_role("button", name="Resume").click()
    await expect(admin.locator("#rows").get_by_text(name)).to_have_count(2)


async def test_what_is_being_read_does_not_move(admin: Page, place: Place, name: str) -> None:
    await open_log(admin, "/admin/requests")
    read = admin.locator("#rows tr").nth(30)
    await read.scroll_into_view_if_needed()
    await admin.evaluate("scrollBy(0, 300)")
    before = await read.bounding_box()
    await _record(place, entry(model=name, **await _owner(place)))
    waiting = admin.get_by_role("button", name="1 new request")
    await expect(waiting).to_be_visible()
    assert await read.bounding_box() == before
    await waiting.click()
    await expect(admin.locator("#rows tr").first).to_contain_text(name)
    await expect(waiting).to_be_hidden()


async def test_the_log_of_a_filter_grows_by_what_fits(admin: Page, place: Place, name: str) -> None:
    await open_log(admin, "/admin/requests")
    async with admin.expect_response(lambda answer: is_tail(answer.url, f"model={name}")):
        await admin.get_by_label("Model").fill(name)
    await expect(admin.get_by_text("No request fits")).to_be_visible()
    owner = await _owner(place)
    await _record(place, entry(model="another", **owner), entry(model=name, **owner))
    await expect(admin.locator("#rows tr")).to_have_count(1)
    await expect(admin.locator("#rows tr")).to_contain_text(name)
