"""The migration `lists`, on tables that hold rows, and with a release that knows nothing of it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from config import Database
from migrations import schema
from models import Project, Token
from models.db.conditions import execute_many, select
from models.db.database import dialect, open_database
from models.ids import first_id_at, new_id
from models.queries import lists, scans

NOW = datetime.now(UTC)


async def _step_back(database: Database) -> None:
    undone = ""
    while not undone.endswith("_lists.py"):
        async with schema._command(database) as command:
            (undone,) = await command.downgrade(-1, False)


async def _owner(database: Database) -> Project:
    """A project, made while the schema is the models' own."""
    async with open_database(database):
        return await Project.create(
            name="docs", live_name="docs", provider="openai", created_at=NOW, updated_at=NOW
        )


def _ids(first: datetime) -> list[UUID]:
    """Of every kind that may turn up: in order of time, of no version, and far apart."""
    times = [first + timedelta(milliseconds=n) for n in range(20)]
    # Not on a 29 February, which these years lack.
    times += [first.replace(year=year, day=1) for year in (1970, 2001, 2999)]
    ids = [UUID(int=first_id_at(time).int | uuid4().int % 2**76) for time in times]
    return ids + [uuid4() for _ in range(20)]


async def _add(owner: Project, ids: list[UUID]) -> None:
    # By the columns of the first release, since the models have those of the newest.
    await execute_many(
        "INSERT INTO token (id, project_id, name, hint, created_at, quota_epoch, quota_base,"
        " request_count) VALUES ({}, {}, {}, 'llmp_…abcd', {}, 0, 0, 0)",
        [[str(id_), str(owner.id), f"Batch {n % 3}", NOW] for n, id_ in enumerate(ids)],
    )


async def _found(q: str) -> list[UUID]:
    found: list[UUID] = []
    before = None
    while True:
        rows, before = await lists.page(lists.tokens(q=q), limit=4, before=before)
        found += [row.id for row in rows]
        if before is None:
            return found


async def test_rows_from_before_and_after_are_found_in_order(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The index is what is tested here, not the walk along the newest.
    monkeypatch.setattr(scans, "_FIRST_WINDOW", 1)
    monkeypatch.setattr("models.queries.search._PATIENCE", 0)
    before, after = _ids(NOW), _ids(NOW + timedelta(milliseconds=7))
    owner = await _owner(database)
    await _step_back(database)
    async with open_database(database):
        await _add(owner, before)
    await schema.upgrade(database)
    async with open_database(database):
        await _add(owner, after)
        for number in range(3):
            wanted = [*before[number::3], *after[number::3]]
            assert await _found(f"BATCH {number}") == sorted(wanted, reverse=True)
        assert [row.id for row in await lists.projects(q="OC").matching] == [owner.id]
        if dialect() == "sqlite":
            rows = await select("SELECT token_id FROM token_number ORDER BY number")
            assert [UUID(row["token_id"]) for row in rows] == sorted([*before, *after])
    await _step_back(database)
    async with open_database(database):
        assert await Token.all().count() == len(before) + len(after)
        await _add(owner, [new_id()])


@pytest.mark.parametrize("upgraded", [True, False])
async def test_ids_of_one_millisecond_all_have_their_number(
    sqlite_database: Database, upgraded: bool
) -> None:
    first = uuid4().int >> 60 << 60
    ids = [UUID(int=first + n) for n in range(5000)]
    owner = await _owner(sqlite_database)
    if not upgraded:
        await _step_back(sqlite_database)
    async with open_database(sqlite_database):
        await _add(owner, ids)
    await schema.upgrade(sqlite_database)
    async with open_database(sqlite_database):
        rows = await select("SELECT token_id FROM token_number ORDER BY number")
        assert [UUID(row["token_id"]) for row in rows] == ids
