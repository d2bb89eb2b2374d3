"""One sink's way through journals: where it is in each, how old what waits is, what is said."""

from collections.abc import Iterator
from pathlib import Path
from time import time

import pytest
from loguru import logger

from models.entry import Entry
from models.errors import DatabaseBlocked, DatabaseReadOnly, DatabaseUnavailable
from proxy.journal import files
from proxy.journal.feed import Feed, SinkFailed
from proxy.journal.files import JournalFile, read_batch
from tests.models.rows import an_entry
from tests.proxy.journal.orphans import leave_an_orphan, lines
from tests.proxy.journal.sinks import MemorySink

AWAY = ConnectionRefusedError("connection refused")


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What goes to the log."""
    told: list[str] = []
    handler = logger.add(lambda line: told.append(str(line)), format="{message}", level="INFO")
    yield told
    logger.remove(handler)


def a_file(directory: Path, *entries: Entry) -> JournalFile:
    """What a dead worker left."""
    file = files.adopt(leave_an_orphan(directory, lines(*entries)))
    assert file is not None
    return file


def ended(seconds_ago: float) -> Entry:
    """An entry of a request that took a minute and ended so long ago."""
    minute = 60_000_000
    return an_entry(at_us=int((time() - seconds_ago) * 1e6) - minute, duration_us=minute)


async def test_the_oldest_entry_of_all_files_is_what_has_an_age(tmp_path: Path) -> None:
    sink = MemorySink()
    feed = Feed(sink)
    assert feed.oldest_entry_seconds == 0
    young, old = a_file(tmp_path, ended(100)), a_file(tmp_path, ended(1000), ended(10))
    future = a_file(tmp_path, ended(-1000))
    for file in (young, old, future):
        sink.away = 1
        with pytest.raises(SinkFailed) as failed:
            await feed.ask_position(file)
        assert failed.value.__cause__ is sink.error
    # From the end of its request on: until then there is no entry.
    assert 1000 <= feed.oldest_entry_seconds < 1050
    assert await feed.ask_position(old) == 0
    # Nothing of it is known to wait until it is tried again.
    assert 100 <= feed.oldest_entry_seconds < 150
    sink.away = 1
    with pytest.raises(SinkFailed):
        await feed.deliver(old, read_batch(old, 0, limit=9))
    assert 1000 <= feed.oldest_entry_seconds < 1050
    await feed.deliver(old, read_batch(old, 0, limit=9))
    assert 100 <= feed.oldest_entry_seconds < 150
    feed.forget(young)
    assert feed.oldest_entry_seconds == 0


async def test_a_sink_is_where_it_says_it_is(tmp_path: Path) -> None:
    sink = MemorySink()
    feed = Feed(sink)
    file = a_file(tmp_path, an_entry(), an_entry())
    sink.positions[file.id] = first = read_batch(file, 0, limit=1).end
    assert feed.position(file) is None
    assert not feed.has_passed(file)
    assert await feed.ask_position(file) == feed.position(file) == first
    assert not feed.has_passed(file)
    # Another worker's delivery came between: the sink takes nothing, and says where it is.
    assert await feed.deliver(file, read_batch(file, 0, limit=1)) == first
    assert await feed.deliver(file, read_batch(file, first, limit=9)) == file.size
    assert feed.has_passed(file)
    assert len(sink.entries) == 1


def test_in_a_file_of_our_own_every_sink_begins_at_its_beginning(tmp_path: Path) -> None:
    file = files.create(tmp_path)
    assert Feed(MemorySink()).position(file) == 0
    assert Feed(MemorySink()).has_passed(file)


@pytest.mark.parametrize(
    ("error", "words", "is_blocked"),
    [
        (DatabaseReadOnly("a replica"), "is read-only; entries wait in the journal", False),
        (DatabaseBlocked("a lock"), "are blocked by a lock; entries wait in the journal", True),
        (DatabaseUnavailable("refused"), "is away; entries wait in the journal", False),
        (AWAY, "cannot be delivered to the database yet", False),
    ],
)
def test_trouble_is_said_once_and_so_is_its_end(
    said: list[str], error: Exception, words: str, *, is_blocked: bool
) -> None:
    feed = Feed(MemorySink())
    feed.succeeded()
    for _ in range(3):
        feed.failed(error)
        assert feed.blocked is is_blocked
    feed.failed(AWAY)
    assert not feed.blocked
    feed.failed(DatabaseBlocked("a lock"))
    for _ in range(2):
        feed.succeeded()
        assert not feed.blocked
    feed.failed(AWAY)
    assert [words in line for line in said] == [True, False, words.startswith("cannot")]
    assert "takes entries again" in said[1]
