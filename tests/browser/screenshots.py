"""`make screenshots`: every page, light and dark, at a desk and on a phone, into docs/images."""

import asyncio
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Page, StorageState, expect

from config import Database
from models import Destination, Project, RequestLog, Token
from tests.browser import demo
from tests.browser.chromium import NoBrowser, launched
from tests.browser.looks import Look
from tests.fixtures.service import GIVEN, Service

_IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
_LOOKS: Final = (
    Look("desktop-light", 1280, 900, "light"),
    Look("desktop-dark", 1280, 900, "dark"),
    Look("phone-light", 390, 844, "light"),
    Look("phone-dark", 390, 844, "dark"),
)
Prepare = Callable[[Page], Awaitable[None]]


async def _as_it_is(_: Page) -> None:
    """Nothing to do first."""


async def _open_first(page: Page) -> None:
    await page.locator("#rows .row-link").first.click()
    await expect(page.locator("#drawer")).to_be_visible()


async def _ask(page: Page) -> None:
    await page.get_by_role("link", name="Revoke", exact=True).click()
    await expect(page.locator("#dialog")).to_be_visible()


async def _create(page: Page) -> None:
    await page.get_by_label("Name").fill("checkout-service")
    await page.get_by_role("button", name="Create token").click()
    await expect(page.locator("#secret")).to_be_visible()


_PAGES: Final[dict[str, tuple[str, Prepare]]] = {
    "dashboard": ("dashboard?range=7d", _as_it_is),
    "projects": ("projects", _as_it_is),
    "project": ("projects/{project}", _as_it_is),
    "project-endpoints": ("projects/{project}/endpoints", _as_it_is),
    "project-new": ("projects/new", _as_it_is),
    "providers": ("providers", _as_it_is),
    "provider": ("providers?name=anthropic", _as_it_is),
    "tokens": ("tokens", _as_it_is),
    "token": ("tokens/{token}", _as_it_is),
    "token-new": ("tokens/new?project={project}", _as_it_is),
    "token-revoke": ("tokens/{token}", _ask),
    "requests": ("requests", _as_it_is),
    "request": ("requests", _open_first),
    "audit": ("audit", _as_it_is),
    "destinations": ("destinations", _as_it_is),
    "destination": ("destinations/{destination}", _as_it_is),
    "destination-new": ("destinations/new?kind=webhook", _as_it_is),
    "management-tokens": ("management-tokens", _as_it_is),
    "users": ("users", _as_it_is),
    "account": ("account", _as_it_is),
}
#: What would show in the other pictures is taken last.
_CHANGES: Final[dict[str, tuple[str, Prepare]]] = {
    "token-created": ("tokens/new?project={project}", _create),
}


async def main() -> None:
    """Write them all. Raises NoBrowser."""
    _IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="llm-proxy-screenshots-") as directory:
        data = Path(directory) / "data" / "llm-proxy.db"
        database = Database(dialect="sqlite", path=data)
        service = Service(Path(directory), database, GIVEN | _usual_port(), forked=False)
        try:
            service.start()
            await demo.fill(service.settings)
            await _take(service)
        finally:
            service.tear_down()


def _usual_port() -> dict[str, str]:
    """The port that the snippets in the pictures should show, where nobody has it."""
    with socket.socket() as probe:
        return {"PORT": "8080"} if probe.connect_ex(("127.0.0.1", 8080)) else {}


async def _take(service: Service) -> None:
    async with service.models():
        project = await Project.get(name="Customer support")
        token = await Token.get(name="helpdesk-bot")
        destination = await Destination.get(name="on-call")
        assert await RequestLog.exists()
    ids = {"project": project.id, "token": token.id, "destination": destination.id}
    async with launched() as browser:
        state = await _sign_in(browser, service)
        for pages in (_PAGES, _CHANGES):
            for look in _LOOKS:
                context = await look.open(browser, service.url, state=state)
                page = await context.new_page()
                for name, (path, prepare) in pages.items():
                    await page.goto(f"/admin/{path.format(**ids)}")
                    await prepare(page)
                    await _shoot(page, name, look)
                await context.close()


async def _shoot(page: Page, name: str, look: Look) -> None:
    await page.screenshot(path=_IMAGES / f"{name}-{look.name}.png", animations="disabled")


async def _sign_in(browser: Browser, service: Service) -> StorageState:
    """Once, taking pictures of the form as well."""
    state: StorageState = {}
    for look in _LOOKS:
        context = await look.open(browser, service.url)
        page = await context.new_page()
        await page.goto("/admin/login")
        await _shoot(page, "sign-in", look)
        if not state:
            await page.get_by_label("User name").fill("admin")
            await page.get_by_label("Password").fill(GIVEN["ADMIN_PASSWORD"])
            await page.get_by_role("button", name="Sign in").click()
            await expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
            state = await context.storage_state()
        await context.close()
    return state


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except NoBrowser as exc:
        sys.exit(str(exc))
