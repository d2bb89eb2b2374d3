"""The drain: each entry reaches the books exactly once, whatever dies or is away meanwhile."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from loguru import logger

from config import Database
from config.database import parse_database_url
from migrations import schema
from models import generation
from models.db import database as connecting
from models.entry import Entry, apply_batch, encode
from models.errors import DatabaseUnavailable
from models.request_log import RequestLog
from models.usage import UsageHour
from proxy.journal import files
from proxy.journal.consumer import Drain
from proxy.journal.writer import Journal
from tests.fixtures.postgres import running_postgres
from tests.models.rows import an_entry
from tests.proxy.journal.test_writer import kill_a_writer


class Books:
    """What `apply_batch` does to a database, done to memory. `away` calls fail first."""

    def __init__(self) -> None:
        self.entries: list[UUID] = []
        self.batches: list[int] = []
        self.positions: dict[str, int] = {}
        self.away = 0
        self.error: Exception = DatabaseUnavailable("connection refused")
        self.answers_lost = 0
        self.arrived = asyncio.Event()

    async def apply(self, journal_id: str, start: int, end: int, entries: Sequence[Entry]) -> int:
        if self.away:
            self.away -= 1
            raise self.error
        position = self.positions.setdefault(journal_id, start)
        if position != start:
            return position
        self.entries += [entry.id for entry in entries]
        self.batches.append(len(entries))
        self.positions[journal_id] = end
        if self.answers_lost:
            self.answers_lost -= 1
            raise self.error
        self.arrived.set()
        return end


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def journal(directory: Path) -> Journal:
    return Journal(directory)


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What goes to the log."""
    lines: list[str] = []
    handler = logger.add(lambda message: lines.append(str(message)), format="{message}")
    yield lines
    logger.remove(handler)


def append(journal: Journal, count: int) -> list[UUID]:
    entries = [an_entry() for _ in range(count)]
    for entry in entries:
        journal.append(entry)
    return [entry.id for entry in entries]


def leave_an_orphan(directory: Path, content: bytes) -> Path:
    """What a worker that was killed leaves behind."""
    orphan = files.create(directory)
    orphan.path.write_bytes(content)
    orphan.release()
    return orphan.path


def lines(*entries: Entry) -> bytes:
    return b"".join(encode(entry) + b"\n" for entry in entries)


async def test_entries_arrive_once_in_batches(journal: Journal, books: Books) -> None:
    drain = Drain(journal, apply=books.apply, batch=10)
    ids = append(journal, 25)
    assert await drain.drain_once()
    ids += append(journal, 1)
    assert await drain.drain_once()
    assert await drain.drain_once()
    assert books.entries == ids
    assert books.batches == [10, 10, 5, 1]
    assert journal.pending == 0


async def test_what_is_written_meanwhile_waits(journal: Journal, books: Books) -> None:
    """Else a busy worker's every round finds a few entries more, and never a batch of them."""

    async def busy(journal_id: str, start: int, end: int, entries: Sequence[Entry]) -> int:
        append(journal, 1)
        return await books.apply(journal_id, start, end, entries)

    append(journal, 10)
    assert await Drain(journal, apply=busy).drain_once()
    assert books.batches == [10]
    assert journal.pending == 1


async def test_an_outage_loses_and_doubles_nothing(
    journal: Journal, books: Books, said: list[str]
) -> None:
    drain = Drain(journal, apply=books.apply, batch=10)
    books.away = 3
    ids = append(journal, 15)
    for _ in range(3):
        assert not await drain.drain_once()
        ids += append(journal, 5)
    assert journal.pending == 30
    assert len([line for line in said if "is away" in line]) == 1
    assert await drain.drain_once()
    assert books.entries == ids
    assert journal.pending == 0
    assert "again" in said[-1]


async def test_an_answer_that_was_lost_does_not_double(journal: Journal, books: Books) -> None:
    """The batch was applied, and we could not know; the next one asked for is a longer one."""
    drain = Drain(journal, apply=books.apply)
    books.answers_lost = 1
    ids = append(journal, 3)
    assert not await drain.drain_once()
    ids += append(journal, 4)
    assert await drain.drain_once()
    assert books.entries == ids
    assert books.batches == [3, 4]
    assert journal.pending == 0


async def test_whatever_else_the_database_says_the_drain_lives_on(
    journal: Journal, books: Books, said: list[str]
) -> None:
    drain = Drain(journal, apply=books.apply)
    books.away, books.error = 1, RuntimeError("deadlock detected")
    ids = append(journal, 2)
    assert not await drain.drain_once()
    assert "deadlock detected" in said[0]
    assert await drain.drain_once()
    assert books.entries == ids


async def test_books_that_were_restored_from_a_backup_get_the_rest_again(
    journal: Journal, books: Books
) -> None:
    drain = Drain(journal, apply=books.apply, batch=2)
    ids = append(journal, 4)
    await drain.drain_once()
    assert journal.file is not None
    first_half = journal.file.size // 2
    books.positions[journal.file.id], books.entries = first_half, ids[:2]
    ids += append(journal, 1)
    assert await drain.drain_once()
    assert books.entries == ids


async def test_the_journal_of_a_killed_worker_is_adopted(
    journal: Journal, books: Books, directory: Path
) -> None:
    entries = [an_entry() for _ in range(5)]
    path = leave_an_orphan(directory, lines(*entries))
    drain = Drain(journal, apply=books.apply, batch=2)
    drain.adopt()
    assert await drain.drain_once()
    assert books.entries == [entry.id for entry in entries]
    assert not path.exists()
    assert [path.suffix for path in directory.iterdir()] == [".journal"]


async def test_an_adopted_journal_goes_on_where_its_worker_was(
    journal: Journal, books: Books, directory: Path, said: list[str]
) -> None:
    """Killed within a drain, or between the two steps of a rotation."""
    entries = [an_entry() for _ in range(5)]
    half_way = leave_an_orphan(directory, lines(*entries))
    finished = leave_an_orphan(directory, lines(an_entry()))
    books.positions[half_way.stem] = len(lines(*entries[:3]))
    books.positions[finished.stem] = finished.stat().st_size
    drain = Drain(journal, apply=books.apply)
    drain.adopt()
    assert await drain.drain_once()
    assert books.entries == [entry.id for entry in entries[3:]]
    assert not half_way.exists()
    assert not finished.exists()
    assert said == []


async def test_an_adopted_journal_that_was_cut_is_said(
    journal: Journal, books: Books, directory: Path, said: list[str]
) -> None:
    """Behind the position, where entries were lost, and before it, where perhaps none were."""
    content = lines(*(an_entry() for _ in range(3)))
    shorter = leave_an_orphan(directory, content[:-1])
    books.positions[shorter.stem] = len(content)
    drain = Drain(journal, apply=books.apply)
    drain.adopt()
    emptied = leave_an_orphan(directory, content)
    drain.adopt()
    emptied.write_bytes(b"")
    assert await drain.drain_once()
    assert books.entries == []
    assert len(said) == 2
    assert f"cut to {len(content) - 1} bytes after {len(content)} of them" in said[0]
    assert "what it held from byte 0 on is lost" in said[1]
    assert not shorter.exists()
    assert not emptied.exists()


async def test_an_adopter_that_dies_before_it_deletes(
    journal: Journal, books: Books, directory: Path
) -> None:
    path = leave_an_orphan(directory, content := lines(an_entry(), an_entry()))
    first = Drain(journal, apply=books.apply)
    first.adopt()
    await first.drain_once()
    path.write_bytes(content)
    second = Drain(journal, apply=books.apply)
    second.adopt()
    assert await second.drain_once()
    assert len(books.entries) == 2
    assert not path.exists()


async def test_an_orphan_waits_for_the_database(
    journal: Journal, books: Books, directory: Path
) -> None:
    path = leave_an_orphan(directory, lines(an_entry()))
    drain = Drain(journal, apply=books.apply)
    books.away = 2
    drain.adopt()
    assert not await drain.drain_once()
    assert not await drain.drain_once()
    assert path.exists()
    assert await drain.drain_once()
    assert len(books.entries) == 1


async def test_two_workers_compete_for_an_orphan(books: Books, directory: Path) -> None:
    entries = [an_entry() for _ in range(50)]
    leave_an_orphan(directory, lines(*entries))
    drains = [Drain(Journal(directory), apply=books.apply, batch=3) for _ in range(2)]
    for drain in drains:
        drain.adopt()
    assert all(await asyncio.gather(*(drain.drain_once() for drain in drains)))
    assert sorted(books.entries) == sorted(entry.id for entry in entries)


async def test_the_journal_of_a_living_worker_is_left_alone(
    journal: Journal, books: Books, directory: Path
) -> None:
    neighbour = Journal(directory)
    append(neighbour, 1)
    drain = Drain(journal, apply=books.apply)
    drain.adopt()
    assert await drain.drain_once()
    assert books.entries == []


async def test_a_torn_last_line_is_put_aside(
    journal: Journal, books: Books, directory: Path, said: list[str]
) -> None:
    """The machine lost power, or the disk was full when the worker was killed."""
    torn = lines(an_entry())[:-20]
    path = leave_an_orphan(directory, lines(whole := an_entry()) + torn)
    drain = Drain(journal, apply=books.apply)
    drain.adopt()
    assert await drain.drain_once()
    assert books.entries == [whole.id]
    assert not path.exists()
    assert path.with_suffix(".damaged").read_bytes() == torn + b"\n"
    assert len([line for line in said if "is damaged" in line]) == 1


async def test_a_last_line_that_lacks_only_its_end_counts(
    journal: Journal, books: Books, directory: Path
) -> None:
    leave_an_orphan(directory, lines(entry := an_entry())[:-1])
    drain = Drain(journal, apply=books.apply)
    drain.adopt()
    assert await drain.drain_once()
    assert books.entries == [entry.id]


@pytest.mark.parametrize(
    "damage",
    [
        b"not an entry\n",
        b"\n",
        b"\xff\xfe\n",
        b"\x00" * 4096 + b"\n",
        # Longer than what is read at once, and a whole entry at its end.
        b"\x00" * 600_000 + b"\n",
        lines(an_entry(at_us=10**30)),
        lines(an_entry(outcome="eaten")),
    ],
)
async def test_a_damaged_line_stops_nothing(
    journal: Journal, books: Books, directory: Path, damage: bytes
) -> None:
    before, after = an_entry(), an_entry()
    path = leave_an_orphan(directory, lines(before) + damage + lines(after))
    drain = Drain(journal, apply=books.apply)
    drain.adopt()
    assert await drain.drain_once()
    assert books.entries == [before.id, after.id]
    assert not path.exists()
    aside = path.with_suffix(".damaged").read_bytes()
    assert aside.replace(b"\n", b"") == damage.replace(b"\n", b"")


async def test_a_damaged_line_is_put_aside_once(
    journal: Journal, books: Books, directory: Path
) -> None:
    path = leave_an_orphan(directory, b"?\n" + lines(an_entry()) + b"!\n")
    tries = 0

    async def fails_twice(journal_id: str, start: int, end: int, entries: Sequence[Entry]) -> int:
        nonlocal tries
        if entries and (tries := tries + 1) < 3:
            raise books.error
        return await books.apply(journal_id, start, end, entries)

    drain = Drain(journal, apply=fails_twice)
    drain.adopt()
    assert not await drain.drain_once()
    assert not await drain.drain_once()
    assert await drain.drain_once()
    assert path.with_suffix(".damaged").read_bytes() == b"?\n!\n"
    assert len(books.entries) == 1


async def test_a_journal_that_somebody_cut_is_said_and_replaced(
    journal: Journal, books: Books, directory: Path, said: list[str]
) -> None:
    assert journal.file is not None
    append(journal, 3)
    journal.file.path.write_bytes(b"")
    drain = Drain(journal, apply=books.apply)
    assert await drain.drain_once()
    assert "it was cut; what it held from byte 0 on is lost" in said[0]
    assert journal.pending == 0
    await journal.keep()
    ids = append(journal, 1)
    assert await drain.drain_once()
    assert books.entries == ids


async def test_it_runs_by_itself_and_closing_takes_the_rest(
    journal: Journal, books: Books, directory: Path
) -> None:
    orphan = leave_an_orphan(directory, lines(an_entry()))
    drain = Drain(journal, apply=books.apply)
    drain.start()
    ids = append(journal, 3)
    await books.arrived.wait()
    ids += append(journal, 2)
    await drain.close(timeout=30)
    assert [entry for entry in books.entries if entry in ids] == ids
    assert len(books.entries) == 6
    assert not orphan.exists()
    assert list(directory.iterdir()) == []


async def test_closing_waits_for_the_database(
    journal: Journal, books: Books, directory: Path
) -> None:
    """A platform's disk forgets: the entries are worth the seconds that are left."""
    drain = Drain(journal, apply=books.apply)
    drain.start()
    books.away = 3
    ids = append(journal, 3)
    await drain.close(timeout=30)
    assert books.entries == ids
    assert list(directory.iterdir()) == []


async def test_what_is_left_at_the_deadline_is_taken_after_the_next_start(
    journal: Journal, books: Books, directory: Path, said: list[str]
) -> None:
    drain = Drain(journal, apply=books.apply)
    drain.start()
    books.away = 10**9
    ids = append(journal, 3)
    await drain.close(timeout=0)
    assert any("3 entries wait" in line for line in said)

    books.away = 0
    next_start = Drain(Journal(directory), apply=books.apply)
    next_start.start()
    await books.arrived.wait()
    await next_start.close(timeout=30)
    assert books.entries == ids
    assert list(directory.iterdir()) == []


async def test_the_last_worker_takes_what_the_others_left(
    journal: Journal, books: Books, directory: Path
) -> None:
    neighbour = Journal(directory)
    ids = append(neighbour, 2)
    await neighbour.close()
    await Drain(journal, apply=books.apply).close(timeout=30)
    assert books.entries == ids
    assert list(directory.iterdir()) == []


async def test_what_was_kept_in_memory_is_drained_when_closing(
    books: Books, directory: Path
) -> None:
    directory.write_bytes(b"")
    journal = Journal(directory)
    ids = append(journal, 2)
    directory.unlink()
    await Drain(journal, apply=books.apply).close(timeout=30)
    assert books.entries == ids
    assert list(directory.iterdir()) == []


# With real databases.


async def in_the_books() -> list[UUID]:
    """The request log's ids; the counters have to agree with it."""
    logged = [row.id for row in await RequestLog.all().order_by("id")]
    assert sum(hour.requests for hour in await UsageHour.all()) == len(logged)
    return logged


async def test_kill_9_and_the_next_worker(connected: Database, directory: Path) -> None:
    acknowledged = kill_a_writer(directory, after=300)
    drain = Drain(Journal(directory))
    drain.adopt()
    assert await drain.drain_once()
    logged = await in_the_books()
    assert set(acknowledged) <= set(logged)
    assert len(logged) <= len(acknowledged) + 1
    assert len(list(directory.glob("*.journal"))) == 1


async def test_a_drain_that_dies_between_a_batch_and_its_answer(
    connected: Database, directory: Path
) -> None:
    entries = [an_entry() for _ in range(7)]
    path = leave_an_orphan(directory, lines(*entries))
    assert await apply_batch(path.stem, 0, end := len(lines(*entries[:4])), entries[:4]) == end
    drain = Drain(Journal(directory), batch=5)
    drain.adopt()
    assert await drain.drain_once()
    assert await in_the_books() == sorted(entry.id for entry in entries)


async def test_two_drains_with_the_same_journal(connected: Database, directory: Path) -> None:
    """A lock that does not hold (some network disks) must not double anything."""
    content = lines(*(entries := [an_entry() for _ in range(40)]))
    first = leave_an_orphan(directory, content)
    drains = [Drain(Journal(directory), batch=3), Drain(Journal(directory / "other"), batch=5)]
    (directory / "other" / first.name).write_bytes(content)
    for drain in drains:
        drain.adopt()
    assert all(await asyncio.gather(*(drain.drain_once() for drain in drains)))
    assert await in_the_books() == sorted(entry.id for entry in entries)


async def test_postgres_stops_and_starts_again(directory: Path) -> None:
    with running_postgres() as server:
        database = replace(parse_database_url(server.url), sslmode="disable")
        await schema.upgrade(database)
        generation.configure(None)
        await connecting.connect(database)
        try:
            journal = Journal(directory)
            drain = Drain(journal)
            ids = append(journal, 5)
            assert await drain.drain_once()
            server.stop()
            ids += append(journal, 5)
            assert not await drain.drain_once()
            ids += append(journal, 5)
            assert not await drain.drain_once()
            assert journal.pending == 10
            server.start()
            # A connection that was cut may be noticed only now.
            while not await drain.drain_once():
                pass
            assert await in_the_books() == sorted(ids)
            await drain.close(timeout=30)
        finally:
            await connecting.disconnect()
    assert list(directory.iterdir()) == []


async def test_a_database_that_falls_silent_is_not_waited_for_to_the_end(
    journal: Journal, said: list[str]
) -> None:
    asked = asyncio.Event()

    async def hang(*_: object) -> int:
        asked.set()
        return await asyncio.Future()

    drain = Drain(journal, apply=hang)
    drain.start()
    append(journal, 1)
    async with asyncio.timeout(60):
        await drain.close(timeout=3600, is_silent=asked.is_set)
    assert any("1 entries wait in the journal" in line for line in said)
