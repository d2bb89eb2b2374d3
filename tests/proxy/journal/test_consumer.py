"""The consumer: each entry reaches the sink exactly once, whatever dies or is away meanwhile."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from loguru import logger

from config import Database
from config.database import parse_database_url
from migrations import schema
from models import generation
from models.db import database as connecting
from models.ledger import apply_batch
from models.request_log import RequestLog
from models.usage import UsageHour
from proxy.journal import consumer as consumer_module
from proxy.journal.consumer import JournalConsumer
from proxy.journal.database_sink import DatabaseSink
from proxy.journal.writer import Journal
from tests.fixtures.postgres import running_postgres
from tests.models.rows import an_entry
from tests.proxy.journal.orphans import append, leave_an_orphan, lines
from tests.proxy.journal.sinks import MemorySink
from tests.proxy.journal.test_writer import kill_a_writer


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


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


async def test_entries_arrive_once_in_batches(journal: Journal, sink: MemorySink) -> None:
    journal.batch = 10
    consumer = JournalConsumer(journal, [sink])
    ids = append(journal, 25)
    assert await consumer.consume_once()
    ids += append(journal, 1)
    assert await consumer.consume_once()
    assert await consumer.consume_once()
    assert sink.entries == ids
    assert sink.batches == [10, 10, 5, 1]
    assert journal.pending == 0


async def test_a_batch_is_as_large_as_the_journal_has_it(directory: Path, sink: MemorySink) -> None:
    journal = Journal(directory, batch=4)
    consumer = JournalConsumer(journal, [sink])
    append(journal, 3)
    assert not journal.batch_ready.is_set()
    append(journal, 3)
    assert journal.batch_ready.is_set()
    assert await consumer.consume_once()
    assert sink.batches == [4, 2]


async def test_what_is_written_meanwhile_waits(journal: Journal, sink: MemorySink) -> None:
    """Else a busy worker's every round finds a few entries more, and never a batch of them."""

    append(journal, 10)
    sink.meanwhile = lambda: append(journal, 1)
    assert await JournalConsumer(journal, [sink]).consume_once()
    assert sink.batches == [10]
    assert journal.pending == 1


async def test_what_a_sink_takes_itself_is_settled_as_far_as_it_can_be_read(
    journal: Journal, sink: MemorySink, tmp_path: Path, said: list[str]
) -> None:
    """A disk that fails to read is told: what was taken is committed, and its taker goes on."""
    consumer = JournalConsumer(journal, [sink])
    consumer.takes_itself(sink.name, lambda *_: True)
    append(journal, 3)
    file = journal.file
    assert file is not None
    consumer.moved(file.id, file.size)
    assert journal.pending == 0
    append(journal, 2)
    unreadable = os.open(tmp_path / "written", os.O_WRONLY | os.O_CREAT)
    file.fd, readable = unreadable, file.fd
    consumer.moved(file.id, file.size)
    assert file.positions[sink.name] == file.size
    assert any("cannot be consumed" in line for line in said)
    file.fd = readable
    os.close(unreadable)


async def test_an_outage_loses_and_doubles_nothing(
    journal: Journal, sink: MemorySink, said: list[str]
) -> None:
    journal.batch = 10
    consumer = JournalConsumer(journal, [sink])
    sink.away = 3
    ids = append(journal, 15)
    for _ in range(3):
        assert not await consumer.consume_once()
        ids += append(journal, 5)
    assert journal.pending == 30
    assert len([line for line in said if "is away" in line]) == 1
    assert await consumer.consume_once()
    assert sink.entries == ids
    assert journal.pending == 0
    assert "Journal consumer resumed" in said[-1]


async def test_an_answer_that_was_lost_does_not_double(journal: Journal, sink: MemorySink) -> None:
    """The batch was applied, and we could not know; the next one asked for is a longer one."""
    consumer = JournalConsumer(journal, [sink])
    sink.answers_lost = 1
    ids = append(journal, 3)
    assert not await consumer.consume_once()
    ids += append(journal, 4)
    assert await consumer.consume_once()
    assert sink.entries == ids
    assert sink.batches == [3, 4]
    assert journal.pending == 0


async def test_whatever_else_the_database_says_the_consumer_lives_on(
    journal: Journal, sink: MemorySink, said: list[str]
) -> None:
    consumer = JournalConsumer(journal, [sink])
    sink.away, sink.error = 1, RuntimeError("deadlock detected")
    ids = append(journal, 2)
    assert not await consumer.consume_once()
    assert "deadlock detected" in said[0]
    assert await consumer.consume_once()
    assert sink.entries == ids


async def test_a_sink_that_was_restored_from_a_backup_gets_the_rest_again(
    journal: Journal, sink: MemorySink
) -> None:
    journal.batch = 2
    consumer = JournalConsumer(journal, [sink])
    ids = append(journal, 4)
    await consumer.consume_once()
    assert journal.file is not None
    first_half = journal.file.size // 2
    sink.positions[journal.file.id], sink.entries = first_half, ids[:2]
    ids += append(journal, 1)
    assert await consumer.consume_once()
    assert sink.entries == ids


async def test_the_journal_of_a_killed_worker_is_adopted(
    journal: Journal, sink: MemorySink, directory: Path
) -> None:
    entries = [an_entry() for _ in range(5)]
    path = leave_an_orphan(directory, lines(*entries))
    journal.batch = 2
    consumer = JournalConsumer(journal, [sink])
    consumer.adopt()
    assert await consumer.consume_once()
    assert sink.entries == [entry.id for entry in entries]
    assert not path.exists()
    assert [path.suffix for path in directory.iterdir()] == [".journal"]


async def test_an_adopted_journal_goes_on_where_its_worker_was(
    journal: Journal, sink: MemorySink, directory: Path, said: list[str]
) -> None:
    """Killed within a consumer, or between the two steps of a rotation."""
    entries = [an_entry() for _ in range(5)]
    half_way = leave_an_orphan(directory, lines(*entries))
    finished = leave_an_orphan(directory, lines(an_entry()))
    sink.positions[half_way.stem] = len(lines(*entries[:3]))
    sink.positions[finished.stem] = finished.stat().st_size
    consumer = JournalConsumer(journal, [sink])
    consumer.adopt()
    assert await consumer.consume_once()
    assert sink.entries == [entry.id for entry in entries[3:]]
    assert not half_way.exists()
    assert not finished.exists()
    assert said == []


async def test_an_adopted_journal_that_was_cut_is_said(
    journal: Journal, sink: MemorySink, directory: Path, said: list[str]
) -> None:
    """Behind the position, where entries were lost, and before it, where perhaps none were."""
    content = lines(*(an_entry() for _ in range(3)))
    shorter = leave_an_orphan(directory, content[:-1])
    sink.positions[shorter.stem] = len(content)
    consumer = JournalConsumer(journal, [sink])
    consumer.adopt()
    emptied = leave_an_orphan(directory, content)
    consumer.adopt()
    emptied.write_bytes(b"")
    assert await consumer.consume_once()
    assert sink.entries == []
    assert len(said) == 2
    assert f"cut to {len(content) - 1} bytes after {len(content)} of them" in said[0]
    assert "what it held from byte 0 on is lost" in said[1]
    assert not shorter.exists()
    assert not emptied.exists()


async def test_an_adopter_that_dies_before_it_deletes(
    journal: Journal, sink: MemorySink, directory: Path
) -> None:
    path = leave_an_orphan(directory, content := lines(an_entry(), an_entry()))
    first = JournalConsumer(journal, [sink])
    first.adopt()
    await first.consume_once()
    path.write_bytes(content)
    second = JournalConsumer(journal, [sink])
    second.adopt()
    assert await second.consume_once()
    assert len(sink.entries) == 2
    assert not path.exists()


async def test_an_orphan_waits_for_the_database(
    journal: Journal, sink: MemorySink, directory: Path
) -> None:
    path = leave_an_orphan(directory, lines(an_entry()))
    consumer = JournalConsumer(journal, [sink])
    sink.away = 2
    consumer.adopt()
    assert not await consumer.consume_once()
    assert not await consumer.consume_once()
    assert path.exists()
    assert await consumer.consume_once()
    assert len(sink.entries) == 1


async def test_two_workers_compete_for_an_orphan(sink: MemorySink, directory: Path) -> None:
    entries = [an_entry() for _ in range(50)]
    leave_an_orphan(directory, lines(*entries))
    consumers = [JournalConsumer(Journal(directory, batch=3), [sink]) for _ in range(2)]
    for consumer in consumers:
        consumer.adopt()
    assert all(await asyncio.gather(*(consumer.consume_once() for consumer in consumers)))
    assert sorted(sink.entries) == sorted(entry.id for entry in entries)


async def test_the_journal_of_a_living_worker_is_left_alone(
    journal: Journal, sink: MemorySink, directory: Path
) -> None:
    neighbour = Journal(directory)
    append(neighbour, 1)
    consumer = JournalConsumer(journal, [sink])
    consumer.adopt()
    assert await consumer.consume_once()
    assert sink.entries == []


async def test_a_torn_last_line_is_put_aside(
    journal: Journal, sink: MemorySink, directory: Path, said: list[str]
) -> None:
    """The machine lost power, or the disk was full when the worker was killed."""
    torn = lines(an_entry())[:-20]
    path = leave_an_orphan(directory, lines(whole := an_entry()) + torn)
    consumer = JournalConsumer(journal, [sink])
    consumer.adopt()
    assert await consumer.consume_once()
    assert sink.entries == [whole.id]
    assert not path.exists()
    assert path.with_suffix(".damaged").read_bytes() == torn + b"\n"
    assert len([line for line in said if "is damaged" in line]) == 1


async def test_a_last_line_that_lacks_only_its_end_counts(
    journal: Journal, sink: MemorySink, directory: Path
) -> None:
    leave_an_orphan(directory, lines(entry := an_entry())[:-1])
    consumer = JournalConsumer(journal, [sink])
    consumer.adopt()
    assert await consumer.consume_once()
    assert sink.entries == [entry.id]


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
    journal: Journal, sink: MemorySink, directory: Path, damage: bytes
) -> None:
    before, after = an_entry(), an_entry()
    path = leave_an_orphan(directory, lines(before) + damage + lines(after))
    consumer = JournalConsumer(journal, [sink])
    consumer.adopt()
    assert await consumer.consume_once()
    assert sink.entries == [before.id, after.id]
    assert not path.exists()
    aside = path.with_suffix(".damaged").read_bytes()
    assert aside.replace(b"\n", b"") == damage.replace(b"\n", b"")


async def test_a_damaged_line_is_put_aside_once(
    journal: Journal, sink: MemorySink, directory: Path
) -> None:
    path = leave_an_orphan(directory, b"?\n" + lines(an_entry()) + b"!\n")
    failures = iter([sink.error, sink.error])

    def fail_twice() -> None:
        for error in failures:
            raise error

    sink.meanwhile = fail_twice
    consumer = JournalConsumer(journal, [sink])
    consumer.adopt()
    assert not await consumer.consume_once()
    assert not await consumer.consume_once()
    assert await consumer.consume_once()
    assert path.with_suffix(".damaged").read_bytes() == b"?\n!\n"
    assert len(sink.entries) == 1


async def test_a_journal_that_somebody_cut_is_said_and_replaced(
    journal: Journal, sink: MemorySink, directory: Path, said: list[str]
) -> None:
    assert journal.file is not None
    append(journal, 3)
    journal.file.path.write_bytes(b"")
    # While they are in memory nothing is lost.
    journal.file.forget_before(journal.file.size)
    consumer = JournalConsumer(journal, [sink])
    assert await consumer.consume_once()
    assert "it was cut; what it held from byte 0 on is lost" in said[0]
    assert journal.pending == 0
    await journal.keep()
    ids = append(journal, 1)
    assert await consumer.consume_once()
    assert sink.entries == ids


async def test_a_cut_loses_nothing_that_is_still_in_memory(
    journal: Journal, sink: MemorySink, said: list[str]
) -> None:
    file = journal.file
    assert file is not None
    ids = append(journal, 3)
    file.path.write_bytes(b"")
    consumer = JournalConsumer(journal, [sink])
    assert await consumer.consume_once()
    assert (sink.entries, said) == (ids, [])
    await journal.keep()
    assert journal.file is not file
    ids += append(journal, 1)
    assert await consumer.consume_once()
    assert sink.entries == ids


async def test_it_runs_by_itself_and_closing_takes_the_rest(
    journal: Journal, sink: MemorySink, directory: Path
) -> None:
    orphan = leave_an_orphan(directory, lines(an_entry()))
    consumer = JournalConsumer(journal, [sink])
    consumer.start()
    ids = append(journal, 3)
    await sink.arrived.wait()
    ids += append(journal, 2)
    await consumer.close(timeout=30)
    assert [entry for entry in sink.entries if entry in ids] == ids
    assert len(sink.entries) == 6
    assert not orphan.exists()
    assert list(directory.iterdir()) == []


async def test_closing_does_not_wait_for_the_next_round(
    journal: Journal, sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor for a batch, which nothing fills any more."""
    monkeypatch.setattr(consumer_module, "_CONSUME_EVERY_S", 3600.0)
    consumer = JournalConsumer(journal, [sink])
    consumer.start()
    while not journal.some._waiters:
        await asyncio.sleep(0)
    journal.append(an_entry())
    while not journal.batch_ready._waiters:
        await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await consumer.close(timeout=3600)
    assert len(sink.entries) == 1


async def test_closing_does_not_wait_for_something_to_be_written(
    journal: Journal, sink: MemorySink
) -> None:
    consumer = JournalConsumer(journal, [sink])
    consumer.start()
    while not journal.some._waiters:
        await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await consumer.close(timeout=3600)
    assert sink.entries == []


async def test_a_reader_need_not_wait_for_the_next_round(
    journal: Journal, sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "_CONSUME_EVERY_S", 3600)
    other = MemorySink("other")
    journal.batch = 2
    consumer = JournalConsumer(journal, [sink, other])
    consumer.start()
    await consumer.catch_up(timeout=3600)
    ids: list[str] = []
    for count in (1, 5, 1):
        ids += append(journal, count)
        await consumer.catch_up(timeout=3600)
        assert sink.entries == other.entries == ids
    await consumer.close(timeout=30)


async def test_a_reader_does_not_wait_for_a_sink_that_is_away(
    journal: Journal, sink: MemorySink
) -> None:
    consumer = JournalConsumer(journal, [sink])
    sink.away = 10**9
    consumer.start()
    append(journal, 1)
    await consumer.catch_up(timeout=0.02)
    assert journal.pending == 1
    sink.away = 0
    await consumer.close(timeout=30)


async def test_closing_waits_for_the_database(
    journal: Journal, sink: MemorySink, directory: Path
) -> None:
    """A platform's disk forgets: the entries are worth the seconds that are left."""
    consumer = JournalConsumer(journal, [sink])
    consumer.start()
    sink.away = 3
    ids = append(journal, 3)
    await consumer.close(timeout=30)
    assert sink.entries == ids
    assert list(directory.iterdir()) == []


async def test_what_is_left_at_the_deadline_is_taken_after_the_next_start(
    journal: Journal, sink: MemorySink, directory: Path, said: list[str]
) -> None:
    consumer = JournalConsumer(journal, [sink])
    consumer.start()
    sink.away = 10**9
    ids = append(journal, 3)
    await consumer.close(timeout=0)
    assert any("3 entries wait" in line for line in said)

    sink.away = 0
    next_start = JournalConsumer(Journal(directory), [sink])
    next_start.start()
    await sink.arrived.wait()
    await next_start.close(timeout=30)
    assert sink.entries == ids
    assert list(directory.iterdir()) == []


async def test_the_last_worker_takes_what_the_others_left(
    journal: Journal, sink: MemorySink, directory: Path
) -> None:
    neighbour = Journal(directory)
    ids = append(neighbour, 2)
    await neighbour.close()
    await JournalConsumer(journal, [sink]).close(timeout=30)
    assert sink.entries == ids
    assert list(directory.iterdir()) == []


async def test_what_was_kept_in_memory_is_delivered_when_closing(
    sink: MemorySink, directory: Path
) -> None:
    directory.write_bytes(b"")
    journal = Journal(directory)
    ids = append(journal, 2)
    directory.unlink()
    await JournalConsumer(journal, [sink]).close(timeout=30)
    assert sink.entries == ids
    assert list(directory.iterdir()) == []


# With real databases.


async def in_the_database() -> list[str]:
    """The request log's ids; the counters have to agree with it."""
    logged = [str(row.id) for row in await RequestLog.all().order_by("id")]
    assert sum(hour.requests for hour in await UsageHour.all()) == len(logged)
    return logged


async def test_kill_9_and_the_next_worker(connected: Database, directory: Path) -> None:
    acknowledged = kill_a_writer(directory, after=300)
    consumer = JournalConsumer(Journal(directory), [DatabaseSink()])
    consumer.adopt()
    assert await consumer.consume_once()
    logged = await in_the_database()
    assert set(acknowledged) <= set(logged)
    assert len(logged) <= len(acknowledged) + 1
    assert len(list(directory.glob("*.journal"))) == 1


async def test_a_consumer_that_dies_between_a_batch_and_its_answer(
    connected: Database, directory: Path
) -> None:
    entries = [an_entry() for _ in range(7)]
    path = leave_an_orphan(directory, lines(*entries))
    assert await apply_batch(path.stem, 0, end := len(lines(*entries[:4])), entries[:4]) == end
    consumer = JournalConsumer(Journal(directory, batch=5), [DatabaseSink()])
    consumer.adopt()
    assert await consumer.consume_once()
    assert await in_the_database() == sorted(entry.id for entry in entries)


async def test_two_consumers_of_the_same_journal(connected: Database, directory: Path) -> None:
    """A lock that does not hold (some network disks) must not double anything."""
    content = lines(*(entries := [an_entry() for _ in range(40)]))
    first = leave_an_orphan(directory, content)
    consumers = [
        JournalConsumer(Journal(directory, batch=3), [DatabaseSink()]),
        JournalConsumer(Journal(directory / "other", batch=5), [DatabaseSink()]),
    ]
    (directory / "other" / first.name).write_bytes(content)
    for consumer in consumers:
        consumer.adopt()
    assert all(await asyncio.gather(*(consumer.consume_once() for consumer in consumers)))
    assert await in_the_database() == sorted(entry.id for entry in entries)


async def test_postgres_stops_and_starts_again(directory: Path) -> None:
    with running_postgres() as server:
        database = replace(parse_database_url(server.url), sslmode="disable")
        await schema.upgrade(database)
        generation.configure(None)
        await connecting.connect(database)
        try:
            journal = Journal(directory)
            consumer = JournalConsumer(journal, [DatabaseSink()])
            ids = append(journal, 5)
            assert await consumer.consume_once()
            server.stop()
            ids += append(journal, 5)
            assert not await consumer.consume_once()
            ids += append(journal, 5)
            assert not await consumer.consume_once()
            assert journal.pending == 10
            server.start()
            # A connection that was cut may be noticed only now.
            while not await consumer.consume_once():
                pass
            assert await in_the_database() == sorted(ids)
            await consumer.close(timeout=30)
        finally:
            await connecting.disconnect()
    assert list(directory.iterdir()) == []


async def test_a_database_that_falls_silent_is_not_waited_for_to_the_end(
    journal: Journal, said: list[str]
) -> None:
    asked = asyncio.Event()

    class Silent(MemorySink):
        async def deliver(self, *_: object) -> int:
            asked.set()
            return await asyncio.Future()

    consumer = JournalConsumer(journal, [Silent()])
    consumer.start()
    append(journal, 1)
    async with asyncio.timeout(60):
        await consumer.close(timeout=3600, is_silent=asked.is_set)
    assert any("1 entries wait in the journal" in line for line in said)
