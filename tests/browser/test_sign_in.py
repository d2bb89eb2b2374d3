"""Signing in and out, in a browser"""

import asyncio
from uuid import uuid4

from playwright.async_api import Page, Route, expect

from models import Actor, AdminSession, AdminUser
from tests.browser.conftest import ADMIN, Place, is_tail, sign_in
from tests.browser.looks import at_a_desk


async def test_signing_in_leads_to_the_dashboard(stranger: Page, place: Place) -> None:
    await stranger.goto("/")
    await expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()
    await sign_in(stranger, *ADMIN)
    await expect(stranger).to_have_url(f"{place.url}/admin/dashboard")
    await expect(stranger.get_by_role("heading", name="Dashboard")).to_be_visible()


@at_a_desk
async def test_wrong_passwords_are_told_and_slowed_down(stranger: Page) -> None:
    nobody = f"mallory-{uuid4().hex[:6]}"
    await stranger.goto("/admin/login")
    for _ in range(5):
        await sign_in(stranger, nobody, "guessed-wrong")
        await expect(stranger.get_by_text("The name or the password is wrong.")).to_be_visible()
        await expect(stranger.get_by_label("User name")).to_have_value(nobody)
        await expect(stranger.get_by_label("Password")).to_have_value("")
    # A try after the wait gets the same answer, and the next wait is twice as long.
    for _ in range(4):
        await sign_in(stranger, nobody, "guessed-wrong")
        await expect(stranger.get_by_label("Password")).to_have_value("")
        if await stranger.get_by_text("Too many wrong passwords").is_visible():
            break
    await expect(stranger.get_by_role("alert")).to_contain_text("Too many wrong passwords")
    # Others are not locked out by it.
    await sign_in(stranger, *ADMIN)
    await expect(stranger.get_by_role("heading", name="Dashboard")).to_be_visible()


@at_a_desk
async def test_an_expired_session_leads_back_to_where_it_was(
    stranger: Page, place: Place, name: str
) -> None:
    async with place.service.models():
        user = await AdminUser.create_with_password(
            username=name, password="long enough", by=Actor("cli:tester")
        )
    await stranger.goto("/admin/audit?action=token.create")
    await sign_in(stranger, name, "long enough")
    await expect(stranger.get_by_role("heading", name="Audit")).to_be_visible()
    async with place.service.models():
        await AdminSession.filter(user_id=user.id).delete()
    await stranger.reload()
    await sign_in(stranger, name, "long enough")
    await expect(stranger).to_have_url(f"{place.url}/admin/audit?action=token.create")


@at_a_desk
async def test_an_expired_session_ends_what_updates_itself(
    stranger: Page, place: Place, name: str
) -> None:
    async with place.service.models():
        user = await AdminUser.create_with_password(
            username=name, password="long enough", by=Actor("cli:tester")
        )
    await stranger.goto("/admin/login?next=/admin/requests%3Fstatus%3D200")
    async with stranger.expect_response(lambda answer: is_tail(answer.url)):
        await sign_in(stranger, name, "long enough")
    await expect(stranger.get_by_text("Live", exact=True)).to_be_visible()
    async with place.service.models():
        await AdminSession.filter(user_id=user.id).delete()
    # The live tail is told, and asks for the page anew.
    await expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()
    await sign_in(stranger, name, "long enough")
    await expect(stranger).to_have_url(f"{place.url}/admin/requests?status=200")


@at_a_desk
async def test_a_session_may_end_before_what_updates_itself_begins(
    stranger: Page, place: Place, name: str
) -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await over.wait()
        await route.continue_()

    async with place.service.models():
        user = await AdminUser.create_with_password(
            username=name, password="long enough", by=Actor("cli:tester")
        )
    await stranger.route("**/admin/requests/tail", hold)
    await stranger.goto("/admin/login?next=/admin/requests")
    await sign_in(stranger, name, "long enough")
    await asked.wait()
    async with place.service.models():
        await AdminSession.filter(user_id=user.id).delete()
    over.set()
    await expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_signing_out(stranger: Page, place: Place) -> None:
    await stranger.goto("/admin/login")
    await sign_in(stranger, *ADMIN)
    await expect(stranger.get_by_role("heading", name="Dashboard")).to_be_visible()
    # All of the page, or there is no menu to be seen yet.
    await stranger.wait_for_load_state()
    more = stranger.get_by_text("More", exact=True)
    if await more.is_visible():
        await more.click()
    await stranger.get_by_role("button", name="Sign out").locator("visible=true").click()
    await expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()
    await stranger.goto("/admin/tokens")
    await expect(stranger).to_have_url(f"{place.url}/admin/login?next=/admin/tokens")
