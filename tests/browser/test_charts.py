"""Charts by hover, tap and keyboard, in the reader's zone"""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, Locator, Page, expect

from models import Token
from models.ledger import apply_batch
from tests.browser.conftest import OpenPage, Place
from tests.browser.looks import Look, at_a_desk
from tests.manage.entries import entry
from tests.models.rows import BY, a_project

WEEK = "/admin/dashboard?range=7d"


def _column(page: Page, number: int) -> Locator:
    return page.locator(".steps a").nth(number)


async def _row(page: Page, number: int) -> list[str]:
    """What the table says of a column: when, and the values."""
    row = page.locator("#columns-table tbody tr").nth(number).locator("th, td")
    return [text.strip() for text in await row.all_text_contents()]


async def test_a_column_says_its_values_and_leads_to_its_requests(
    admin: Page, look: Look, place: Place
) -> None:
    await admin.goto(WEEK)
    readout = admin.locator(".readout")
    when, *values = await _row(admin, 40)
    column = _column(admin, 40)
    address = await column.get_attribute("href")
    if look.width < 720:
        # The first touch tells, and the second goes there.
        await column.tap()
    else:
        await column.hover()
    await expect(readout.locator("strong")).to_have_text(when)
    assert await readout.locator("b").all_text_contents() == values
    assert admin.url.endswith(WEEK)
    if look.width < 720:
        await admin.locator("h1").tap()
        await expect(readout).to_be_hidden()
        await column.tap()
        await expect(readout).to_be_visible()
        await column.tap()
    else:
        await admin.locator("h1").hover()
        await expect(readout).to_be_hidden()
        await column.click()
    await expect(admin).to_have_url(place.url + str(address))
    await expect(admin.get_by_role("heading", name="Requests")).to_be_visible()


@at_a_desk
async def test_arrows_move_along_the_columns(admin: Page) -> None:
    await admin.goto(WEEK)
    readout, last = admin.locator(".readout strong"), 55
    # All of them are one stop on the way of the Tab key.
    assert await admin.locator('.steps a:not([tabindex="-1"])').count() == 1
    await admin.locator("#by-model").focus()
    await admin.keyboard.press("Tab")
    for key, number in (
        (None, last), ("ArrowLeft", last - 1), ("Home", 0), ("ArrowLeft", 0),
        ("ArrowRight", 1), ("End", last),
    ):  # fmt: skip
        if key:
            await admin.keyboard.press(key)
        await expect(_column(admin, number)).to_be_focused()
        when, *values = await _row(admin, number)
        await expect(readout).to_have_text(when)
        # A screen reader hears the same.
        name = await _column(admin, number).get_attribute("aria-label")
        assert name is not None
        assert name.startswith(when)
        assert all(value in name for value in values)
    await admin.keyboard.press("Escape")
    await expect(admin.locator(".readout")).to_be_hidden()
    await admin.keyboard.press("Enter")
    await expect(admin).to_have_url(re.compile("/admin/requests[?]from="))


@at_a_desk
async def test_times_are_the_readers(browser: Browser, place: Place, look: Look) -> None:
    said = {}
    for zone in ("America/New_York", "UTC"):
        context = await browser.new_context(
            base_url=place.url, storage_state=place.viewer, timezone_id=zone, locale="en-GB",
            viewport={"width": look.width, "height": look.height},
        )  # fmt: skip
        page = await context.new_page()
        await page.goto("/admin/dashboard?range=custom&from=2026-01-01T00:00&to=2026-01-02T12:00")
        hours = (await page.locator("#figures-table tbody th").all_text_contents())[0]
        async with place.service.models():
            token = await Token.get(name="helpdesk-bot")
        await page.goto(f"/admin/tokens/{token.id}?span=7d")
        start = await page.locator("#columns-table time").first.get_attribute("datetime")
        assert start is not None
        day = datetime.fromisoformat(start)
        local = day.astimezone(ZoneInfo(zone))
        said[zone] = (hours, await page.locator("[data-zone]").inner_text())
        row = (await page.locator("#columns-table tbody th").all_text_contents())[0]
        assert row.startswith(f"{local.day} {local:%b %Y}")
        assert ("to" in row) == (zone != "UTC")
        assert day.astimezone(UTC).hour == 0
        await context.close()
    assert said["UTC"] == ("1 Jan 2026, 00:00 to 01:00", "days are UTC’s")
    hours, note = said["America/New_York"]
    assert hours == "31 Dec 2025, 19:00 to 20:00"
    assert re.fullmatch("days are UTC’s: each begins at .* in America/New_York", note)


@at_a_desk
async def test_a_refresh_keeps_what_is_open_and_where_the_keyboard_is(
    admin: Page, place: Place, name: str
) -> None:
    async with place.service.models():
        project = await a_project(name)
        token, _ = await Token.issue(project, by=BY)
    await admin.goto("/admin/dashboard?range=1h")
    await admin.get_by_text("Figures as a table").click()
    column = _column(admin, 50)
    where = await column.get_attribute("id")
    await column.focus()
    # What lies under the pointer is being read, and is not refreshed.
    await admin.mouse.move(0, 0)
    async with place.service.models():
        use = entry(model=name, project_id=project.id, token_id=token.id)
        async with admin.expect_response(lambda answer: "seen=" in answer.url and answer.ok):
            await apply_batch(name, 0, 1, [use])
    await expect(admin.locator("#figures-table")).to_have_attribute("open", "")
    await expect(admin.locator(f"#{where}")).to_be_focused()
    await expect(admin.locator(".readout")).to_be_visible()


@at_a_desk
async def test_without_a_script_the_table_has_values_and_links(
    open_page: OpenPage, place: Place
) -> None:
    page = await open_page(place.viewer, script=False)
    await page.goto(WEEK)
    table = page.locator("#columns-table")
    await table.locator("summary").click()
    link = table.get_by_role("link").first
    await expect(link).to_contain_text("UTC")
    address = await link.get_attribute("href")
    await link.click()
    await expect(page).to_have_url(place.url + str(address))
