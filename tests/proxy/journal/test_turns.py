"""Answers that end in one turn of the loop: their entries are one write, then they go out."""

import asyncio
import os
from functools import partial
from pathlib import Path

import pytest

from models.entry import encode
from proxy.journal.writer import BATCH, Journal
from tests.models.rows import an_entry
from tests.proxy.journal.test_writer import directory, written

__all__ = ["directory"]


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was written, by call."""
    calls: list[bytes] = []
    real = os.write

    def write(fd: int, data: bytes) -> int:
        calls.append(data)
        return real(fd, data)

    monkeypatch.setattr(os, "write", write)
    return calls


async def the_turn() -> None:
    """Until callbacks of this turn of the loop have run."""
    await asyncio.sleep(0)


async def test_entries_of_a_turn_are_one_write_before_any_answer_goes_out(
    directory: Path, writes: list[bytes]
) -> None:
    journal = Journal(directory)
    entries = [an_entry() for _ in range(5)]
    answered: list[tuple[str, int]] = []
    for entry in entries:
        journal.append_then(
            entry, partial(lambda one: answered.append((one, len(written(directory)))), entry.id)
        )
        assert not answered
    await the_turn()
    assert answered == [(entry.id, 5) for entry in entries]
    assert len(writes) == 1
    assert journal.pending == 5
    await journal.close()


async def test_an_answer_that_cannot_be_completed_holds_up_no_other(directory: Path) -> None:
    reported: list[BaseException] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    journal = Journal(directory)
    answered: list[int] = []
    error = RuntimeError("the transport is gone")

    def fail() -> None:
        raise error

    journal.append_then(an_entry(), lambda: answered.append(1))
    journal.append_then(an_entry(), fail)
    journal.append_then(an_entry(), lambda: answered.append(2))
    await the_turn()
    assert answered == [1, 2]
    assert reported == [error]
    assert len(written(directory)) == 3
    await journal.close()


async def test_what_an_answers_end_appends_is_written_before_its_own_answer(
    directory: Path, writes: list[bytes]
) -> None:
    """A pipelined request, say, that is served as soon as the one before it is answered."""
    journal = Journal(directory)
    seen: list[int] = []

    def go_on() -> None:
        journal.append_then(an_entry(), lambda: seen.append(len(writes)))
        seen.append(len(writes))

    journal.append_then(an_entry(), go_on)
    journal.append_then(an_entry(), lambda: None)
    await the_turn()
    # It belongs to the next turn.
    assert seen == [1]
    await the_turn()
    assert seen == [1, 2]
    assert len(written(directory)) == 3
    await journal.close()


async def test_answers_go_out_while_the_disk_refuses(directory: Path) -> None:
    journal = Journal(directory)
    assert journal.file is not None
    real, journal.file.fd = journal.file.fd, os.open(os.devnull, os.O_RDONLY)
    answered: list[int] = []
    for number in range(3):
        journal.append_then(an_entry(), partial(answered.append, number))
    await the_turn()
    assert answered == [0, 1, 2]
    assert (journal.state, journal.kept, journal.pending) == ("degraded", 3, 3)
    os.close(journal.file.fd)
    journal.file.fd = real
    await journal.keep()
    assert (journal.state, len(written(directory))) == ("ok", 3)
    await journal.close()


async def test_each_entry_of_a_turn_takes_its_room_while_the_disk_refuses(directory: Path) -> None:
    line = len(encode(an_entry())) + 1
    journal = Journal(directory, kept_max_bytes=3 * (line + 48))
    assert journal.file is not None
    real, journal.file.fd = journal.file.fd, os.open(os.devnull, os.O_RDONLY)
    states = []
    for number in (2, 1):
        for _ in range(number):
            journal.append_then(an_entry(), lambda: None)
        await the_turn()
        states.append(journal.state)
    assert states == ["degraded", "full"]
    os.close(journal.file.fd)
    journal.file.fd = real
    await journal.close()


async def test_the_entries_of_turns_make_a_batch(directory: Path) -> None:
    journal = Journal(directory)
    for number in (BATCH - 1, 1):
        assert not journal.batch_ready.is_set()
        for _ in range(number):
            journal.append_then(an_entry(), lambda: None)
        await the_turn()
    assert journal.batch_ready.is_set()
    await journal.close()


async def test_a_journal_that_closes_completes_the_turn_first(directory: Path) -> None:
    journal = Journal(directory)
    answered: list[int] = []
    journal.append_then(an_entry(), lambda: answered.append(len(written(directory))))
    await journal.close()
    assert answered == [1]
    await the_turn()
    assert answered == [1]


async def test_a_turn_keeps_no_more_than_a_write_takes(
    directory: Path, writes: list[bytes]
) -> None:
    journal = Journal(directory)
    line = len(encode(an_entry(model="m" * 4_000)))
    for _ in range(1 + 256 * 1024 // line):
        journal.append_then(an_entry(model="m" * 4_000), lambda: None)
    assert len(writes) == 1
    await the_turn()
    # What is left of it and the turn behind it are as any other.
    for _ in range(9):
        journal.append_then(an_entry(), lambda: None)
    await the_turn()
    assert len(writes) == 2
    assert len(written(directory)) == 1 + 256 * 1024 // line + 9
    await journal.close()
