"""The generation: in the database, and its echo between processes."""

import sys
from multiprocessing.synchronize import Barrier
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from config import Database
from models import generation
from models.db.database import connection, run_in_transaction
from models.generation import Change, ChangeRecord, GenerationFile
from models.ids import new_id
from tests.fixtures.forked import context_of_functions


def _tick_many(path: Path, times: int, together: Barrier) -> None:
    file = GenerationFile(path)
    together.wait(60)
    for _ in range(times):
        file.tick()
    file.close()


def test_ticks_of_several_processes_all_count(tmp_path: Path) -> None:
    file = GenerationFile(tmp_path / "generation")
    before = file.read()
    context = context_of_functions()
    together = context.Barrier(3)
    workers = [
        context.Process(target=_tick_many, args=(tmp_path / "generation", 20_000, together))
        for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert file.read() == before + 60_000
    file.close()


def test_reading_is_a_look_into_memory(tmp_path: Path) -> None:
    """Each request does it, so it calls nothing, let alone the kernel."""
    file = GenerationFile(tmp_path / "generation")
    within: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if frame.f_code is GenerationFile.read.__code__:
            within.append(event)

    sys.setprofile(note)
    try:
        file.read()
    finally:
        sys.setprofile(None)
    assert within == ["call", "return"]
    file.close()


def test_behind_its_last_number_it_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "generation"
    path.write_bytes(b"\xff" * 8)
    file = GenerationFile(path)
    file.tick()
    assert file.read() == 0
    file.close()


def test_the_file_is_private_and_survives(tmp_path: Path) -> None:
    path = tmp_path / "generation"
    first = GenerationFile(path)
    first.tick()
    value = first.read()
    first.close()
    assert path.stat().st_mode & 0o777 == 0o600
    again = GenerationFile(path)
    assert again.read() == value
    again.close()


@pytest.mark.usefixtures("connected")
async def test_changes_are_numbered_and_told_in_order(tmp_path: Path) -> None:
    file = GenerationFile(tmp_path / "generation")
    generation.configure(file)
    assert await generation.current() == 0
    first, second = new_id(), new_id()
    await run_in_transaction(lambda: generation.bump("token", first))
    await run_in_transaction(lambda: generation.bump("project", second))
    assert file.read() == 2
    assert await generation.current() == 2
    assert await generation.changes_since(0) == [
        ChangeRecord(1, "token", first),
        ChangeRecord(2, "project", second),
    ]
    assert await generation.changes_since(2) == []
    generation.configure(None)
    file.close()


@pytest.mark.usefixtures("connected")
async def test_a_rolled_back_change_neither_counts_nor_ticks(tmp_path: Path) -> None:
    file = GenerationFile(tmp_path / "generation")
    generation.configure(file)

    async def fail() -> None:
        await generation.bump("token", new_id())
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await run_in_transaction(fail)
    assert file.read() == 0
    assert await generation.current() == 0
    generation.configure(None)
    file.close()


@pytest.mark.usefixtures("connected")
async def test_a_reader_too_far_behind_is_told_to_drop_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(generation, "KEPT_CHANGES", 10)
    monkeypatch.setattr(generation, "_PRUNE_EVERY", 16)
    for _ in range(20):
        await run_in_transaction(lambda: generation.bump("token", new_id()))
    assert await Change.all().count() == 14
    assert await generation.changes_since(0) is None
    assert await generation.changes_since(5) is None
    recent = await generation.changes_since(12)
    assert recent is not None
    assert [change.generation for change in recent] == list(range(13, 21))


@pytest.mark.usefixtures("connected")
async def test_a_reader_gets_all_changes_since_or_drops_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Never some of them: a revocation could be among the others."""
    monkeypatch.setattr(generation, "KEPT_CHANGES", 10)
    monkeypatch.setattr(generation, "_PRUNE_EVERY", 10**6)
    for _ in range(20):
        await run_in_transaction(lambda: generation.bump("token", new_id()))
    assert await generation.changes_since(9) is None
    all_that_are_kept = await generation.changes_since(10)
    assert all_that_are_kept is not None
    assert [change.generation for change in all_that_are_kept] == list(range(11, 21))


@pytest.mark.usefixtures("connected")
async def test_looking_for_changes_that_are_not_there_takes_one_statement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every worker looks twice a second, whatever else it does."""
    await run_in_transaction(lambda: generation.bump("token", new_id()))
    asked: list[str] = []
    for method in ("execute_query", "execute_query_dict"):
        whole = getattr(type(connection()), method)

        async def counted(self: Any, query: str, *rest: Any, whole: Any = whole) -> Any:
            asked.append(query)
            return await whole(self, query, *rest)

        monkeypatch.setattr(type(connection()), method, counted)
    assert await generation.changes_since(1) == []
    assert len(asked) == 1


@pytest.mark.usefixtures("connected")
async def test_a_reader_ahead_of_a_restored_database_drops_everything() -> None:
    assert await generation.changes_since(7) is None


@pytest.mark.usefixtures("connected")
async def test_a_change_of_a_kind_that_a_later_release_knows_drops_everything() -> None:
    await run_in_transaction(lambda: generation.bump("token", new_id()))
    await run_in_transaction(lambda: generation.bump("token", new_id()))
    await Change.filter(id=2).update(kind="policy")
    assert await generation.changes_since(0) is None
    assert await generation.changes_since(1) is None
    assert await generation.changes_since(2) == []


async def test_postgres_notifies_at_commit(postgres_database: Database) -> None:
    import asyncio

    import asyncpg

    from models.db import database as connecting

    async with connecting.open_database(postgres_database):
        listener = await asyncpg.connect(
            host=postgres_database.host,
            port=postgres_database.port,
            user=postgres_database.user,
            password=postgres_database.password,
            database=postgres_database.database,
        )
        heard: asyncio.Queue[str] = asyncio.Queue()

        def hear(_connection: Any, _pid: int, _channel: str, payload: str) -> None:
            heard.put_nowait(payload)

        await listener.add_listener(generation.NOTIFY_CHANNEL, hear)
        await run_in_transaction(lambda: generation.bump("token", new_id()))
        assert await asyncio.wait_for(heard.get(), 60) == "1"
        await listener.close()
