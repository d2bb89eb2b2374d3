"""A viewer sees everything and changes nothing."""

import pytest
from playwright.async_api import Page, expect

from models import Project, Token
from tests.browser.conftest import Place
from tests.browser.looks import at_a_desk, every_look


@at_a_desk
async def test_there_is_nothing_to_press(viewer: Page, place: Place) -> None:
    async with place.service.models():
        project = await Project.get(name="Search")
        token = await Token.filter(project_id=project.id).first()
    assert token is not None
    for path in ("projects", "tokens", "users", f"projects/{project.id}", f"tokens/{token.id}"):
        await viewer.goto(f"/admin/{path}")
        await expect(viewer.get_by_role("heading", level=1)).to_be_visible()
        async for _ in every_look(viewer):
            for word in ("New", "Edit", "Revoke", "Rotate", "Delete", "Deactivate", "Add"):
                found = viewer.locator("main").get_by_role("link", name=word)
                assert await found.count() == 0, path
        assert await viewer.locator("main form[method=post]").count() == 0, path


@at_a_desk
@pytest.mark.parametrize("path", ["projects/new", "tokens/new", "users/new"])
async def test_the_address_does_not_help(viewer: Page, path: str) -> None:
    answer = await viewer.goto(f"/admin/{path}")
    assert answer is not None
    assert answer.status == 403
    await expect(viewer.get_by_text("Only administrators may do that")).to_be_visible()
