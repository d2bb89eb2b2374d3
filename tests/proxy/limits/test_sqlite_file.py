"""The limits' file across releases, and who may replace it."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from config import Database, load
from models.db.backup import InUse
from proxy.limits.records import Counter, Used
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.sqlite_file import VERSION, SqliteRecords
from proxy.limits.store import LimitsUnavailable, NewerSchema, claims_on
from setup import prepare

#: What the release of November 2026 runs on every open file, and asks of it.
BEFORE_VERSIONS = (
    "PRAGMA page_size = 1024",
    "PRAGMA journal_mode = WAL",
    """CREATE TABLE IF NOT EXISTS counter (
        key TEXT PRIMARY KEY, epoch INTEGER NOT NULL, used INTEGER NOT NULL,
        spent REAL NOT NULL, at REAL NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS slot (
        key TEXT, worker TEXT, held INTEGER NOT NULL, PRIMARY KEY (key, worker)
    ) WITHOUT ROWID""",
    "REPLACE INTO counter (key, epoch, used, spent, at) VALUES ('t:1', 0, 4, 0.0, 0.0)",
    "REPLACE INTO slot (key, worker, held) VALUES ('t:1', 'before', 1)",
)
QUOTA = claims_on("t:1", quota=10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "limits.db"


def run_release_before(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for statement in BEFORE_VERSIONS:
            file.execute(statement)


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as file:
        found: int = file.execute("PRAGMA user_version").fetchone()[0]
        return found


def set_version(path: Path, number: int) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute(f"PRAGMA user_version = {number}")


async def remaining(path: Path) -> int:
    store = SqliteLimits(path, "w")
    await store.open()
    try:
        got = (await store.decide(QUOTA)).remaining
        assert got is not None
        return got.remaining
    finally:
        await store.close()


async def test_a_new_file_has_the_schemas_version(path: Path) -> None:
    await remaining(path)
    assert version(path) == VERSION


async def test_a_file_from_before_there_were_versions_is_brought_up(path: Path) -> None:
    run_release_before(path)
    assert version(path) == 0
    assert await SqliteRecords(path).used("t:1") == Used(0, 4)
    assert await remaining(path) == 5
    assert version(path) == VERSION


async def test_the_release_before_goes_on_with_the_file_after_a_rollback(path: Path) -> None:
    await remaining(path)
    run_release_before(path)
    assert await remaining(path) == 5


async def test_a_file_of_a_newer_release_is_refused_and_left_alone(path: Path) -> None:
    run_release_before(path)
    set_version(path, VERSION + 1)
    records = SqliteRecords(path)
    with pytest.raises(NewerSchema, match="newer release"):
        await SqliteLimits(path, "w").open()
    for refused in (records.check(), records.used("t:1"), records.dump(), records.forget(["t:1"])):
        with pytest.raises(NewerSchema):
            await refused
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT key, used FROM counter").fetchall() == [("t:1", 4)]
    assert version(path) == VERSION + 1


async def test_a_file_of_a_newer_release_stops_the_start(tmp_path: Path, path: Path) -> None:
    run_release_before(path)
    set_version(path, VERSION + 1)
    settings = replace(
        load({}, None),
        database=Database(dialect="sqlite", path=tmp_path / "models.db"),
        data_dir=tmp_path,
        encryption_keys=(bytes(32),),
        admin_password="correct horse battery",
    )
    with pytest.raises(prepare.CannotServe, match=r"limits\.db has schema version"):
        await prepare.prepare(settings)


async def test_no_file_is_made_by_asking(path: Path) -> None:
    records = SqliteRecords(path)
    await records.check()
    await records.forget(["t:1"])
    assert await records.used("t:1") is None
    assert list(await records.dump()) == []
    assert not path.exists()


async def test_a_damaged_file_does_not_stop_the_start(path: Path) -> None:
    """It may be replaced while the supervisor tries the next worker."""
    path.mkdir()
    await SqliteRecords(path).check()


async def test_a_damaged_file_is_told_by_whatever_reads_it(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)
    records = SqliteRecords(path)
    for refused in (records.used("t:1"), records.dump(), records.forget(["t:1"])):
        with pytest.raises(LimitsUnavailable):
            await refused


async def test_counters_are_not_replaced_under_a_worker(path: Path) -> None:
    store = SqliteLimits(path, "w")
    await store.open()
    await store.decide(QUOTA)
    records = SqliteRecords(path)
    with pytest.raises(InUse):
        await records.load([Counter("t:1", 0, 0, 0.0, 0.0)])
    assert await records.used("t:1") == Used(0, 1)
    await store.close()


async def test_what_is_replaced_stays_beside_it_and_all_is_for_our_user_only(path: Path) -> None:
    await remaining(path)
    records = SqliteRecords(path)
    await records.load([Counter("t:1", 0, 3, 0.0, 0.0)])
    (kept,) = path.parent.glob("limits.db.before-restore-*")
    assert await SqliteRecords(kept).used("t:1") == Used(0, 1)
    assert path.stat().st_mode & 0o077 == 0
    assert await remaining(path) == 6


async def test_a_file_whose_maker_was_killed_is_read(path: Path) -> None:
    """What was not committed has to be rolled back first, which a reader alone cannot."""
    killed = (
        "import os, sqlite3, sys\n"
        "file = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "file.execute('CREATE TABLE counter (key TEXT, epoch INTEGER, used INTEGER)')\n"
        "file.execute('PRAGMA cache_size = 1')\n"
        "file.execute('BEGIN')\n"
        "file.executemany('INSERT INTO counter VALUES (?, 1, 2)', [('t:1' * 99,)] * 999)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", killed, path], check=False)
    assert path.with_name("limits.db-journal").exists()
    assert await SqliteRecords(path).used("t:1") is None
