"""What the journal asks of the disk, and what it does when the disk says no at a bad moment."""

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from models.entry import Entry, encode
from proxy.journal import files
from proxy.journal.consumer import JournalConsumer
from proxy.journal.writer import Journal
from tests.models.rows import an_entry
from tests.proxy.journal.orphans import append
from tests.proxy.journal.sinks import MemorySink
from tests.proxy.journal.test_writer import looks, written


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What goes to the log, with its level."""
    lines: list[str] = []
    handler = logger.add(lambda line: lines.append(str(line)), format="{level} {message}")
    yield lines
    logger.remove(handler)


class Disk:
    """What was synced, by which thread, and what is to happen meanwhile."""

    def __init__(self) -> None:
        self.synced: list[str] = []
        self.threads: set[int] = set()
        self.failures = 0
        self.meanwhile: list[Entry] = []

    def fsync(self, fd: int) -> None:
        self.threads.add(threading.get_ident())
        if self.failures:
            self.failures -= 1
            raise OSError("input/output error")
        self.synced.append(Path(f"/proc/self/fd/{fd}").readlink().suffix or "directory")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()
    monkeypatch.setattr(os, "fsync", made.fsync)
    return made


async def test_what_was_written_is_synced_once_and_beside_the_loop(
    directory: Path, disk: Disk
) -> None:
    journal = Journal(directory)
    journal.append(an_entry())
    await journal.keep()
    assert disk.synced == [".journal", "directory"]
    await journal.keep()
    journal.append(an_entry())
    await journal.keep()
    assert disk.synced == [".journal", "directory", ".journal"]
    assert threading.get_ident() not in disk.threads


async def test_closing_syncs_what_is_left(directory: Path, disk: Disk) -> None:
    journal = Journal(directory)
    journal.append(an_entry())
    await journal.close()
    assert disk.synced == [".journal", "directory"]


async def test_a_sync_that_failed_is_made_up_for_and_each_time_of_trouble_is_said(
    directory: Path, disk: Disk, said: list[str]
) -> None:
    journal = Journal(directory)
    journal.append(an_entry())
    for times in (1, 2):
        disk.failures = 2
        await journal.keep()
        await journal.keep()
        await journal.keep()
        assert disk.synced.count(".journal") == times
        assert len([line for line in said if "cannot be synced" in line]) == times
        journal.append(an_entry())


async def test_what_is_written_during_a_sync_is_synced_by_the_next(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, loop = Journal(directory), asyncio.get_running_loop()
    syncs = 0

    async def write() -> None:
        journal.append(an_entry())
        await asyncio.sleep(0)

    def fsync(fd: int) -> None:
        nonlocal syncs
        syncs += 1
        if syncs == 1:
            asyncio.run_coroutine_threadsafe(write(), loop).result()

    monkeypatch.setattr(os, "fsync", fsync)
    journal.append(an_entry())
    await journal.sync()
    before = syncs
    await journal.sync()
    assert syncs == before + 1
    await journal.sync()
    assert syncs == before + 1


async def test_entries_keep_their_order_while_what_was_kept_is_written(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests go on between two writes, each of which is short."""
    directory.write_bytes(b"")
    journal = Journal(directory)
    ids = append(journal, 1200)
    directory.unlink()
    writes: list[int] = []
    write = os.write

    def counted(fd: int, data: bytes) -> int:
        writes.append(data.count(b"\n"))
        return write(fd, data)

    monkeypatch.setattr(os, "write", counted)
    restoring = asyncio.create_task(journal.keep())
    while not writes:
        await asyncio.sleep(0)
    assert looks(journal) == ("degraded", True)
    ids += append(journal, 1)
    await restoring
    await journal.keep()
    assert [entry.id for entry in written(directory)] == ids
    assert max(writes) <= 500
    assert looks(journal) == ("ok", True)


@pytest.mark.parametrize("longer", [0, 14_000])
async def test_what_an_entry_costs_in_memory_is_more_than_its_text(
    directory: Path, longer: int
) -> None:
    directory.write_bytes(b"")
    entry = an_entry(model="m" * (1 + longer))
    line = len(encode(entry)) + 1
    journal = Journal(directory, kept_max_bytes=20 * line)
    while journal.can_keep:
        journal.append(entry)
    assert journal.state == "full"
    # An object and its place in a queue, some fifty bytes.
    assert (journal.kept < 20) is (not longer)


async def test_entries_in_memory_are_pending_when_the_file_is_consumed(directory: Path) -> None:
    journal, sink = Journal(directory), MemorySink()
    append(journal, 2)
    await journal.keep()
    assert journal.file is not None
    with journal.file.path.open("rb") as read_only:
        os.dup2(read_only.fileno(), journal.file.fd)
    append(journal, 1)
    await journal.keep()
    assert await JournalConsumer(journal, [sink]).consume_once()
    assert len(sink.entries) == 2
    assert (journal.pending, journal.kept) == (1, 1)


async def test_a_file_that_cannot_be_replaced_serves_on(
    directory: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    journal, sink = Journal(directory, rotate_bytes=1), MemorySink()
    consumer = JournalConsumer(journal, [sink])
    ids = append(journal, 1)
    assert await consumer.consume_once()

    def no_room(_: Path) -> files.JournalFile:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files, "create", no_room)
        await journal.keep()
    assert "cannot be rotated" in said[-1]
    ids += append(journal, 1)
    await journal.keep()
    assert [entry.id for entry in written(directory)] == ids
    assert await consumer.consume_once()
    assert sink.entries == ids


async def test_a_consumed_file_that_somebody_cut_is_replaced(directory: Path) -> None:
    """What came next would stand before the position, and be taken for delivered."""
    journal, sink = Journal(directory), MemorySink()
    consumer = JournalConsumer(journal, [sink])
    ids = append(journal, 3)
    assert await consumer.consume_once()
    assert journal.file is not None
    journal.file.path.write_bytes(b"")
    await journal.keep()
    ids += append(journal, 1)
    assert await consumer.consume_once()
    assert sink.entries == ids


async def test_a_loss_is_critical(directory: Path, said: list[str]) -> None:
    directory.write_bytes(b"")
    journal = Journal(directory)
    journal.append(an_entry())
    await journal.close()
    assert said[-1].startswith("CRITICAL 1 entries are lost")


def test_a_file_is_gone_before_its_lock_is(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can adopt it in between."""
    file = files.create(directory)
    there: list[bool] = []
    close = os.close

    def closed(fd: int) -> None:
        there.append(file.path.exists())
        close(fd)

    with monkeypatch.context() as patched:
        patched.setattr(os, "close", closed)
        file.remove()
    assert there == [False]
