"""The journal's files: read in short pieces, never beyond what is whole, and closed again."""

import os
from pathlib import Path

import msgspec
import pytest

from models.entry import LINE_MAX_BYTES, encode
from models.objects import Finished
from proxy.journal import files
from proxy.journal.writer import Journal
from tests.models.rows import an_entry
from tests.proxy.journal.orphans import append, leave_an_orphan, lines


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_file_that_cannot_be_adopted_is_closed_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.file is not None
    before = open_descriptors()
    for _ in range(3):
        assert files.adopt(journal.file.path) is None
        assert files.adopt(tmp_path / "gone.journal") is None
    assert open_descriptors() == before


def test_a_batch_is_no_longer_than_is_read_at_once(tmp_path: Path) -> None:
    """However many lines may be in it: the loop stands still meanwhile."""
    entry = an_entry(model="m" * 10_000)
    content = lines(*[entry] * 60)
    file = files.adopt(leave_an_orphan(tmp_path, content))
    assert file is not None
    batch = files.read_batch(file, 0, limit=1000)
    assert 0 < batch.end <= 256 * 1024
    assert batch.damaged == []
    position, count = 0, 0
    while position < file.size:
        batch = files.read_batch(file, position, limit=1000)
        position, count = batch.end, count + len(batch.entries)
    assert count == 60
    file.release()


def test_fewer_lines_are_read_than_are_remembered(tmp_path: Path) -> None:
    """To read them holds the loop; those in memory go on as they are."""
    journal = Journal(tmp_path)
    append(journal, 200)
    file = journal.file
    assert file is not None
    assert len(files.read_batch(file, 0, limit=200).entries) == 200
    read = files.adopt(leave_an_orphan(tmp_path, file.path.read_bytes()))
    assert read is not None
    first = files.read_batch(read, 0, limit=200)
    rest = files.read_batch(read, first.end, limit=200)
    assert (len(first.entries), len(rest.entries)) == (128, 72)
    # Another sink is given the same, not read again.
    assert files.read_batch(read, 0, limit=200) is first
    read.release()


async def test_what_stands_behind_the_last_whole_line_is_not_read(tmp_path: Path) -> None:
    """Half a line, which the disk did not let the writer take back."""
    journal = Journal(tmp_path)
    append(journal, 1)
    await journal.keep()
    file = journal.file
    assert file is not None
    os.write(file.fd, encode(an_entry())[:50])
    batch = files.read_batch(file, 0, limit=10)
    assert (len(batch.entries), batch.damaged, batch.end) == (1, [], file.size)


def test_what_was_just_written_is_not_read_again(tmp_path: Path) -> None:
    """From wherever a sink is, it is what the file holds; nothing from within a line."""
    journal = Journal(tmp_path)
    append(journal, 3)
    append(journal, 2)
    file = journal.file
    assert file is not None
    read = files.adopt(leave_an_orphan(tmp_path, file.path.read_bytes()))
    assert read is not None
    whole = files.read_batch(read, 0, limit=10)
    for start in (0, *whole.ends[:-1]):
        for limit in (1, 2, 10):
            batch = file.remembered(start, limit)
            expected = files.read_batch(read, start, limit=limit)
            assert batch is not None
            assert (batch.start, batch.ends) == (expected.start, expected.ends)
            assert list(batch.entries) == list(expected.entries)
        assert file.remembered(start + 1, 10) is None
    assert file.remembered(file.size, 10) is None
    file.forget_before(whole.ends[1] + 1)
    assert file.remembered(0, 10) is file.remembered(whole.ends[0], 10) is None
    rest = file.remembered(whole.ends[1], 10)
    assert rest is not None
    assert list(rest.entries) == list(whole.entries)[2:]
    assert list(files.read_batch(file, 0, limit=10).entries) == list(whole.entries)
    read.release()


def test_what_is_kept_of_what_was_written_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sink that is away for long has the rest read again."""
    monkeypatch.setattr(files, "_FRESH_MAX_BYTES", 16 * 1024)
    journal = Journal(tmp_path)
    ids = append(journal, 200)
    file = journal.file
    assert file is not None
    assert len(file._fresh) == len(file._fresh_ends) < 100
    assert file._fresh_ends[-1] - file._fresh_from <= files._FRESH_MAX_BYTES
    position, found = 0, []
    while position < file.size:
        batch = files.read_batch(file, position, limit=100)
        found += [entry.id for entry in batch.entries]
        position = batch.end
    assert found == ids


def test_what_is_kept_of_long_entries_is_no_longer_than_their_lines(tmp_path: Path) -> None:
    """An upstream names a model as long as it likes; what is kept is what the file holds."""
    journal = Journal(tmp_path)
    long, odd = "m" * 256 * 1024, "m\ud800"
    shown = Finished("resp_1", 0, long, 1, 1, 0, 0, None, None, odd, odd)
    for named in (
        {"answer_model": long},
        {"model": long},
        {"model": odd, "outcome": "upstream_error"},
        {"end_user": odd},
        {"finished": shown},
        {"finished": msgspec.structs.replace(shown, id=odd)},
    ):
        journal.append(an_entry(**named))
    file = journal.file
    assert file is not None
    read = files.adopt(leave_an_orphan(tmp_path, file.path.read_bytes()))
    assert read is not None
    assert file.size < 6 * LINE_MAX_BYTES
    kept = file.remembered(0, 10)
    assert kept is not None
    assert list(kept.entries) == list(files.read_batch(read, 0, limit=10).entries)
    read.release()


def test_what_is_put_aside_is_ours_alone(tmp_path: Path) -> None:
    """It may hold what clients sent."""
    file = files.create(tmp_path)
    aside = files.quarantine(file, b"damaged")
    assert aside.stat().st_mode & 0o777 == 0o600
    file.remove()


@pytest.mark.parametrize(
    ("at_us", "is_read"), [(-1, False), (0, True), (253_402_300_800_000_000, False)]
)
def test_a_moment_that_no_database_can_hold_is_damage(at_us: int, is_read: bool) -> None:
    assert (files.entry_of(encode(an_entry(at_us=at_us))) is not None) is is_read


def test_text_that_is_no_text_is_damage() -> None:
    line = encode(an_entry(model="m?m")).replace(b"m?m", b"m\xffm")
    assert files.entry_of(line) is None
    assert files.entry_of(encode(an_entry(model="m?m"))) is not None
