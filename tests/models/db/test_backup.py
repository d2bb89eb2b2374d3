"""A backup is one sound file, and a restore takes the place of nothing that is in use."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from models.db import backup


class Alone:
    """No companion travels along."""

    def save(self, copy: sqlite3.Connection) -> None:
        pass

    def restore(self, copy: sqlite3.Connection) -> None:
        pass


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """A database with an index, as a server leaves it: in write-ahead mode."""
    path = tmp_path / "live.db"
    with _opened(path) as database:
        database.execute("PRAGMA page_size = 8192")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE aerich (id INTEGER PRIMARY KEY, version TEXT)")
        database.executemany(
            "INSERT INTO aerich (version) VALUES (?)", [(f"{n:040}",) for n in range(2000)]
        )
        database.execute("CREATE INDEX versions ON aerich (version)")
        database.commit()
    return path


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=0)) as database:
        yield database


def _rows(path: Path) -> int:
    with _opened(path) as database:
        (count,) = database.execute("SELECT count(*) FROM aerich").fetchone()
        return int(count)


def _damage(path: Path) -> None:
    """Make the index say other things than its table."""
    with path.open("r+b") as file:
        content = file.read()
        file.seek(content.rindex(b"%040d" % 1999))
        file.write(b"9" * 40)


def test_a_backup_is_one_file_for_its_owner_that_needs_no_log(live: Path, tmp_path: Path) -> None:
    target = tmp_path / "backups" / "one.db"
    target.parent.mkdir()
    with _opened(live) as server:
        server.execute("SELECT count(*) FROM aerich")
        size = backup.write(live, Alone(), target)
    assert [path.name for path in target.parent.iterdir()] == ["one.db"]
    content = target.read_bytes()
    assert (len(content), target.stat().st_mode & 0o777) == (size, 0o600)
    # The format's versions for writing and reading: 1 is a rollback journal, 2 a write-ahead log.
    assert content[18:20] == b"\x01\x01"
    assert int.from_bytes(content[16:18]) == 8192
    assert _rows(target) == 2000


def test_a_damaged_database_replaces_no_backup(live: Path, tmp_path: Path) -> None:
    target = tmp_path / "one.db"
    backup.write(live, Alone(), target)
    before = target.read_bytes()
    _damage(live)
    with pytest.raises(backup.UnusableBackup, match="damaged"):
        backup.write(live, Alone(), target)
    assert target.read_bytes() == before
    assert list(tmp_path.glob(".one.db*")) == []


def test_a_damaged_backup_is_not_unpacked(live: Path, tmp_path: Path) -> None:
    file, target = tmp_path / "one.db", tmp_path / "data" / "llm-proxy.db"
    backup.write(live, Alone(), file)
    _damage(file)
    with (
        pytest.raises(backup.UnusableBackup, match="damaged"),
        backup.unpacked(file, target) as draft,
    ):
        raise AssertionError(draft)
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "statement"),
    [
        ("WAL", "SELECT count(*) FROM aerich"),
        ("WAL", "BEGIN IMMEDIATE"),
        # As a restore leaves it, until a server has opened it.
        ("DELETE", "BEGIN IMMEDIATE"),
    ],
)
def test_a_database_that_any_process_has_open_is_not_replaced(
    live: Path, tmp_path: Path, mode: str, statement: str
) -> None:
    file = tmp_path / "one.db"
    backup.write(live, Alone(), file)
    with backup.unpacked(file, live) as draft, _opened(live) as server:
        server.execute(f"PRAGMA journal_mode = {mode}")
        server.execute(statement).fetchone()
        with pytest.raises(backup.InUse):
            backup.place(draft, live, Alone())
    assert _rows(live) == 2000


def test_what_is_replaced_is_kept_without_its_log(live: Path, tmp_path: Path) -> None:
    file = tmp_path / "one.db"
    backup.write(live, Alone(), file)
    with _opened(live) as database:
        database.execute("DELETE FROM aerich")
        database.commit()
    log = live.with_name(f"{live.name}-wal")
    with backup.unpacked(file, live) as draft:
        # As a damaged database leaves one: nothing has taken it in.
        log.write_bytes(b"of the database before")
        kept = backup.put_aside(live)
        assert kept is not None
        assert not log.exists()
        assert backup.place(draft, live, Alone()) is None
    assert (_rows(live), _rows(kept)) == (2000, 0)
