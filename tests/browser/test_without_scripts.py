"""Forms with JavaScript off"""

import re

from playwright.async_api import Page, expect

from tests.browser.conftest import ADMIN, OpenPage, Place, sign_in
from tests.browser.looks import on_a_phone
from tests.fixtures.service import UPSTREAM_KEY


@on_a_phone
async def test_everything_can_be_done(open_page: OpenPage, place: Place, name: str) -> None:
    page = await open_page(script=False)
    await page.goto("/admin/projects/new")
    await sign_in(page, *ADMIN)
    await _project(page, place, name)
    await _token(page, name)
    await _revoke(page)
    await _delete(page, name)


async def _project(page: Page, place: Place, name: str) -> None:
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("API key").fill(UPSTREAM_KEY)
    await page.get_by_label("Base URL").fill("ftp://nowhere")
    await page.get_by_role("button", name="Create project").click()
    # The error stands at its field, and what was typed is kept.
    wrong = page.get_by_label("Base URL")
    await expect(wrong).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Name")).to_have_value(name)
    await wrong.fill(place.upstream.url)
    await page.get_by_label("API key").fill(UPSTREAM_KEY)
    await page.get_by_role("button", name="Create project").click()
    await expect(page.get_by_role("heading", name=name)).to_be_visible()


async def _token(page: Page, name: str) -> None:
    await page.get_by_role("link", name="New token").first.click()
    await page.get_by_label("Name").fill(f"{name}-web")
    await page.get_by_text("7 days", exact=True).click()
    await page.get_by_role("button", name="Create token").click()
    await expect(page.locator("#secret")).to_contain_text("llmp_")
    # All snippets are open, and none hides behind a tab.
    await expect(page.get_by_role("heading", name="OpenAI Python")).to_be_visible()
    await page.get_by_role("link", name="I have stored it").click()
    await expect(page.get_by_text("Active", exact=True)).to_be_visible()


async def _revoke(page: Page) -> None:
    await page.get_by_role("link", name="Revoke").click()
    await page.get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("Revoked", exact=True).first).to_be_visible()


async def _delete(page: Page, name: str) -> None:
    await page.goto(f"/admin/projects?q={name}")
    await page.get_by_role("link", name=name).click()
    await page.get_by_role("link", name="Delete project").click()
    await page.get_by_label("to confirm").fill("something else")
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_label("to confirm")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("to confirm").fill(name)
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("heading", name="Projects")).to_be_visible()


@on_a_phone
async def test_the_dashboard_and_the_log_are_plain_pages(open_page: OpenPage, place: Place) -> None:
    page = await open_page(place.viewer, script=False)
    await page.goto("/admin/dashboard?show=tokens")
    await expect(page.locator(".timeline svg[role=img]")).to_be_visible()
    await expect(page.get_by_text("Live", exact=True)).to_be_hidden()
    await page.goto("/admin/requests")
    await page.get_by_label("Status").fill("429")
    await page.get_by_role("button", name="Apply").click()
    await expect(page).to_have_url(re.compile("status=429"))
    await expect(page.get_by_role("heading", name="Requests")).to_be_visible()
