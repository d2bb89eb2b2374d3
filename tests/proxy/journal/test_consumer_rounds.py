"""When the consumer looks, at what, and what one file or sink in trouble means for the others."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from loguru import logger

from models.entry import Entry
from models.errors import DatabaseBlocked
from proxy.journal import files, writer
from proxy.journal.consumer import JournalConsumer
from proxy.journal.feed import Feed
from proxy.journal.writer import BATCH, Journal
from tests.models.rows import an_entry
from tests.proxy.journal.orphans import append, leave_an_orphan, lines
from tests.proxy.journal.sinks import MemorySink


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What goes to the log."""
    told: list[str] = []
    handler = logger.add(lambda line: told.append(str(line)), format="{message}", level="INFO")
    yield told
    logger.remove(handler)


async def delivered(sink: MemorySink, count: int) -> None:
    while len(sink.entries) < count:
        await asyncio.sleep(0.001)


def often(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    """What is not named never comes by itself."""
    rare = {"CONSUME_EVERY": 3600.0, "KEEP_EVERY": 3600.0, "ADOPT_EVERY": 3600.0}
    for name, each in (rare | seconds).items():
        monkeypatch.setattr(f"proxy.journal.consumer._{name}_S", each)


async def test_dead_workers_are_looked_for_at_the_start_and_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    often(monkeypatch, ADOPT_EVERY=0.01, CONSUME_EVERY=0.01)
    sink = MemorySink()
    leave_an_orphan(tmp_path, lines(an_entry()))
    consumer = JournalConsumer(Journal(tmp_path), [sink])
    consumer.start()
    await delivered(sink, 1)
    leave_an_orphan(tmp_path, lines(an_entry()))
    await delivered(sink, 2)
    await consumer.close(timeout=30)


async def test_what_a_dead_worker_left_does_not_wait_for_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    often(monkeypatch, CONSUME_EVERY=0.01)
    sink = MemorySink()
    leave_an_orphan(tmp_path, lines(an_entry()))
    consumer = JournalConsumer(Journal(tmp_path), [sink])
    consumer.start()
    await delivered(sink, 1)
    await consumer.close(timeout=30)


async def test_a_disk_that_takes_entries_again_is_found_without_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    often(monkeypatch, KEEP_EVERY=0.01, CONSUME_EVERY=0.01)
    directory, sink = tmp_path / "journal", MemorySink()
    directory.write_bytes(b"")
    journal = Journal(directory)
    consumer = JournalConsumer(journal, [sink])
    consumer.start()
    append(journal, 2)
    directory.unlink()
    await delivered(sink, 2)
    await consumer.close(timeout=30)


async def test_a_whole_batch_is_delivered_at_once_and_less_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    often(monkeypatch)
    journal, sink = Journal(tmp_path), MemorySink()
    consumer = JournalConsumer(journal, [sink])
    consumer.start()
    for _ in range(10):
        await asyncio.sleep(0)
    append(journal, BATCH)
    await delivered(sink, BATCH)
    append(journal, 1)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(sink.entries) == BATCH
    # Closing wakes it as well.
    await consumer.close(timeout=5)
    assert len(sink.entries) == BATCH + 1


async def test_a_journal_of_which_all_was_taken_is_not_looked_at_until_more_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    often(monkeypatch, CONSUME_EVERY=0.0)
    journal, sinks = Journal(tmp_path), [MemorySink("database"), MemorySink("limits")]
    consumer = JournalConsumer(journal, sinks)
    rounds, round_ = [], consumer._round

    async def counted(feed: Feed) -> bool:
        rounds.append(feed.name)
        return await round_(feed)

    monkeypatch.setattr(consumer, "_round", counted)
    consumer.start()
    for number in range(1, 4):
        for _ in range(50):
            await asyncio.sleep(0)
        so_far = len(rounds)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(rounds) == so_far
        append(journal, 1)
        for sink in sinks:
            await delivered(sink, number)
    await consumer.close(timeout=5)


async def test_a_sink_that_comes_back_after_long_is_found_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    often(monkeypatch, RETRY_FIRST=0.001, RETRY_MOST=0.002)
    journal, sink = Journal(tmp_path), MemorySink()
    sink.away = 25
    append(journal, 1)
    consumer = JournalConsumer(journal, [sink])
    consumer.start()
    async with asyncio.timeout(30):
        await delivered(sink, 1)
    await consumer.close(timeout=30)


async def test_a_long_backlog_does_not_hold_up_the_present(tmp_path: Path) -> None:
    journal, sink = Journal(tmp_path), MemorySink()
    old = [an_entry() for _ in range(20)]
    leave_an_orphan(tmp_path, lines(*old))
    journal.batch = 2
    consumer = JournalConsumer(journal, [sink])
    consumer.adopt()
    ids = append(journal, 10)
    assert await consumer.consume_once()
    assert sink.entries.index(ids[-1]) < sink.entries.index(old[-1].id) - 5
    assert len(sink.entries) == 30


async def test_no_more_files_are_adopted_than_there_are_descriptors_for(tmp_path: Path) -> None:
    sink = MemorySink()
    orphans = [leave_an_orphan(tmp_path, lines(an_entry())) for _ in range(40)]
    consumer = JournalConsumer(Journal(tmp_path), [sink])
    consumer.adopt()
    left = [file for file in map(files.adopt, orphans) if file is not None]
    assert len(left) == 8
    for file in left:
        file.release()
    assert await consumer.consume_once()
    consumer.adopt()
    assert await consumer.consume_once()
    assert len(sink.entries) == 40


async def test_a_file_that_cannot_be_opened_is_said_once_and_stops_no_other(
    tmp_path: Path, said: list[str]
) -> None:
    (tmp_path / "0.journal").mkdir()
    sink = MemorySink()
    leave_an_orphan(tmp_path, lines(an_entry()))
    consumer = JournalConsumer(Journal(tmp_path), [sink])
    for _ in range(3):
        consumer.adopt()
        assert await consumer.consume_once()
    assert len(sink.entries) == 1
    assert len([line for line in said if "0.journal cannot be consumed" in line]) == 1


async def test_a_line_that_cannot_be_put_aside_stops_nothing(
    tmp_path: Path, said: list[str]
) -> None:
    sink = MemorySink()
    path = leave_an_orphan(tmp_path, lines(an_entry()) + b"?\n" + lines(an_entry()))
    path.with_suffix(".damaged").mkdir()
    consumer = JournalConsumer(Journal(tmp_path), [sink])
    consumer.adopt()
    assert await consumer.consume_once()
    assert len(sink.entries) == 2
    assert "put aside in nowhere" in said[0]


async def test_a_sink_that_is_away_is_not_asked_without_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    often(monkeypatch, CONSUME_EVERY=0.0, RETRY_FIRST=3600.0)
    journal, sink, asked = Journal(tmp_path), MemorySink(), []
    sink.away = 10**9
    sink.meanwhile = lambda: asked.append(1)
    append(journal, 1)
    consumer = JournalConsumer(journal, [sink])
    consumer.start()
    for _ in range(200):
        await asyncio.sleep(0)
    assert len(asked) == 1
    await consumer.close(timeout=0)


async def test_what_closing_could_not_deliver_is_said_and_there_for_others(
    tmp_path: Path, said: list[str]
) -> None:
    sink = MemorySink()
    sink.away = 10**9
    path = leave_an_orphan(tmp_path, lines(an_entry()))
    journal = Journal(tmp_path)
    append(journal, 2)
    consumer = JournalConsumer(journal, [sink])
    consumer.adopt()
    await consumer.close(timeout=0)
    assert "2 entries wait in the journal" in said[-1]
    file = files.adopt(path)
    assert file is not None
    file.release()


async def test_what_waits_is_told_with_its_age_until_it_is_delivered(tmp_path: Path) -> None:
    """By files: one that waits for one sink, whatever the others have."""
    present, away = MemorySink(), MemorySink("archive")
    away.away, away.error = 2, DatabaseBlocked("a lock")
    journal = Journal(tmp_path)
    leave_an_orphan(tmp_path, lines(an_entry(at_us=1_000_000_000)))
    consumer = JournalConsumer(journal, [present, away])
    assert (consumer.oldest_entry_seconds, consumer.blocked) == (0, False)
    append(journal, 1)
    assert not await consumer.consume_once()
    assert waits(consumer)
    consumer.adopt()
    away.error = OSError("connection refused")
    away.away = 0
    away.meanwhile = lambda: setattr(away, "away", 1)
    assert not await consumer.consume_once()
    assert not waits(consumer)
    away.meanwhile = lambda: None
    away.away = 0
    assert await consumer.consume_once()
    assert consumer.oldest_entry_seconds == 0
    assert sorted(away.entries) == sorted(present.entries)


def waits(consumer: JournalConsumer) -> bool:
    """Whether a batch waits for a lock; something waits in any case."""
    assert consumer.oldest_entry_seconds > 0
    return consumer.blocked


async def test_a_dead_workers_entries_have_an_age_before_its_position_is_known(
    tmp_path: Path,
) -> None:
    sink = MemorySink()
    leave_an_orphan(tmp_path, lines(an_entry(at_us=1_000_000_000)))
    sink.away = 1
    consumer = JournalConsumer(Journal(tmp_path), [sink])
    consumer.adopt()
    assert not await consumer.consume_once()
    assert consumer.oldest_entry_seconds > 10**9
    assert await consumer.consume_once()
    assert consumer.oldest_entry_seconds == 0


async def test_a_file_that_was_given_up_is_waited_for_no_more_and_free_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = MemorySink()
    path = leave_an_orphan(tmp_path, lines(an_entry()))
    sink.away = 1
    consumer = JournalConsumer(Journal(tmp_path), [sink])
    consumer.adopt()
    assert not await consumer.consume_once()
    assert consumer.oldest_entry_seconds > 0

    def unreadable(*_: object, **__: object) -> files.Batch:
        raise OSError("input/output error")

    with monkeypatch.context() as broken:
        for place in ("consumer", "feed"):
            broken.setattr(f"proxy.journal.{place}.read_batch", unreadable)
        await consumer.consume_once()
    assert consumer.oldest_entry_seconds == 0
    file = files.adopt(path)
    assert file is not None
    file.release()
    consumer.adopt()
    assert await consumer.consume_once()
    assert len(sink.entries) == 1


async def test_a_journal_of_our_own_that_cannot_be_read_is_read_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    """The consumer lives on: what stands in the file is on the disk."""
    journal, sink = Journal(tmp_path), MemorySink()
    ids = append(journal, 2)
    consumer = JournalConsumer(journal, [sink])

    def unreadable(*_: object, **__: object) -> files.Batch:
        raise OSError("input/output error")

    with monkeypatch.context() as broken:
        broken.setattr("proxy.journal.consumer.read_batch", unreadable)
        assert not await consumer.consume_once()
    assert "input/output error" in said[-1]
    assert await consumer.consume_once()
    assert sink.entries == ids


class Held(MemorySink):
    """Waits for `until` in its delivery number `at`, and says before that it has come so far."""

    def __init__(self, name: str, at: int, until: asyncio.Event) -> None:
        super().__init__(name)
        self.came = asyncio.Event()
        self._at, self._until = at, until

    async def deliver(self, journal_id: str, start: int, end: int, entries: Sequence[Entry]) -> int:
        if len(self.batches) == self._at:
            self.came.set()
            await self._until.wait()
        return await super().deliver(journal_id, start, end, entries)


async def test_a_file_that_another_sink_saw_removed_meanwhile_is_no_trouble(
    tmp_path: Path, said: list[str]
) -> None:
    """One sink is held up in the first file after it has passed the second one."""
    for _ in range(2):
        leave_an_orphan(tmp_path, b"")
    first, second = sorted(tmp_path.glob("*" + files.SUFFIX))
    first.write_bytes(lines(*(an_entry() for _ in range(3))))
    second.write_bytes(lines(an_entry()))
    go_on = asyncio.Event()
    held = Held("database", 2, go_on)
    other = Held("memory", 1, held.came)
    consumer = JournalConsumer(Journal(tmp_path, batch=1), [held, other])
    consumer.adopt()
    round_ = asyncio.create_task(consumer.consume_once())
    while second.exists():
        await asyncio.sleep(0)
    go_on.set()
    assert await round_
    assert (len(held.entries), len(other.entries)) == (4, 4)
    assert not first.exists()
    assert said == []
    await consumer.close(timeout=30)


async def test_a_large_file_gives_way_though_requests_never_pause(tmp_path: Path) -> None:
    """In no moment have both sinks taken all; each entry arrives once."""
    journal = Journal(tmp_path, rotate_bytes=8 * 1024)
    sinks = [MemorySink("database"), MemorySink("limits")]
    journal.batch = 16
    consumer = JournalConsumer(journal, sinks)
    ids = append(journal, 16)
    for sink in sinks:
        sink.meanwhile = lambda: ids.extend(append(journal, 1))
    used = set()
    for _ in range(60):
        ids += append(journal, 3)
        await consumer.consume_once()
        assert journal.file is not None
        assert not journal.file.consumed
        taken = set(sinks[0].entries).intersection(sinks[1].entries)
        assert journal.pending == len(ids) - len(taken)
        await journal.keep()
        used.add(journal.file.id)
        assert journal.file.size < 16 * 1024
        assert len(list(tmp_path.iterdir())) <= 2
    assert len(used) > 3
    for sink in sinks:
        sink.meanwhile = lambda: None
    await consumer.close(timeout=10)
    for sink in sinks:
        assert sorted(sink.entries) == sorted(ids)
    assert journal.pending == 0
    assert list(tmp_path.iterdir()) == []


async def test_a_large_file_that_a_sink_is_far_behind_in_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else there was one more for each while a database is away."""
    monkeypatch.setattr(writer, "_BEHIND_MAX_BYTES", 4 * 1024)
    journal = Journal(tmp_path, rotate_bytes=1024)
    journal.batch = 10
    consumer = JournalConsumer(journal, [sink := MemorySink()])
    first = journal.file
    ids = append(journal, 30)
    await journal.keep()
    assert journal.file is first
    assert await consumer.consume_once()
    ids += append(journal, 5)
    await journal.keep()
    assert journal.file is not first
    # Who reads waits for what is in the one that was left, too.
    asked = asyncio.create_task(consumer.catch_up(timeout=10))
    await asyncio.sleep(0)
    assert not asked.done()
    ids += append(journal, 5)
    assert await consumer.consume_once()
    await asked
    assert sorted(sink.entries) == sorted(ids)
    assert journal.pending == 0
    await consumer.close(timeout=10)
