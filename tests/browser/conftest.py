"""One service, one upstream and one browser for all of these tests, on one event loop.

Each test has a window of its own, and names its own projects and tokens.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, StorageState, expect

from config import Database
from fake_upstream import FakeUpstream
from tests.browser import demo
from tests.browser.chromium import NoBrowser, launched
from tests.browser.looks import DESKTOP, LOOKS, PATIENCE_MS, Look
from tests.fixtures.service import GIVEN, UPSTREAM_KEY, Service

ADMIN = ("admin", GIVEN["ADMIN_PASSWORD"])
VIEWER = demo.VIEWER

#: What goes away by itself, such as a toast, stays for long enough to be seen.
_LINGER = """
    const set = setTimeout;
    window.setTimeout = (work, ms, ...more) => set(work, ms >= 2000 ? 10 * ms : ms, ...more);
"""

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser lives on one loop, so its tests run there; they wait for many things in turn."""
    for item in items:
        # All of a run's tests come here, and a path's parents are dear to look through.
        if not item.nodeid.startswith("tests/browser/"):
            continue
        if iscoroutinefunction(getattr(item, "function", None)):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.timeout(400))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A running Chromium; without one these tests fail rather than be skipped."""
    try:
        async with launched() as running:
            yield running
    except NoBrowser as exc:
        pytest.fail(str(exc), pytrace=False)


@dataclass(frozen=True, slots=True)
class Place:
    """A service with a few days of use behind it, and the upstream of what is made in a test."""

    service: Service
    upstream: FakeUpstream
    admin: StorageState
    viewer: StorageState

    @property
    def url(self) -> str:
        """The proxy's address."""
        return self.service.url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def place(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """Started once; the administrators are signed in once."""
    directory = tmp_path_factory.mktemp("browser")
    database = Database(dialect="sqlite", path=directory / "data" / "llm-proxy.db")
    service = Service(directory, database, GIVEN)
    try:
        service.start()
        await demo.fill(service.settings, days=3)
        async with FakeUpstream(api_keys={UPSTREAM_KEY}) as upstream:
            yield Place(
                service,
                upstream,
                await _signed_in(browser, service.url, *ADMIN),
                await _signed_in(browser, service.url, *VIEWER),
            )
    finally:
        service.tear_down()


async def _signed_in(browser: Browser, url: str, name: str, password: str) -> StorageState:
    context = await DESKTOP.open(browser, url)
    page = await context.new_page()
    await page.goto("/admin/login")
    await sign_in(page, name, password)
    await expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    state = await context.storage_state()
    await context.close()
    return state


async def sign_in(page: Page, name: str, password: str) -> None:
    """Fill the form that is open."""
    await page.get_by_label("User name").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def open_log(page: Page, address: str) -> None:
    """Open the request log, and wait until it hears of what comes: it says so a moment before."""
    async with page.expect_response(lambda answer: is_tail(answer.url)):
        await page.goto(address)
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()


def is_tail(url: str, query: str = "") -> bool:
    """Whether that is where the request log hears of what comes."""
    return "/admin/requests/tail" in url and query in url


@pytest.fixture(params=LOOKS, ids=lambda look: look.name)
def look(request: pytest.FixtureRequest) -> Look:
    """The test runs once for each."""
    chosen: Look = request.param
    return chosen


OpenPage = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, place: Place, look: Look) -> AsyncIterator[OpenPage]:
    """Windows; whatever their scripts complain of fails the test."""
    complaints: list[str] = []
    contexts = []

    async def open_one(state: StorageState | None = None, *, script: bool = True) -> Page:
        context = await look.open(browser, place.url, state=state, script=script)
        contexts.append(context)
        await context.add_init_script(_LINGER)
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: _note(complaints, said.type, said.text))
        return page

    yield open_one
    for context in contexts:
        await context.close()
    assert complaints == []


def _note(complaints: list[str], kind: str, text: str) -> None:
    # A refusal is a status, of which Chromium tells the console as well.
    if kind == "error" and not text.startswith("Failed to load resource"):
        complaints.append(text)


@pytest_asyncio.fixture(loop_scope="session")
async def admin(open_page: OpenPage, place: Place) -> Page:
    """Somebody who may change things."""
    return await open_page(place.admin)


@pytest_asyncio.fixture(loop_scope="session")
async def viewer(open_page: OpenPage, place: Place) -> Page:
    """Somebody who may only look."""
    return await open_page(place.viewer)


@pytest_asyncio.fixture(loop_scope="session")
async def stranger(open_page: OpenPage) -> Page:
    """Somebody who is not signed in."""
    return await open_page()


@pytest.fixture
def name() -> str:
    """Nobody else's."""
    return f"team-{uuid4().hex[:8]}"
