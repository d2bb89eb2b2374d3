"""An operator's first hour: from a project to a token that was used, seen, and taken away."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage, Place, open_log
from tests.browser.looks import at_a_desk
from tests.browser.test_accessibility import violations
from tests.fixtures.service import UPSTREAM_KEY

MORE: Final = 30


async def test_from_a_project_to_a_revoked_token(
    admin: Page, open_page: OpenPage, place: Place, name: str
) -> None:
    model = f"gpt-{name}"
    await _make_project(admin, place, name)
    await _add_key(admin)
    secret = await _make_token(admin, name)
    async with _watching(await open_page(place.admin), model) as tail:
        answer = await _ask(place, secret, model)
        assert answer.status_code == 200
        assert answer.text.rstrip().endswith("data: [DONE]")
        await _see_it_in(tail, name, model)
    # Enough to be among the top of a busy place.
    await asyncio.gather(*[_ask(place, secret, model) for _ in range(MORE)])
    await _see_it_in_the_charts(admin, name)
    await _revoke(admin, name)
    refused = await _ask(place, secret, model)
    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "token_revoked"


@at_a_desk
async def test_a_new_projects_key_that_fails_stays_in_its_field(
    admin: Page, place: Place, name: str
) -> None:
    await admin.goto("/admin/projects/new")
    await admin.get_by_label("Name").fill(name)
    await admin.get_by_label("API key").fill("sk-a-wrong-key-0001")
    await admin.get_by_label("Base URL").fill("ftp://nowhere")
    await admin.get_by_role("button", name="Create project").click()
    await expect(admin.get_by_label("Base URL")).to_have_attribute("aria-invalid", "true")
    await expect(admin.get_by_label("Base URL")).to_be_focused()
    await admin.get_by_label("API key").fill("sk-a-wrong-key-0001")
    await admin.get_by_label("Base URL").fill(place.upstream.url)
    await admin.get_by_role("button", name="Create project").click()
    await expect(admin.locator("#key-test")).to_contain_text("The upstream refuses the key (401).")
    await expect(admin.get_by_label("API key")).to_have_value("sk-a-wrong-key-0001")
    assert await violations(admin) == []
    await admin.get_by_role("button", name="Create it all the same").click()
    await expect(admin.get_by_role("heading", name=name)).to_be_visible()


async def _make_project(page: Page, place: Place, name: str) -> None:
    await page.goto("/admin/projects")
    await page.get_by_role("link", name="New project").click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("API key").fill(UPSTREAM_KEY)
    await page.get_by_label("Base URL").fill(place.upstream.url)
    await page.get_by_role("button", name="Create project").click()
    await expect(page.get_by_role("heading", name=name)).to_be_visible()


async def _add_key(page: Page) -> None:
    keys = page.locator("#keys")
    await keys.get_by_text("Add a key").click()
    await keys.get_by_label("API key").fill("sk-another-key-0001")
    await keys.get_by_label("Label").fill("spare")
    await keys.get_by_role("button", name="Add key").click()
    await expect(keys.get_by_text("2 in use")).to_be_visible()
    # The first key is real, as far as its upstream knows; the spare one is not.
    tests = keys.locator("li").filter(has_not_text="spare")
    await tests.get_by_role("button", name="Test").click()
    await expect(tests.locator(".result")).to_contain_text("It works: 14 models")
    spare = keys.locator("li").filter(has_text="spare")
    await spare.get_by_role("button", name="Disable").click()
    await expect(keys.get_by_text("1 in use")).to_be_visible()


async def _make_token(page: Page, name: str) -> str:
    """Its secret, as the button copies it."""
    await page.get_by_role("link", name="New token").first.click()
    await page.get_by_label("Name").fill(f"{name}-web")
    await page.get_by_role("button", name="Create token").click()
    await expect(page.get_by_role("heading", name="Copy the secret now")).to_be_visible()
    panel = page.locator(".secret-value")
    await panel.get_by_role("button", name="Copy").click()
    await expect(panel.get_by_text("Copied")).to_be_visible()
    copied: str = await page.evaluate("navigator.clipboard.readText()")
    await page.get_by_role("tab", name="OpenAI Python").click()
    await expect(page.get_by_role("tabpanel", name="OpenAI Python")).to_contain_text(copied)
    # Shown once: reloading leads to the token, which does not have it.
    await page.reload()
    await expect(page.get_by_text("Active", exact=True)).to_be_visible()
    assert copied not in await page.content()
    return copied


@asynccontextmanager
async def _watching(page: Page, model: str) -> AsyncIterator[Page]:
    await open_log(page, f"/admin/requests?model={model}")
    yield page
    await page.close()


async def _ask(place: Place, secret: str, model: str) -> httpx.Response:
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"authorization": f"Bearer {secret}", "content-type": "application/json"}
    async with httpx.AsyncClient(base_url=f"{place.url}/v1", timeout=30) as client:
        return await client.post("/chat/completions", content=json.dumps(body), headers=headers)


async def _see_it_in(tail: Page, name: str, model: str) -> None:
    row = tail.locator("#rows tr").filter(has_text=model)
    await expect(row).to_have_count(1)
    await expect(row.get_by_text("200", exact=True)).to_be_visible()
    await row.get_by_role("link").click()
    drawer = tail.locator("#drawer")
    await expect(drawer.get_by_text("As the upstream reported it")).to_be_visible()
    await expect(drawer.get_by_role("link", name=f"{name}-web")).to_be_visible()
    await tail.keyboard.press("Escape")
    await expect(drawer).to_be_hidden()


async def _see_it_in_the_charts(page: Page, name: str) -> None:
    await page.goto("/admin/dashboard?range=1h&by=token&top=token")
    row = page.locator(".leaders tr").filter(has_text=f"{name}-web")
    await expect(row).to_be_visible()
    # On a phone there is no room for the share of errors.
    await expect(row.get_by_role("cell").nth(1)).to_have_text(str(1 + MORE))
    await expect(page.locator(".timeline svg[role=img]")).to_be_visible()


async def _revoke(page: Page, name: str) -> None:
    await page.goto(f"/admin/tokens?q={name}-web")
    await page.get_by_role("link", name=f"{name}-web").click()
    await page.get_by_role("link", name="Revoke").click()
    dialog = page.locator("#dialog")
    await expect(dialog).to_be_visible()
    await dialog.get_by_role("button", name="Revoke").click()
    await expect(page.get_by_role("status").filter(has_text="revoked")).to_be_visible()
    await expect(page.get_by_text("Revoked", exact=True).first).to_be_visible()
