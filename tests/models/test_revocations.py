"""A revocation is in force at once, also where another transaction holds its row."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest
from tortoise.expressions import Q

from config import Database
from models import revocations
from models.audit import AuditEvent
from models.db.database import open_database, postgres_address
from models.errors import ProjectDeleted, ProjectInactive, TokenRevoked
from models.generation import changes_since, current
from models.grants import GrantRecord, allowed_origins, is_cut_off, load_grant
from models.project_fields import RevokedCounts
from models.projects import Project
from models.queries import lists
from models.revocations import Revocation
from models.secrets import digest
from models.tokens import Token, TokenSecret
from models.upstream_keys import UpstreamKey
from tests.models.rows import API_KEY, BY, RING, a_project


@pytest.fixture
async def postgres(postgres_database: Database) -> AsyncIterator[Database]:
    """The models, connected to PostgreSQL."""
    async with open_database(postgres_database):
        yield postgres_database


@asynccontextmanager
async def locked(database: Database, *tables: str) -> AsyncIterator[None]:
    """Another transaction that holds a lock on every row of these tables."""
    other = await asyncpg.connect(**postgres_address(database))
    try:
        async with other.transaction():
            for table in tables:
                await other.execute(f"SELECT id FROM {table} FOR UPDATE")
            yield
    finally:
        await other.close()


async def _grant(secret: str) -> GrantRecord:
    found = await load_grant(digest(secret), RING)
    assert found is not None
    return found


async def _in_force(before: int, subject: object) -> bool:
    """Whether the change is in the history that other machines read."""
    changes = await changes_since(before)
    return [change.target_id for change in changes or ()] == [subject]


async def test_a_token_whose_row_is_locked_is_revoked_at_once(postgres: Database) -> None:
    token, secret = await Token.issue(await a_project(), by=BY)
    other, _ = await Token.issue(await Project.get(id=token.project_id), by=BY)
    before = await current()
    async with locked(postgres, "token"):
        await token.revoke(by=BY)

        assert (await _grant(secret)).revoked_at is not None
        assert await is_cut_off(token.id)
        assert await _in_force(before, token.id)
        found = await Token.find(token.id)
        assert found is not None
        assert found.status == "revoked"
        # What the release before goes by.
        assert (await TokenSecret.get(token_id=token.id)).expires_at is not None
        # Again, nothing happens.
        await token.revoke(by=BY)
        assert await AuditEvent.filter(action="token.revoke").count() == 1
        assert await revocations.complete() == 1
        revoked, _ = await lists.page(lists.tokens(status="revoked"), limit=10)
        active, _ = await lists.page(lists.tokens(status="active"), limit=10)
        assert ([row.id for row in revoked], [row.id for row in active]) == ([token.id], [other.id])

    assert await revocations.complete() == 0
    row = await Token.get(id=token.id)
    assert row.revoked_at == found.revoked_at
    assert (await Token.get(id=other.id)).revoked_at is None
    with pytest.raises(TokenRevoked):
        await row.change(by=BY, name="again")


async def test_a_token_cannot_be_changed_once_its_revocation_waits(postgres: Database) -> None:
    token, _ = await Token.issue(await a_project(), by=BY)
    async with locked(postgres, "token"):
        await token.revoke(by=BY)
    with pytest.raises(TokenRevoked):
        await (await Token.get(id=token.id)).rotate(by=BY)


async def test_a_projects_tokens_are_revoked_whichever_are_locked(postgres: Database) -> None:
    project = await a_project()
    first, secret = await Token.issue(project, by=BY)
    done, _ = await Token.issue(project, by=BY)
    await done.revoke(by=BY)
    async with locked(postgres, "token", "project"):
        counts = await project.revoke_tokens(by=BY)
        again = await project.revoke_tokens(by=BY)
        assert (await _grant(secret)).revoked_at is not None

    assert counts == RevokedCounts(revoked_count=1, already_revoked_count=1, total_tokens=2)
    assert again == RevokedCounts(revoked_count=0, already_revoked_count=2, total_tokens=2)
    assert await revocations.complete() == 0
    assert (await Token.get(id=first.id)).revoked_at is not None


async def test_a_locked_project_is_deactivated_at_once(postgres: Database) -> None:
    project = await a_project(allowed_origins=["https://app.example"])
    token, secret = await Token.issue(project, by=BY)
    before = await current()
    async with locked(postgres, "project"):
        await project.deactivate(by=BY)

        assert not (await _grant(secret)).project_is_active
        assert await is_cut_off(token.id)
        assert await allowed_origins() == []
        assert await _in_force(before, project.id)
        found = await Project.find(project.id)
        assert found is not None
        assert not found.is_active
        inactive, _ = await lists.page(lists.projects(is_active=False), limit=10)
        active, _ = await lists.page(lists.projects(is_active=True), limit=10)
        assert ([row.id for row in inactive], active) == ([project.id], [])
    with pytest.raises(ProjectInactive):
        await Token.issue(project, by=BY)

    # A change is made to what is in force.
    await project.activate(by=BY)
    assert await revocations.complete() == 0
    assert (await _grant(secret)).project_is_active
    assert await Revocation.all().count() == 0


async def test_a_locked_project_is_deleted_at_once(postgres: Database) -> None:
    project = await a_project()
    _, secret = await Token.issue(project, by=BY)
    async with locked(postgres, "project", "token", "upstream_key"):
        await project.erase(by=BY)

        grant = await _grant(secret)
        assert (grant.revoked_at is None, grant.project_is_active, grant.keys) == (False, False, ())
        assert await Project.find(project.id) is None
        assert (await lists.page(lists.projects(), limit=10))[0] == []
    assert await revocations.complete() == 0
    row = await Project.get(id=project.id)
    assert (row.is_active, row.live_name, await row.keys.all()) == (False, None, [])
    assert row.deleted_at is not None
    with pytest.raises(ProjectDeleted):
        await row.activate(by=BY)


async def test_a_locked_key_is_removed_at_once(postgres: Database) -> None:
    project = await a_project()
    _, secret = await Token.issue(project, by=BY)
    kept = await project.add_key(api_key=API_KEY, ring=RING, by=BY)
    (key,) = await project.keys.filter(~Q(id=kept.id))
    async with locked(postgres, "upstream_key"):
        await key.remove(by=BY)
        assert [one.id for one in (await _grant(secret)).keys] == [kept.id]
        found = await Project.find(project.id)
        assert found is not None
        assert {one.id: one.is_active for one in found.keys} == {key.id: False, kept.id: True}
    assert await revocations.complete() == 0
    assert [one.id for one in await UpstreamKey.all()] == [kept.id]


async def test_what_waits_is_not_done_a_second_time(postgres: Database) -> None:
    """Between the end of the lock and the worker that carries it out, the rows look as before."""
    project = await a_project()
    token, _ = await Token.issue(project, by=BY)
    (key,) = await project.keys.all()
    async with locked(postgres, "token", "upstream_key"):
        await token.revoke(by=BY)
        await key.remove(by=BY)
    at = (await Revocation.get(subject_id=token.id)).at

    assert (await project.revoke_tokens(by=BY)).revoked_count == 0
    await (await UpstreamKey.get(id=key.id)).remove(by=BY)
    assert await AuditEvent.filter(action="key.remove").count() == 1
    assert await revocations.complete() == 0
    assert (await Token.get(id=token.id)).revoked_at == at
    assert await UpstreamKey.all().count() == 0


async def test_a_locked_project_that_was_deactivated_can_still_be_deleted(
    postgres: Database,
) -> None:
    project = await a_project()
    async with locked(postgres, "project"):
        await project.deactivate(by=BY)
        await project.erase(by=BY)
        assert await Project.find(project.id) is None
    assert await revocations.complete() == 0
    row = await Project.get(id=project.id)
    assert (row.deleted_at is None, row.live_name) == (False, None)


def _revoke(token: Token, _: Project) -> Awaitable[None]:
    return token.revoke(by=BY)


def _delete(_: Token, project: Project) -> Awaitable[None]:
    return project.erase(by=BY)


@pytest.mark.parametrize("end", [_revoke, _delete])
async def test_a_row_that_is_locked_for_a_moment_is_written_itself(
    postgres: Database,
    end: Callable[[Token, Project], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the journal's consumer locks it; nothing is left to be carried out later."""
    monkeypatch.setattr(revocations, "_LOCK_WAIT_S", 60.0)
    project = await a_project()
    token, _ = await Token.issue(project, by=BY)
    async with locked(postgres, "token", "project"):
        ending = asyncio.ensure_future(end(token, project))
        while not await _is_looking(postgres):
            await asyncio.sleep(0.005)
    await ending
    assert await Revocation.all().count() == 0
    assert (await Token.get(id=token.id)).revoked_at is not None


async def _is_looking(database: Database) -> bool:
    other = await asyncpg.connect(**postgres_address(database))
    try:
        return bool(
            await other.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND query LIKE '%SKIP LOCKED%' AND pid <> pg_backend_pid()"
            )
        )
    finally:
        await other.close()
