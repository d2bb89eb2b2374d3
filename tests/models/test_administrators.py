"""Administrators, their sessions, and named management tokens."""

from datetime import UTC, datetime, timedelta

import pytest

from models import secrets
from models.administrators import AdminSession, AdminUser
from models.audit import AuditEvent
from models.errors import AdministratorRemoved, LastAdministrator, NameTaken
from models.management_tokens import ManagementToken
from models.passwords import verify_password
from tests.models.rows import BY

pytestmark = pytest.mark.usefixtures("connected")


async def _session(user: AdminUser, digest: str, *, days: int = 1) -> AdminSession:
    present = datetime.now(UTC)
    return await AdminSession.create(
        user=user,
        digest=digest,
        created_at=present,
        last_seen_at=present,
        expires_at=present + timedelta(days=days),
    )


async def test_a_new_password_ends_the_sessions() -> None:
    user = await AdminUser.create_with_password(username="ada", password="old one", by=BY)
    await _session(user, "a" * 64)
    await user.set_password("new one", by=BY)
    fresh = await AdminUser.get(id=user.id)
    assert await verify_password(fresh.password_hash, "new one")
    assert not await verify_password(fresh.password_hash, "old one")
    assert await AdminSession.all().count() == 0
    written = repr([(event.action, event.changes) for event in await AuditEvent.all()])
    assert "admin.password" in written
    assert "argon2" not in written


async def test_usernames_are_unique() -> None:
    await AdminUser.create_with_password(username="ada", password="x", by=BY)
    with pytest.raises(NameTaken):
        await AdminUser.create_with_password(username="ada", password="y", by=BY)


async def test_the_last_administrator_stays() -> None:
    ada = await AdminUser.create_with_password(username="ada", password="x", by=BY)
    await AdminUser.create_with_password(username="eve", password="x", by=BY, role="viewer")
    for attempt in (
        ada.remove(by=BY),
        ada.change(by=BY, role="viewer"),
        ada.change(by=BY, is_active=False),
    ):
        with pytest.raises(LastAdministrator):
            await attempt
        ada = await AdminUser.get(id=ada.id)
    assert (ada.role, ada.is_active) == ("admin", True)
    await AdminUser.create_with_password(username="bob", password="x", by=BY)
    await ada.remove(by=BY)
    assert await AdminUser.all().count() == 2


async def test_an_account_that_somebody_else_removed_is_left_alone() -> None:
    await AdminUser.create_with_password(username="ada", password="x", by=BY)
    bob = await AdminUser.create_with_password(username="bob", password="x", by=BY)
    again = await AdminUser.get(id=bob.id)
    await bob.remove(by=BY)
    for attempt in (again.change(by=BY, role="viewer"), again.set_password("y", by=BY)):
        with pytest.raises(AdministratorRemoved):
            await attempt
    await again.remove(by=BY)
    events = await AuditEvent.filter(target_id=str(bob.id)).order_by("id")
    assert [event.action for event in events] == ["admin.create", "admin.remove"]


async def test_expired_sessions_are_purged() -> None:
    user = await AdminUser.create_with_password(username="ada", password="x", by=BY)
    await _session(user, "a" * 64)
    await _session(user, "b" * 64, days=-1)
    assert await AdminSession.purge(datetime.now(UTC)) == 1
    assert (await AdminSession.get()).digest == "a" * 64


async def test_a_management_token_works_until_it_is_revoked() -> None:
    token, secret = await ManagementToken.issue(name="ci", scope="read", by=BY)
    assert secret.startswith("llmpm_")
    assert token.hint == secrets.hint(secret)
    found = await ManagementToken.presented(secret)
    assert found is not None
    assert found.scope == "read"
    assert (await ManagementToken.get(id=token.id)).last_used_at is not None
    assert await ManagementToken.presented(secret + "x") is None
    await token.revoke(by=BY)
    await token.revoke(by=BY)
    assert await ManagementToken.presented(secret) is None
    assert await AuditEvent.filter(action="management_token.revoke").count() == 1
    with pytest.raises(NameTaken):
        await ManagementToken.issue(name="ci", scope="write", by=BY)
