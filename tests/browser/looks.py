"""What the pages are looked at with: a desk's light screen, and a phone in the dark."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, Literal

import pytest
from playwright.async_api import Browser, BrowserContext, Page, StorageState, ViewportSize

#: For what has to come, on a machine that may stand still for seconds.
PATIENCE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Look:
    """A browser's window and its system's colours."""

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"]

    async def open(
        self, browser: Browser, url: str, *, state: StorageState | None = None, script: bool = True
    ) -> BrowserContext:
        """A window of its own; with `state`, already signed in."""
        context = await browser.new_context(
            base_url=url,
            viewport=self._size,
            color_scheme=self.scheme,
            has_touch=self.width < 720,
            java_script_enabled=script,
            storage_state=state,
            locale="en-GB",
            timezone_id="Europe/Berlin",
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(PATIENCE_MS)
        return context

    async def put_on(self, page: Page) -> None:
        """Give a page that is open this width and these colours, as far as its styles know them."""
        await page.set_viewport_size(self._size)
        await page.emulate_media(color_scheme=self.scheme)

    @property
    def _size(self) -> ViewportSize:
        return ViewportSize(width=self.width, height=self.height)


DESKTOP: Final = Look("desktop", 1280, 900, "light")
PHONE: Final = Look("phone", 390, 844, "dark")
LOOKS: Final = (DESKTOP, PHONE)

#: Of a test of what neither width nor colours change, or that changes them itself.
at_a_desk: Final = pytest.mark.parametrize("look", [DESKTOP], ids=["desktop"])
#: Of one whose page shows the same where there is more room.
on_a_phone: Final = pytest.mark.parametrize("look", [PHONE], ids=["phone"])


async def every_look(page: Page) -> AsyncIterator[Look]:
    """A page that is open in each look, first in its own; it stays in the last one.

    Looks are a matter of styles alone, so that the page does not have to be loaded in each.
    """
    now = page.viewport_size
    for look in sorted(LOOKS, key=lambda look: now is None or look.width != now["width"]):
        await look.put_on(page)
        yield look
