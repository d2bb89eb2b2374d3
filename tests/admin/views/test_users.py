"""Accounts: made, changed, removed, and never the last one."""

from models import AdminUser
from tests.admin.conftest import PASSWORD, Browser, browsing, make_user, on_both


@on_both
async def test_an_accounts_life(admin: Browser, url: str) -> None:
    made = await admin.submit(
        "/admin/users/new",
        "/admin/users",
        username="bob",
        role="viewer",
        password=PASSWORD,
        again=PASSWORD,
    )
    assert "bob may sign in now." in made.text
    bob = await AdminUser.get(username="bob")
    at = f"/admin/users/{bob.id}"
    async with browsing(url, "bob") as browser:
        assert (await browser.get("/admin/projects/new")).status_code == 403
        await admin.submit(at, f"{at}/role", role="admin")
        # Another role is another session.
        assert (await browser.get("/admin/projects")).url.path == "/admin/login"
        await browser.sign_in("bob")
        assert (await browser.get("/admin/projects/new")).status_code == 200
        await admin.submit(at, f"{at}/password", password="something new", again="something new")
        assert (await browser.sign_in("bob")).status_code == 422
    await admin.submit(at, f"{at}/deactivate")
    await admin.submit(at, f"{at}/activate")
    assert (await admin.submit(f"{at}/remove", name="wrong")).status_code == 422
    removed = await admin.submit(f"{at}/remove", name="bob")
    assert "bob was removed." in removed.text
    assert not await AdminUser.filter(username="bob").exists()


@on_both
async def test_the_last_administrator_stays(admin: Browser) -> None:
    ada = await AdminUser.get(username="ada")
    at = f"/admin/users/{ada.id}"
    answer = await admin.submit(at, f"{at}/role", role="viewer")
    assert answer.status_code == 422
    assert "There must be an active administrator left." in answer.text
    assert (await admin.submit(at, f"{at}/deactivate")).status_code == 409
    assert (await admin.submit(f"{at}/remove", name="ada")).status_code == 409
    # Nothing of it happened, and nobody was signed out by the attempt.
    assert (await admin.get("/admin/users/new")).status_code == 200


async def test_mistakes_stand_at_their_fields(admin: Browser) -> None:
    await make_user("taken")
    answer = await admin.submit(
        "/admin/users/new", "/admin/users", username="taken", password="short", again="other"
    )
    assert answer.status_code == 422
    assert "At least 8 characters." in answer.text
    answer = await admin.submit(
        "/admin/users/new", "/admin/users", username="taken", password=PASSWORD, again=PASSWORD
    )
    assert "There is an administrator named taken already." in answer.text
