"""The browser: Debian's Chromium where it is installed, else the one Playwright downloaded.

Of two, the one without a window of its own, as Playwright's is: it takes a quarter less of a core.
"""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, async_playwright
from playwright.async_api import Error as PlaywrightError

_NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser")
_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


_START_MS: Final = 120_000


class NoBrowser(Exception):
    """There is no Chromium, or it does not start. The message says what to do."""


def _of_the_system() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """A running browser. Raises NoBrowser."""
    async with async_playwright() as playwright:
        found = _of_the_system()
        if found is None and not Path(playwright.chromium.executable_path).exists():
            raise NoBrowser(
                "No Chromium was found, and the browser tests need one. tests/browser/install.sh "
                "installs it: as root on Debian from Debian, elsewhere through Playwright."
            )
        try:
            browser = await playwright.chromium.launch(
                executable_path=found, args=list(_ARGUMENTS), timeout=_START_MS
            )
        except PlaywrightError as exc:
            raise NoBrowser(f"Chromium does not start: {exc.message}") from exc
        try:
            yield browser
        finally:
            await browser.close()
