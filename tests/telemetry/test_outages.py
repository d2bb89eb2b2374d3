"""Times without the database are told of at once, and with their times when it is back."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from config import Database
from models import Event, changes
from models.ids import new_id
from telemetry import database_watch
from telemetry.database_watch import DatabaseWatch
from telemetry.outages import Outage, Outages
from tests.telemetry.test_database_watch import writers_locked_out


async def _until_told(kind: str) -> Event:
    async with asyncio.timeout(60):
        while (event := await Event.get_or_none(kind=kind)) is None:
            await asyncio.sleep(0.01)
    return event


async def test_an_outage_is_told_of_by_one_worker_at_once_and_again_when_it_is_over(
    connected: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once: list[Event] = []
    watches = [
        DatabaseWatch(
            name,
            reads=lambda: False,
            crowded=lambda: None,
            told=Outages(tmp_path, at_once.append).note,
        )
        for name in ("a", "b")
    ]
    monkeypatch.setattr(database_watch, "_PATIENCE_S", 0.1)
    async with writers_locked_out(connected):
        for watch in watches:
            watch.open()
        async with asyncio.timeout(60):
            while not (at_once and all(watch.state == "away" for watch in watches)):
                await asyncio.sleep(0.01)
        (first,) = at_once
        assert (first.kind, first.data["state"]) == ("database.away", "away")
    monkeypatch.setattr(database_watch, "_PATIENCE_S", 60.0)
    away, back = await _until_told("database.away"), await _until_told("database.back")
    async with asyncio.timeout(60):
        while (tmp_path / "database-away").exists():
            await asyncio.sleep(0.01)
    await asyncio.gather(*(watch.close() for watch in watches))
    # By its id a receiver knows that it has it.
    assert (away.id, away.at) == (first.id, first.at)
    assert away.data == back.data
    assert away.data["since"] == first.data["since"]
    since, until = (datetime.fromisoformat(away.data[name]) for name in ("since", "until"))
    assert away.data["seconds"] == round((until - since).total_seconds(), 3) > 0
    assert await Event.all().count() == 2
    assert len(at_once) == 1


@pytest.mark.usefixtures("connected")
async def test_an_outage_that_ends_while_no_worker_runs_is_told_of_by_the_next_one(
    tmp_path: Path,
) -> None:
    await Outages(tmp_path).note("read-only")
    # A worker was killed between telling of it and removing the file.
    outage = Outages(tmp_path)._read()
    assert outage is not None
    await Outages(tmp_path)._tell(outage)
    await asyncio.gather(*(Outages(tmp_path).note("ok") for _ in range(3)))
    told = await Event.all().order_by("id")
    assert [event.kind for event in told] == ["database.away", "database.back"]
    assert [path.name for path in tmp_path.glob("database-away*")] == ["database-away.lock"]


def test_of_workers_that_find_it_at_once_one_is_the_first(tmp_path: Path) -> None:
    workers = [Outages(tmp_path) for _ in range(3)]
    outages = [Outage(new_id(), changes.now(), "away") for _ in workers]
    begun = [worker._begin(one) for worker, one in zip(workers, outages, strict=True)]
    assert begun == [True, False, False]
    assert workers[2]._read() == outages[0]
    assert (tmp_path / "database-away").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("connected")
async def test_a_file_that_is_no_outage_ends_it_and_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "database-away").write_bytes(b"{}")
    await Outages(tmp_path).note("ok")
    assert not (tmp_path / "database-away").exists()
    assert not await Event.exists()
