"""Administrators, their sessions, and named management tokens."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from config import Database
from models import passwords, secrets
from models.administrators import SESSION_IDLE, SESSION_LIFETIME, AdminSession, AdminUser
from models.audit import AuditEvent
from models.db.database import open_database, postgres_address
from models.errors import AdministratorRemoved, LastAdministrator, NameTaken
from models.management_tokens import ManagementToken
from models.passwords import verify_password
from tests.models.rows import BY


async def _session(user: AdminUser, digest: str, *, days: int = 1) -> AdminSession:
    present = datetime.now(UTC)
    return await AdminSession.create(
        user=user,
        digest=digest,
        created_at=present,
        last_seen_at=present,
        expires_at=present + timedelta(days=days),
    )


@pytest.mark.usefixtures("cheap_passwords", "connected")
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


@pytest.mark.usefixtures("cheap_passwords", "connected")
async def test_usernames_are_unique() -> None:
    await AdminUser.create_with_password(username="ada", password="x", by=BY)
    with pytest.raises(NameTaken):
        await AdminUser.create_with_password(username="ada", password="y", by=BY)


@pytest.mark.usefixtures("cheap_passwords", "connected")
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


@pytest.mark.usefixtures("cheap_passwords", "connected")
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


@pytest.mark.usefixtures("cheap_passwords", "connected")
async def test_expired_sessions_are_purged() -> None:
    user = await AdminUser.create_with_password(username="ada", password="x", by=BY)
    await _session(user, "a" * 64)
    await _session(user, "b" * 64, days=-1)
    assert await AdminSession.purge(datetime.now(UTC)) == 1
    assert (await AdminSession.get()).digest == "a" * 64


@pytest.mark.usefixtures("cheap_passwords", "connected")
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


async def _ages(session: AdminSession, **columns: datetime) -> None:
    await AdminSession.filter(id=session.id).update(**columns)


@pytest.mark.usefixtures("cheap_passwords", "connected")
async def test_another_role_and_being_deactivated_end_the_sessions() -> None:
    await AdminUser.create_with_password(username="ada", password="correct horse", by=BY)
    bob = await AdminUser.create_with_password(username="bob", password="so long", by=BY)
    for change in ({"role": "viewer"}, {"is_active": False}):
        await _session(bob, "b" * 64)
        await bob.change(by=BY, **change)
        assert await AdminSession.all().count() == 0, change


@pytest.mark.usefixtures("connected")
async def test_an_unknown_name_and_an_inactive_account_cost_as_much_as_a_wrong_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ada = await AdminUser.create_with_password(username="ada", password="correct horse", by=BY)
    verified: list[str] = []

    async def verify(stored: str, password: str, **_: object) -> bool:
        verified.append(stored)
        return password == "correct horse"

    monkeypatch.setattr(passwords, "verify_password", verify)
    assert await AdminUser.authenticate("eve", "correct horse") is None
    await AdminUser.filter(id=ada.id).update(is_active=False)
    assert await AdminUser.authenticate("ada", "correct horse") is None
    assert len(verified) == 2
    assert ada.password_hash not in verified
    assert not passwords.needs_rehash(verified[0])


@pytest.mark.usefixtures("cheap_passwords", "connected")
async def test_a_hash_that_is_made_anew_replaces_no_new_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ada = await AdminUser.create_with_password(username="ada", password="correct horse", by=BY)

    async def hash_slowly(_password: str, **_: object) -> str:
        await AdminUser.filter(id=ada.id).update(password_hash="of another password")
        return "of the old password"

    monkeypatch.setattr(passwords, "needs_rehash", lambda _stored: True)
    monkeypatch.setattr(passwords, "hash_password", hash_slowly)
    assert await AdminUser.authenticate("ada", "correct horse") is not None
    assert (await AdminUser.get(id=ada.id)).password_hash == "of another password"


@pytest.mark.usefixtures("cheap_passwords", "connected")
async def test_a_session_ends_after_a_week_unused_for_half_a_day_or_with_its_account() -> None:
    ada = await AdminUser.create_with_password(username="ada", password="correct horse", by=BY)
    session, secret = await AdminSession.open(ada, by=BY)
    present = datetime.now(UTC)
    moment = timedelta(minutes=2)

    async def lives() -> bool:
        """As a request finds it, and as an open page asks for it."""
        found = await AdminSession.living({session.id})
        answers = {found == {session.id}, await AdminSession.presented(secret) is not None}
        assert len(answers) == 1
        return answers.pop()

    assert await lives()
    await _ages(session, last_seen_at=present - SESSION_IDLE + moment)
    # What an open page asks for is no use of the session; a request is, and is noted.
    assert await AdminSession.living({session.id})
    assert (await AdminSession.get(id=session.id)).last_seen_at < present
    assert await lives()
    seen = (await AdminSession.get(id=session.id)).last_seen_at
    assert seen >= present
    await _ages(session, last_seen_at=present - SESSION_IDLE - moment)
    assert not await lives()
    await _ages(session, last_seen_at=present, expires_at=present - moment)
    assert not await lives()
    await _ages(session, expires_at=present + SESSION_LIFETIME)
    await AdminUser.filter(id=ada.id).update(is_active=False)
    assert not await lives()
    await AdminUser.filter(id=ada.id).update(is_active=True)
    assert await lives()


async def test_of_two_administrators_that_demote_one_another_one_stays(
    postgres_database: Database,
) -> None:
    """Another machine's transaction has demoted the one, and has not committed."""
    async with open_database(postgres_database):
        await AdminUser.create_with_password(username="ada", password="correct horse", by=BY)
        bob = await AdminUser.create_with_password(username="bob", password="so long", by=BY)
        other = await asyncpg.connect(**postgres_address(postgres_database))
        try:
            async with other.transaction():
                await other.execute("UPDATE admin_user SET role = 'viewer' WHERE username = 'ada'")
                demoting = asyncio.ensure_future(bob.change(by=BY, role="viewer"))
                while not demoting.done() and not await other.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND wait_event_type = 'Lock'"
                ):
                    await asyncio.sleep(0.005)
            with pytest.raises(LastAdministrator):
                await demoting
        finally:
            await other.close()
        assert (await AdminUser.get(id=bob.id)).role == "admin"
