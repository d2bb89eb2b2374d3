"""The limits' log reaches the file by itself, and what fails is tried again."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from proxy.limits.sqlite import SqliteLimits
from proxy.limits.sqlite_checkpoint import Checkpointer
from proxy.limits.store import claims_on
from tests.proxy.limits.stores import eventually


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "limits.db"


def in_the_file(path: Path) -> list[tuple[int]]:
    """What is used, as the file has it without the log beside it."""
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as file:
        try:
            return file.execute("SELECT used FROM counter").fetchall()
        except sqlite3.OperationalError:
            # Its table is still in the log.
            return []


@contextmanager
def a_log(path: Path) -> Iterator[sqlite3.Connection]:
    """A file that somebody has open, with all that it holds in the log."""
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        for pragma in ("journal_mode = WAL", "wal_autocheckpoint = 0"):
            writer.execute(f"PRAGMA {pragma}")
        writer.execute("CREATE TABLE counter (used INTEGER)")
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        writer.execute("INSERT INTO counter VALUES (1)")
        yield writer


@contextmanager
def running(checkpointer: Checkpointer) -> Iterator[Checkpointer]:
    checkpointer.start()
    try:
        yield checkpointer
    finally:
        checkpointer.stop()


async def test_what_a_worker_decides_reaches_the_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It bounds what a power failure can undo."""
    often = partial(Checkpointer, interval=0.01)
    monkeypatch.setattr("proxy.limits.sqlite.Checkpointer", often)
    store = SqliteLimits(path, "w")
    await store.open()
    await store.decide(claims_on("t:1", quota=5))

    async def is_moved() -> bool:
        return in_the_file(path) == [(1,)]

    await eventually(is_moved)
    await store.close()
    assert not [each for each in threading.enumerate() if each.name == "limits-checkpoint"]


async def test_a_short_log_is_moved_and_not_cut(path: Path) -> None:
    """Cutting keeps the writers out."""
    with a_log(path):
        with running(Checkpointer(path, interval=0.01)) as checkpointer:
            checkpointer.wrote()

            async def is_moved() -> bool:
                return in_the_file(path) == [(1,)]

            await eventually(is_moved)
        # The checkpoint is over.
        assert path.with_name("limits.db-wal").stat().st_size > 0


@pytest.mark.parametrize("trouble", ["no directory", "no log"])
async def test_what_cannot_be_moved_is_tried_again(tmp_path: Path, trouble: str) -> None:
    path = tmp_path / "data" / "limits.db"
    if trouble == "no log":
        path.parent.mkdir()
        sqlite3.connect(path).close()
    with running(Checkpointer(path, interval=0.01)) as checkpointer:
        for _ in range(2):
            checkpointer.wrote()
            while checkpointer._written:
                await asyncio.sleep(0.001)
        path.parent.mkdir(exist_ok=True)
        with a_log(path):

            async def is_moved() -> bool:
                checkpointer.wrote()
                return in_the_file(path) == [(1,)]

            await eventually(is_moved)
