"""The migration `in_use`: keys that a release before would send elsewhere are not active for it."""

from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from config import Database
from migrations import schema
from models import Project, UpstreamKey, secrets
from models.db.conditions import select
from models.db.database import open_database
from models.grants import load_grant, load_key
from models.tokens import Token
from tests.migrations.test_bindings import _insert_key
from tests.models.rows import BY, RING, a_project

#: Whatever a key may have of its own that the release before knows nothing of.
OWN: Final[dict[str, Any]] = {
    "base_url": "https://eu.example.com",
    "v1_prefix": "",
    "provider": "groq",
    "auth": "api-key",
    "model_map": {"gpt-4o": "mine"},
}


async def _seen_before() -> set[UUID]:
    """Keys that the release before uses: what it reads of a project's."""
    rows = await select("SELECT id FROM upstream_key WHERE is_active = {}", [True])
    return {UUID(str(row["id"])) for row in rows}


async def _write_before(key: UUID, *, is_active: bool) -> None:
    """As the release before changes a key."""
    await select("UPDATE upstream_key SET is_active = {} WHERE id = {}", [is_active, str(key)])


async def _used(project: Project) -> set[UUID]:
    """Keys that this release uses."""
    _, secret = await Token.issue(project, by=BY)
    record = await load_grant(secrets.digest(secret.encode()), RING)
    assert record is not None
    for key in record.keys:
        assert await load_key(key.id, RING) is not None
    return {key.id for key in record.keys}


@pytest.mark.usefixtures("connected")
async def test_a_key_with_anything_of_its_own_is_not_active_for_the_release_before() -> None:
    project = await a_project()
    (plain,) = await project.keys.all()
    others = {
        name: (await project.add_key(api_key="sk-x", ring=RING, by=BY, **{name: value})).id
        for name, value in OWN.items()
    }
    assert await _seen_before() == {plain.id}
    assert await _used(project) == {plain.id, *others.values()}
    # It comes and goes with what the key has of its own.
    key = await UpstreamKey.get(id=others["auth"])
    await key.change(by=BY, auth=None)
    assert await _seen_before() == {plain.id, key.id}
    await plain.change(by=BY, model_map=OWN["model_map"])
    assert await _seen_before() == {key.id}
    await plain.change(by=BY, model_map=None)
    # And with whether it is in use.
    await key.change(by=BY, is_active=False)
    assert await _seen_before() == {plain.id}
    await key.change(by=BY, is_active=True, v1_prefix="/v2")
    assert await _seen_before() == {plain.id}
    assert await _used(project) == {plain.id, *others.values()}


@pytest.mark.usefixtures("connected")
async def test_what_the_release_before_switches_is_switched_for_this_one() -> None:
    project = await a_project()
    (plain,) = await project.keys.all()
    own = await project.add_key(api_key="sk-x", ring=RING, by=BY, base_url=OWN["base_url"])
    added = await _insert_key(project.id)
    await UpstreamKey.filter(id=added).update(
        ciphertext=RING.encrypt("sk-y", added), encryption_key_id=RING.newest
    )
    assert await _seen_before() == {plain.id, added}
    for key in (plain.id, added):
        await _write_before(key, is_active=False)
    assert (await _seen_before(), await _used(project)) == (set(), {own.id})
    await _write_before(plain.id, is_active=True)
    assert (await _seen_before(), await _used(project)) == ({plain.id}, {plain.id, own.id})
    # It sees no key as active that it would send elsewhere, whatever it writes there.
    await own.change(by=BY, is_active=False)
    await _write_before(own.id, is_active=True)
    assert (await _seen_before(), await _used(project)) == ({plain.id}, {plain.id, own.id})


async def test_keys_of_before_are_in_use_as_they_were(database: Database) -> None:
    undone = ""
    while not undone.endswith("_in_use.py"):
        async with schema._command(database) as command:
            (undone,) = await command.downgrade(-1, False)
    project = uuid4()
    keys = {}
    async with open_database(database):
        await select(
            "INSERT INTO project (id, name, provider, is_active, created_at, updated_at)"
            " VALUES ({}, 'p', 'openai', {}, '2026-01-01 00:00:00+00:00',"
            " '2026-01-01 00:00:00+00:00')",
            [str(project), True],
        )
        for name in ("plain", "off", "own", "own and off"):
            keys[name] = await _insert_key(project)
            await select(
                "UPDATE upstream_key SET is_active = {}, base_url = {} WHERE id = {}",
                ["off" not in name, OWN["base_url"] if "own" in name else None, str(keys[name])],
            )
    await schema.upgrade(database)
    async with open_database(database):
        used = {key.id for key in await UpstreamKey.filter(is_active=True)}
        assert used == {keys["plain"], keys["own"]}
        assert await _seen_before() == {keys["plain"]}
