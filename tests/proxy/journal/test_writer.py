"""The journal: what was appended is on disk, whoever dies and whatever the disk says."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from models.entry import LINE_MAX_BYTES, Entry, decode, encode
from proxy.journal import files
from proxy.journal.writer import BATCH, Journal
from tests.models.rows import an_entry

ROOT = Path(__file__).parents[3]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What goes to the log."""
    lines: list[str] = []
    handler = logger.add(lambda message: lines.append(str(message)), format="{message}")
    yield lines
    logger.remove(handler)


def written(directory: Path) -> list[Entry]:
    """The entries in all the files, oldest file first."""
    return [
        decode(line)
        for path in sorted(directory.glob("*.journal"))
        for line in path.read_bytes().splitlines()
    ]


def kill_a_writer(directory: Path, *, after: int) -> list[str]:
    """Run a worker that does nothing but append; the entries it acknowledged until SIGKILL."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.proxy.journal.process", "write", directory],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline() for _ in range(after)]
        writer.kill()
        acknowledged += writer.stdout.readlines()
    return [line.strip().decode() for line in acknowledged if line.endswith(b"\n")]


def test_an_entry_is_on_disk_when_append_returns(directory: Path) -> None:
    journal = Journal(directory)
    entries = [an_entry(), an_entry(model="two\nlines")]
    for entry in entries:
        journal.append(entry)
        assert written(directory)[-1] == entry
    assert written(directory) == entries
    assert journal.pending == 2
    assert journal.state == "ok"


def test_its_files_are_ours_alone(directory: Path) -> None:
    Journal(directory)
    (path,) = directory.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700


def test_two_workers_write_two_files(directory: Path) -> None:
    one, two = Journal(directory), Journal(directory)
    one.append(an_entry())
    two.append(an_entry())
    assert len(list(directory.iterdir())) == 2


def test_a_living_journal_cannot_be_adopted(directory: Path) -> None:
    journal = Journal(directory)
    assert journal.file is not None
    assert files.adopt(journal.file.path) is None


def test_a_file_that_was_removed_while_it_was_locked_is_not_adopted(directory: Path) -> None:
    """Two workers open an orphan; the first consumes and deletes it, then the second locks it."""
    orphan = files.create(directory)
    second = os.open(orphan.path, os.O_RDWR)
    orphan.remove()
    assert not files._lock(second)
    os.close(second)


def test_every_acknowledged_entry_survives_kill_9(directory: Path) -> None:
    acknowledged = kill_a_writer(directory, after=300)
    assert len(acknowledged) >= 300
    entries = [entry.id for entry in written(directory)]
    # One more may have been written than acknowledged; the order is the same.
    assert entries[: len(acknowledged)] == acknowledged
    assert len(entries) <= len(acknowledged) + 1


def test_a_whole_batch_wakes_the_consumer(directory: Path) -> None:
    journal = Journal(directory)
    for _ in range(BATCH - 1):
        journal.append(an_entry())
    assert not journal.batch_ready.is_set()
    journal.append(an_entry())
    assert journal.batch_ready.is_set()
    journal.rearm()
    journal.append(an_entry())
    assert not journal.batch_ready.is_set(), "woken by entries that wait for a sink that is away"


def test_a_very_long_name_does_not_make_a_very_long_line(directory: Path) -> None:
    journal = Journal(directory)
    journal.append(an_entry(model="\x01" * 1_000_000))
    (path,) = directory.iterdir()
    assert path.stat().st_size < LINE_MAX_BYTES
    assert written(directory)[0].model == "\x01" * 200


def test_a_disk_that_fills_up_loses_and_doubles_nothing(directory: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.proxy.journal.process", "fill", directory],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    report = json.loads(run.stdout)
    full = report["full"]
    line = len(encode(an_entry())) + 1
    assert full["state"] == full["state_after_trying"] == "degraded"
    # Whole lines only: what a short write left was taken back.
    assert full["kept"] == 10 - 1_000 // line
    assert full["disk"].endswith("\n")
    assert len(full["disk"]) == 1_000 // line * line
    assert report["state"] == "ok"
    assert report["pending"] == 11
    on_disk = [str(decode(row.encode()).id) for row in report["disk"].splitlines()]
    assert on_disk == report["appended"]


def looks(journal: Journal) -> tuple[str, bool]:
    return journal.state, journal.can_keep


@pytest.fixture
def unusable(directory: Path) -> Path:
    """A file stands where the directory should be, so that the disk refuses everything."""
    directory.write_bytes(b"")
    return directory


async def test_a_disk_that_refuses_from_the_start(unusable: Path, said: list[str]) -> None:
    entries = [an_entry() for _ in range(4)]
    journal = Journal(unusable, kept_max_bytes=3 * len(encode(entries[0])))
    assert looks(journal) == ("degraded", True)
    for entry in entries[:2]:
        journal.append(entry)
    assert looks(journal) == ("degraded", True)
    journal.append(entries[2])
    assert looks(journal) == ("full", False)
    # Its request was let in before: it is kept all the same.
    journal.append(entries[3])
    assert (journal.kept, journal.pending) == (4, 4)
    await journal.keep()
    assert looks(journal) == ("full", False)
    assert len(said) == 1

    unusable.unlink()
    await journal.keep()
    assert looks(journal) == ("ok", True)
    assert journal.kept == 0
    assert written(unusable) == entries
    assert "takes the journal" in said[1]
    journal.append(an_entry())
    assert len(written(unusable)) == 5


async def test_what_is_kept_in_memory_is_bounded_in_bytes(unusable: Path) -> None:
    """A client that names long models has room for fewer entries."""
    journal = Journal(unusable, kept_max_bytes=1_000_000)
    longest = an_entry(model="x" * 15_000)
    while journal.can_keep:
        journal.append(longest)
    assert journal.kept == -(-1_000_000 // (len(encode(longest)) + 49))

    unusable.unlink()
    sizes: list[int] = []
    write = os.write

    def measured(fd: int, data: bytes) -> int:
        sizes.append(len(data))
        return write(fd, data)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "write", measured)
        await journal.keep()
    assert journal.kept == 0
    assert max(sizes) <= 256 * 1024
    assert len(written(unusable)) == journal.pending
    assert looks(journal) == ("ok", True)


async def test_half_a_line_that_could_not_be_taken_back_is_taken_back_later(
    directory: Path,
) -> None:
    journal = Journal(directory)
    assert journal.file is not None
    journal.append(first := an_entry())
    # For a while the disk is read-only, with half a line on it.
    writable = os.dup(journal.file.fd)
    with journal.file.path.open("rb") as read_only:
        os.dup2(read_only.fileno(), journal.file.fd)
    journal.append(second := an_entry())
    os.write(writable, encode(second)[:50])
    await journal.keep()
    assert looks(journal) == ("degraded", True)

    os.dup2(writable, journal.file.fd)
    os.close(writable)
    await journal.keep()
    assert looks(journal) == ("ok", True)
    assert written(directory) == [first, second]


async def test_what_no_disk_took_is_said_when_it_is_lost(unusable: Path, said: list[str]) -> None:
    journal = Journal(unusable)
    journal.append(an_entry())
    await journal.close()
    assert "1 entries are lost" in said[-1]


async def test_closing_writes_what_was_kept(unusable: Path) -> None:
    journal = Journal(unusable)
    journal.append(entry := an_entry())
    unusable.unlink()
    await journal.close()
    assert written(unusable) == [entry]


async def test_closing_leaves_entries_and_no_empty_file(directory: Path) -> None:
    empty, used = Journal(directory), Journal(directory)
    used.append(entry := an_entry())
    await empty.close()
    await used.close()
    assert written(directory) == [entry]
    (path,) = directory.iterdir()
    assert files.adopt(path) is not None


async def test_a_large_consumed_file_gives_way_to_a_new_one(directory: Path) -> None:
    journal = Journal(directory, rotate_bytes=400)
    old = journal.file
    assert old is not None
    journal.append(an_entry())
    old.position = old.size
    await journal.keep()
    assert journal.file is old, "too small"

    journal.append(an_entry())
    await journal.keep()
    assert journal.file is old, "not consumed"

    old.position = old.size
    await journal.keep()
    assert not old.path.exists()
    journal.append(entry := an_entry())
    assert written(directory) == [entry]
    assert journal.file is not None
    assert (journal.file.position, journal.file.id) != (old.position, old.id)


async def test_a_file_that_somebody_deleted_is_replaced(directory: Path) -> None:
    journal = Journal(directory)
    assert journal.file is not None
    journal.file.path.unlink()
    await journal.keep()
    journal.append(entry := an_entry())
    assert written(directory) == [entry]


async def test_a_failing_sync_is_said_once(directory: Path, said: list[str]) -> None:
    journal = Journal(directory)
    assert journal.file is not None
    # A pipe takes writes and cannot be synced.
    reader, writer = os.pipe()
    os.dup2(writer, journal.file.fd)
    journal.append(an_entry())
    await journal.sync()
    await journal.sync()
    assert [line for line in said if "cannot be synced" in line] == said
    assert len(said) == 1
    os.close(reader)
    os.close(writer)
