"""Whether anything was committed to a file, as SQLite says it without a thread."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from models.db.sqlite_commits import Commits


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another connection to the file."""
    with closing(sqlite3.connect(tmp_path / "file.db", isolation_level=None)) as opened:
        opened.execute("PRAGMA journal_mode = WAL")
        opened.execute("CREATE TABLE some (number INTEGER)")
        yield opened


@pytest.fixture
def commits(tmp_path: Path, writer: sqlite3.Connection) -> Iterator[Commits]:
    found = Commits(str(tmp_path / "file.db"))
    yield found
    found.close()


def test_it_is_another_one_after_a_commit_and_only_then(
    commits: Commits, writer: sqlite3.Connection
) -> None:
    last = commits.version()
    for statement, commits_some in (
        ("BEGIN IMMEDIATE", False),
        ("INSERT INTO some VALUES (1)", False),
        ("ROLLBACK", False),
        # As a heartbeat.
        ("BEGIN IMMEDIATE", False),
        ("COMMIT", False),
        ("INSERT INTO some VALUES (1)", True),
        ("DELETE FROM some", True),
    ):
        writer.execute(statement)
        version = commits.version()
        assert version is not None
        assert (version != last) is commits_some, statement
        last = version


def test_what_was_counted_before_it_was_closed_is_not_met_again(
    commits: Commits, writer: sqlite3.Connection
) -> None:
    before = commits.version()
    commits.close()
    writer.execute("INSERT INTO some VALUES (1)")
    assert commits.version() != before


def test_it_waits_for_nobody(commits: Commits, writer: sqlite3.Connection) -> None:
    before = commits.version()
    writer.execute("BEGIN EXCLUSIVE")
    writer.execute("INSERT INTO some VALUES (1)")
    assert commits.version() == before


def test_of_a_file_that_is_missing_or_none_of_a_database_nothing_is_known(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    commits = Commits(str(path))
    assert commits.version() is None
    assert not path.exists()
    path.write_bytes(b"?" * 8192)
    assert commits.version() is None
