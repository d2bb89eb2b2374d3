"""What other workers of the machine wrote down of objects is read from their journals."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.entry import Entry
from models.objects import Kept
from proxy.journal.writer import Journal
from proxy.objects import machine as module
from proxy.objects.machine import Machine
from tests.models.rows import an_entry


def telling(number: int) -> Entry:
    return an_entry(objects=(Kept(f"file-{number}", "file"),))


class Worker:
    """One of a machine, and what it has learnt of its siblings."""

    def __init__(self, directory: Path) -> None:
        self.journal = Journal(directory)
        self.found: list[str] = []
        self.machine = Machine(directory, lambda: self.journal.file, self._tell)

    def _tell(self, entry: Entry) -> None:
        self.found += [kept.id for kept in entry.objects or ()]


@pytest.fixture
async def workers(tmp_path: Path) -> list[Worker]:
    return [Worker(tmp_path), Worker(tmp_path)]


async def test_an_entry_is_seen_once_it_is_written_and_once(workers: list[Worker]) -> None:
    here, there = workers
    there.journal.append(an_entry())
    there.journal.append(telling(1))
    await here.machine.catch_up()
    assert here.found == ["file-1"]
    await here.machine.catch_up()
    there.journal.append(telling(2))
    here.journal.append(telling(3))
    await here.machine.catch_up()
    # Its own it knows.
    assert here.found == ["file-1", "file-2"]


async def test_half_a_line_waits_for_its_end(workers: list[Worker]) -> None:
    here, there = workers
    file = there.journal.file
    assert file is not None
    there.journal.append(telling(1))
    whole = file.path.read_bytes()
    file.path.write_bytes(whole + whole[:50])
    await here.machine.catch_up()
    assert here.found == ["file-1"]
    file.path.write_bytes(whole + whole)
    await here.machine.catch_up()
    assert here.found == ["file-1", "file-1"]


async def test_of_a_long_journal_its_end_is_read(
    workers: list[Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = workers
    for number in range(50):
        there.journal.append(telling(number))
    monkeypatch.setattr(module, "TAIL_BYTES", 2000)
    monkeypatch.setattr(module, "_PART_BYTES", 700)
    await here.machine.catch_up()
    assert 0 < len(here.found) < 50
    assert here.found == [f"file-{n}" for n in range(50 - len(here.found), 50)]


async def test_a_damaged_line_hides_no_other(workers: list[Worker]) -> None:
    here, there = workers
    file = there.journal.file
    assert file is not None
    there.journal.append(telling(1))
    file.path.write_bytes(b"damaged\n" + file.path.read_bytes())
    await here.machine.catch_up()
    assert here.found == ["file-1"]


async def test_a_journal_that_went_is_forgotten(workers: list[Worker], tmp_path: Path) -> None:
    here, there = workers
    there.journal.append(telling(1))
    await here.machine.catch_up()
    for path in tmp_path.glob("*"):
        path.unlink()
    await here.machine.catch_up()
    assert not here.machine._read
