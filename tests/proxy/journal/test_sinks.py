"""The sinks there are, and what the consumer does for several of them."""

import asyncio
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Final, NoReturn

import pytest
from loguru import logger

from config import Database
from models.db.database import open_database
from models.entry import Entry
from models.ids import new_request_id
from models.request_log import RequestLog
from models.usage import UsageHour
from proxy.journal.budget_sink import BudgetSink
from proxy.journal.consumer import JournalConsumer
from proxy.journal.database_sink import DatabaseSink
from proxy.journal.writer import BATCH, Journal
from proxy.limits.budgets import Allowance
from proxy.limits.gate import Gate
from proxy.limits.sqlite_charges import SqliteCharges
from tests.models.rows import an_entry
from tests.proxy.journal.orphans import append, leave_an_orphan, lines
from tests.proxy.journal.sink_conformance import SinkConformance, Store
from tests.proxy.journal.sinks import MemorySink

ROOT: Final = Path(__file__).parents[3]


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What goes to the log."""
    lines: list[str] = []
    handler = logger.add(lambda message: lines.append(str(message)), format="{message}")
    yield lines
    logger.remove(handler)


class TestMemorySink(SinkConformance):
    """The one that other tests look on with."""

    @pytest.fixture
    def store(self) -> Store:
        sink = MemorySink()

        async def taken() -> list[str]:
            return sorted(sink.entries)

        return Store(lambda: sink, taken)


class TestDatabaseSink(SinkConformance):
    """The one there is, on both backends."""

    @pytest.fixture
    def store(self, connected: Database) -> Store:
        async def taken() -> list[str]:
            ids = [str(row.id) for row in await RequestLog.all().order_by("id")]
            assert sum(hour.requests for hour in await UsageHour.all()) == len(ids)
            return ids

        return Store(DatabaseSink, taken)


class Noting(SqliteCharges):
    """Notes the entries that it charges, in the same transaction."""

    def _charge(self, file: sqlite3.Connection, entries: Sequence[Entry]) -> None:
        super()._charge(file, entries)
        file.execute("CREATE TABLE IF NOT EXISTS noted (id TEXT)")
        file.executemany("INSERT INTO noted VALUES (?)", [(entry.id,) for entry in entries])


class TestBudgetSink(SinkConformance):
    """Beside the database, where that is SQLite."""

    @pytest.fixture
    async def store(self, sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Store]:
        path, gate = tmp_path / "limits.db", Gate(tmp_path)
        made: list[SqliteCharges] = []
        budget = Allowance("t:1|usd|total|UTC|", "usd", 1, True, "total", "UTC", 0)

        def make() -> BudgetSink:
            made.append(Noting(path))
            return BudgetSink(made[-1], gate)

        async def taken() -> list[str]:
            query = "SELECT id FROM noted ORDER BY id"
            with closing(sqlite3.connect(path)) as file:
                return [one for (one,) in file.execute(query)]

        # Something to charge; without any budget nothing is looked at.
        make()
        made[0].make([(budget, 0, None, 0)])
        made[0].take("another", 0, 1, [an_entry(id=new_request_id())])
        with closing(sqlite3.connect(path)) as file, file:
            file.execute("DELETE FROM noted")
        async with open_database(sqlite_database):
            yield Store(make, taken)
        for each in made:
            each.close()


@pytest.mark.parametrize(
    "path", sorted((ROOT / "proxy" / "journal").glob("*_sink.py")), ids=lambda path: path.stem
)
def test_every_sink_keeps_the_rules_and_is_given_entries(path: Path) -> None:
    """The recipe "Adding a sink": its conformance tests here, its place in a worker."""
    module = import_module(f"proxy.journal.{path.stem}")
    sinks = [name for name, value in vars(module).items() if hasattr(value, "deliver")]
    assert sinks
    for name in sinks:
        assert issubclass(globals()[f"Test{name}"], SinkConformance)
        assert re.search(
            rf"JournalConsumer\([^)]*\[.*\b{name}\(", (ROOT / "server/resources.py").read_text()
        )


# Several sinks.


async def test_a_sink_that_is_away_holds_up_only_itself(tmp_path: Path, said: list[str]) -> None:
    present, away = MemorySink(), MemorySink("archive")
    away.away, away.error = 3, OSError("connection refused")
    journal = Journal(tmp_path)
    orphan = leave_an_orphan(tmp_path, lines(*(old := [an_entry() for _ in range(5)])))
    journal.batch = 2
    consumer = JournalConsumer(journal, [away, present])
    consumer.adopt()
    ids = append(journal, 5)
    for _ in range(3):
        assert not await consumer.consume_once()
    assert sorted(present.entries) == sorted([*ids, *(entry.id for entry in old)])
    assert journal.pending == 5
    assert orphan.exists()
    # The adopted file is not given up for an error that only sounds like the disk's.
    assert [line for line in said if "archive" in line] == said
    assert len(said) == 1

    assert await consumer.consume_once()
    assert sorted(away.entries) == sorted(present.entries)
    assert journal.pending == 0
    assert not orphan.exists()
    assert "Journal consumer resumed" in said[-1]


async def test_a_file_goes_only_when_every_sink_has_passed_it(tmp_path: Path) -> None:
    fast, slow = MemorySink(), MemorySink("archive")
    slow.away = 1
    journal = Journal(tmp_path, rotate_bytes=1)
    first = journal.file
    assert first is not None
    consumer = JournalConsumer(journal, [fast, slow])
    append(journal, 3)
    assert not await consumer.consume_once()
    await journal.keep()
    assert first.path.exists()
    assert await consumer.consume_once()
    await journal.keep()
    assert journal.file is not first
    assert not first.path.exists()


async def test_each_sink_goes_on_where_it_was(tmp_path: Path) -> None:
    """Its worker was killed while one sink was ahead of the other."""
    entries = [an_entry() for _ in range(5)]
    path = leave_an_orphan(tmp_path, lines(*entries))
    ahead, behind = MemorySink(), MemorySink("archive")
    ahead.positions[path.stem] = path.stat().st_size
    behind.positions[path.stem] = len(lines(*entries[:2]))
    consumer = JournalConsumer(Journal(tmp_path), [ahead, behind])
    consumer.adopt()
    assert await consumer.consume_once()
    assert ahead.entries == []
    assert behind.entries == [entry.id for entry in entries[2:]]
    assert not path.exists()


async def test_a_file_that_one_feed_gave_up_is_not_read_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its descriptor is closed, and may be that of any other file by then."""
    foreign = tmp_path / "foreign"
    foreign.write_bytes(lines(an_entry(), an_entry()))
    leave_an_orphan(tmp_path / "journal", lines(an_entry(), an_entry()))
    given_up = asyncio.Event()
    opened: list[int] = []

    class Slow(MemorySink):
        async def position(self, journal_id: str) -> int:
            await given_up.wait()
            opened.append(os.open(foreign, os.O_RDONLY))
            return await super().position(journal_id)

    def unreadable(*_: object, **__: object) -> NoReturn:
        given_up.set()
        raise OSError("input/output error")

    slow = Slow("archive")
    consumer = JournalConsumer(Journal(tmp_path / "journal"), [slow, MemorySink()])
    consumer.adopt()
    (file,) = consumer._adopted
    with monkeypatch.context() as broken:
        broken.setattr("proxy.journal.consumer.read_batch", unreadable)
        reading = asyncio.create_task(consumer.consume_once())
        await given_up.wait()
        broken.undo()
        await reading
    assert opened == [file.fd]
    os.close(file.fd)
    assert slow.entries == []


async def test_a_damaged_line_is_put_aside_once_for_all_sinks(tmp_path: Path) -> None:
    path = leave_an_orphan(tmp_path, lines(an_entry()) + b"?\n" + lines(an_entry()))
    sinks = [MemorySink(), MemorySink("archive")]
    consumer = JournalConsumer(Journal(tmp_path, batch=1), sinks)
    consumer.adopt()
    assert await consumer.consume_once()
    assert path.with_suffix(".damaged").read_bytes() == b"?\n"
    assert [len(sink.entries) for sink in sinks] == [2, 2]


async def test_closing_delivers_to_every_sink(tmp_path: Path) -> None:
    sinks = [MemorySink(), MemorySink("archive")]
    sinks[1].away = 2
    journal = Journal(tmp_path)
    consumer = JournalConsumer(journal, sinks)
    consumer.start()
    ids = append(journal, BATCH + 1)
    await consumer.close(timeout=60)
    assert [sink.entries for sink in sinks] == [ids, ids]
    assert list(tmp_path.iterdir()) == []
