"""The migration `bindings`, on tables that hold rows, and beside a release that knows it not."""

from typing import Final
from uuid import UUID, uuid4

from config import Database
from migrations import schema
from models.db.conditions import select
from models.db.database import open_database

#: Base URLs as they were stored, and what a key of such a project is bound to.
BOUND: Final = {
    None: "provider:local",
    "https://api.example.com": "https://api.example.com:443",
    "https://API.Example.com.": "https://api.example.com:443",
    "https://api.example.com:443/v2/x": "https://api.example.com:443",
    "http://example.com/a:b/https://other": "http://example.com:80",
    "http://10.1.2.3:8080": "http://10.1.2.3:8080",
    "http://[2001:db8::1]": "http://[2001:db8::1]:80",
    "https://[::1]:9/v2": "https://[::1]:9",
}


async def _step_back(database: Database) -> None:
    undone = ""
    while not undone.endswith("_bindings.py"):
        async with schema._command(database) as command:
            (undone,) = await command.downgrade(-1, False)


async def _insert_project(base_url: str | None) -> UUID:
    """As the release before wrote it."""
    project = uuid4()
    await select(
        "INSERT INTO project (id, name, provider, base_url, is_active, created_at, updated_at)"
        " VALUES ({}, 'p', 'local', {}, {}, '2026-01-01 00:00:00+00:00',"
        " '2026-01-01 00:00:00+00:00')",
        [str(project), base_url, True],
    )
    return project


async def _insert_key(project: UUID) -> UUID:
    """As the release before wrote it."""
    key = uuid4()
    await select(
        "INSERT INTO upstream_key (id, project_id, label, hint, ciphertext, encryption_key_id,"
        " weight, is_active, created_at)"
        " VALUES ({}, {}, '', 'h', 'c', 'e', 1, {}, '2026-01-01 00:00:00+00:00')",
        [str(key), str(project), True],
    )
    return key


async def _bound() -> dict[UUID, str | None]:
    rows = await select("SELECT id, bound_to FROM upstream_key")
    return {UUID(str(row["id"])): row["bound_to"] for row in rows}


async def test_keys_are_bound_by_what_their_project_says(database: Database) -> None:
    await _step_back(database)
    wanted: dict[UUID, str] = {}
    async with open_database(database):
        projects = {base_url: await _insert_project(base_url) for base_url in BOUND}
        for base_url, project in projects.items():
            wanted[await _insert_key(project)] = BOUND[base_url]
    await schema.upgrade(database)
    async with open_database(database):
        assert await _bound() == wanted
        assert {row["unmetered"] for row in await select("SELECT unmetered FROM project")} == {
            "allow"
        }
        # What the release before goes on writing is bound at once, and stays so.
        projects["https://late.example"] = await _insert_project("https://late.example")
        for base_url, project in projects.items():
            bound_to = BOUND.get(base_url, "https://late.example:443")
            wanted[await _insert_key(project)] = bound_to
        assert await _bound() == wanted
        await select("UPDATE project SET base_url = 'https://elsewhere.example'")
        assert await _bound() == wanted
    await _step_back(database)
    async with open_database(database):
        assert len(await select("SELECT id FROM upstream_key")) == len(wanted)
        await _insert_key(projects[None])
