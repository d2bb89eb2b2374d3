"""What the pages are looked at with: a desk's light screen, and a phone in the dark."""

from dataclasses import dataclass
from typing import Final, Literal

from playwright.async_api import Browser, BrowserContext, StorageState, ViewportSize

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
            viewport=ViewportSize(width=self.width, height=self.height),
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


DESKTOP: Final = Look("desktop", 1280, 900, "light")
PHONE: Final = Look("phone", 390, 844, "dark")
LOOKS: Final = (DESKTOP, PHONE)
