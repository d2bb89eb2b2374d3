"""The file of answers: what is kept, for how long, in how much room, and what a broken one does."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from proxy.cache import answers_file
from proxy.cache.answers_file import AnswersFile
from proxy.cache.kept import BLOCK_BYTES
from tests.proxy.cache.made import DOCUMENT, EVENTS, key, stored

ROOM = 8 * 1024 * 1024


@pytest.fixture
def file(tmp_path: Path) -> AnswersFile:
    return AnswersFile(tmp_path / "cache", ROOM)


def on_disk(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def body_of(file: AnswersFile, number: int) -> bytes | None:
    kept = file.get(key(number))
    return None if kept is None else b"".join(kept.blocks)


@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES, BLOCK_BYTES + 1, 1_300_000])
def test_an_answer_is_there_as_it_was_kept(file: AnswersFile, size: int) -> None:
    body = os.urandom(size)
    file.put(stored(1, body))
    kept = file.get(key(1))
    assert kept is not None
    assert (b"".join(kept.blocks), kept.about, kept.cost_nanos) == (body, DOCUMENT, 7)
    assert file.get(key(2)) is None


def test_it_survives_a_restart(file: AnswersFile, tmp_path: Path) -> None:
    file.put(stored(1, b"{}"))
    file.close()
    assert body_of(AnswersFile(tmp_path / "cache", ROOM), 1) == b"{}"


def test_a_newer_answer_takes_the_place_of_the_older(file: AnswersFile) -> None:
    file.put(stored(1, b"a" * 200_000))
    file.put(stored(1, b"newer"))
    assert body_of(file, 1) == b"newer"


def test_what_is_kept_never_passes_its_bound_and_goes_by_when_it_was_asked_for(
    file: AnswersFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers_file, "NOTED_EVERY_S", 0.0)
    most = 0
    for number in range(60):
        file.put(stored(number, os.urandom(300_000)))
        assert body_of(file, 0) is not None
        most = max(most, on_disk(tmp_path))
    assert ROOM // 2 < most <= ROOM
    assert body_of(file, 1) is None
    assert body_of(file, 59) is not None


def test_an_answer_for_which_there_is_no_room_is_not_kept_and_drives_out_none(
    file: AnswersFile,
) -> None:
    file.put(stored(1, b"{}"))
    file.put(stored(2, bytes(ROOM)))
    assert (body_of(file, 1), body_of(file, 2)) == (b"{}", None)


def test_only_its_owner_can_read_the_file(file: AnswersFile, tmp_path: Path) -> None:
    file.put(stored(1, b"{}"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes.pop("cache") == 0o700
    assert modes
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("damage", ["junk", "another version", "too large", "a page"])
def test_a_file_that_cannot_be_read_is_made_anew(
    file: AnswersFile, tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "cache" / "answers.db"
    file.put(stored(1, os.urandom(1_000_000)))
    file.close()
    room = ROOM
    if damage == "junk":
        path.write_bytes(b"no database" * 1000)
    elif damage == "another version":
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA user_version = 99")
    elif damage == "too large":
        room = 1024 * 1024
    else:
        with path.open("r+b") as broken:
            broken.seek(4096)
            broken.write(os.urandom(16 * 4096))
    again = AnswersFile(tmp_path / "cache", room)
    assert body_of(again, 1) is None
    again.put(stored(2, b"{}"))
    assert body_of(again, 2) == b"{}"


def test_another_worker_sees_that_a_broken_file_was_made_anew(
    file: AnswersFile, tmp_path: Path
) -> None:
    other = AnswersFile(tmp_path / "cache", ROOM)
    file.put(stored(1, b"{}"))
    assert body_of(other, 1) == b"{}"
    # What a worker does that finds it broken.
    file._file.remove()
    file.put(stored(2, b"new"))
    assert (body_of(other, 1), body_of(other, 2)) == (None, b"new")


def test_what_a_killed_worker_left_half_written_is_not_there_and_is_removed(
    file: AnswersFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AnswersFile, "_make_whole", lambda *_: None)
    file.put(stored(1, os.urandom(300_000)))
    assert file.get(key(1)) is None
    monkeypatch.setattr(answers_file, "_WRITTEN_WITHIN_S", -1.0)
    before = file.size()
    assert file.forget({"p": 0}, 0, file.last()) == (1, 0)
    assert file.size() < before - 300_000 + 4096


def test_what_fails_while_it_is_written_leaves_nothing(file: AnswersFile) -> None:
    def read(start: int, most: int) -> bytes:
        if start:
            raise OSError("gone")
        return bytes(most)

    file.put(stored(2, b"{}"))
    before = file.size()
    with pytest.raises(OSError, match="gone"):
        file.put(stored(1, bytes(2_000_000))._replace(read=read))
    assert (file.get(key(1)), body_of(file, 2)) == (None, b"{}")
    assert file.size() <= before + 4096


def test_what_is_of_another_epoch_of_no_project_or_expired_is_forgotten(file: AnswersFile) -> None:
    for number in range(40):
        file.put(stored(number, b"{}"))
    file.put(stored(40, b"{}", epoch=1))
    file.put(stored(41, b"{}", project="gone"))
    file.put(stored(42, b"{}", ttl=-1.0))
    gone = start = 0
    while True:
        removed, start = file.forget({"p": 0}, start, file.last())
        gone += removed
        if not start:
            break
    assert gone == 3
    assert [number for number in range(43) if file.get(key(number)) is None] == [40, 41, 42]


def test_what_is_kept_once_the_epochs_were_read_stays(file: AnswersFile) -> None:
    assert file.last() == 0
    file.put(stored(1, b"{}"))
    last = file.last()
    # After a purge, and of a project that was made then.
    file.put(stored(2, b"{}", epoch=1))
    file.put(stored(3, b"{}", project="q"))
    assert file.forget({"p": 0}, 0, last) == (0, 0)
    assert all(file.get(key(number)) is not None for number in (1, 2, 3))
    # Of an epoch that a database that was restored does not have any more.
    assert file.forget({"p": 0}, 0, file.last()) == (2, 0)
    assert [file.get(key(number)) is None for number in (1, 2, 3)] == [False, True, True]


def test_nothing_of_what_was_forgotten_is_left_on_the_disk(
    file: AnswersFile, tmp_path: Path
) -> None:
    said = os.urandom(16).hex().encode()
    file.put(stored(1, said))
    file.put(stored(3, b"{}", project="q"))

    def is_there() -> bool:
        return any(said in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    assert is_there()
    assert file.forget({"q": 0}, 0, file.last()) == (1, 0)
    assert not is_there()
    assert body_of(file, 3) == b"{}"


def test_two_workers_write_at_once(tmp_path: Path) -> None:
    files = [AnswersFile(tmp_path / "cache", ROOM) for _ in range(2)]

    def write(file: AnswersFile, base: int) -> None:
        for number in range(base, base + 20):
            file.put(stored(number, number.to_bytes(2, "big") * 40_000))

    threads = [
        threading.Thread(target=write, args=(file, 100 * place)) for place, file in enumerate(files)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in (*range(20), *range(100, 120)):
        assert body_of(files[0], number) == number.to_bytes(2, "big") * 40_000


@pytest.mark.parametrize(
    "damage",
    [
        # As after a power failure between two pages: what leads to a row, and the row.
        "UPDATE answer SET key = CASE id WHEN 1 THEN x'{0}' ELSE x'{1}' END",
        "UPDATE block SET data = CASE answer WHEN 1 THEN 'two' ELSE 'one' END",
        "UPDATE answer SET about = (SELECT about FROM answer WHERE id = 2)",
        "UPDATE answer SET born = born + 9000",
        "UPDATE answer SET cost_nanos = 1",
        "UPDATE block SET data = x'6f6e66'",
        # Another type than was written.
        "UPDATE block SET data = 17",
        "UPDATE answer SET about = 17",
        "UPDATE answer SET size = 'x'",
        "UPDATE answer SET born = 'x'",
    ],
)
def test_no_damage_has_a_key_find_what_was_not_kept_under_it(
    file: AnswersFile, tmp_path: Path, damage: str
) -> None:
    file.put(stored(1, b"one"))
    file.put(stored(2, b"two", EVENTS))
    with closing(sqlite3.connect(tmp_path / "cache" / "answers.db")) as other, other:
        if "SET key" in damage:
            other.execute("UPDATE answer SET key = NULL")
        other.execute(damage.format(key(2).hex(), key(1).hex()))
    assert body_of(file, 1) is None
    # It goes on with a new file.
    file.put(stored(1, b"new"))
    assert body_of(file, 1) == b"new"


@pytest.mark.parametrize("blocks", [0, 1, 9])
def test_an_answer_that_another_worker_removes_while_it_is_written_is_not_kept(
    file: AnswersFile, tmp_path: Path, blocks: int
) -> None:
    other = AnswersFile(tmp_path / "cache", ROOM)
    body = os.urandom(10 * BLOCK_BYTES)
    theirs = os.urandom(10 * BLOCK_BYTES)

    def read(start: int, most: int) -> bytes:
        if start == blocks * BLOCK_BYTES:
            # It is void by now, and the other worker goes on with answers of another project.
            assert other.forget({"q": 0}, 0, other.last()) == (1, 0)
            other.put(stored(2, theirs, project="q"))
        return body[start : start + most]

    file.put(stored(1, body)._replace(read=read))
    assert body_of(file, 1) is None
    assert body_of(file, 2) == theirs
    # Nothing of it is left behind.
    assert other.forget({}, 0, other.last()) == (1, 0)
    with closing(sqlite3.connect(tmp_path / "cache" / "answers.db")) as looked:
        assert looked.execute("SELECT count(*) FROM block").fetchone() == (0,)
