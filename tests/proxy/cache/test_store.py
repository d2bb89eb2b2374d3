"""The file of answers behind the event loop: never in a request's way."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.cache import store as module
from proxy.cache.answers_file import AnswersFile
from proxy.cache.store import Store
from tests.proxy.cache.made import key, stored


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = Store(tmp_path / "cache", 4 * 1024 * 1024)
    yield made
    await made.close()


async def written(store: Store, number: int) -> None:
    done = asyncio.Event()
    store.put(stored(number, b"{}"), done.set)
    await done.wait()


async def test_what_is_put_is_got(store: Store) -> None:
    await written(store, 1)
    kept = await store.get(key(1))
    assert kept is not None
    assert (kept.blocks, await store.get(key(2))) == ((b"{}",), None)
    assert store.bytes > 0


async def test_what_cannot_be_read_in_time_is_not_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = threading.Event()
    monkeypatch.setattr(module, "READ_WITHIN", 0.01)
    monkeypatch.setattr(AnswersFile, "get", lambda *_: may_go_on.wait())
    assert await store.get(key(1)) is None
    may_go_on.set()


async def test_after_a_failure_it_is_left_alone_for_a_while(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    def broken(*_: object) -> None:
        nonlocal tries
        tries += 1
        raise sqlite3.OperationalError("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(AnswersFile, "get", broken)
        for _ in range(3):
            assert await store.get(key(1)) is None
            await asyncio.sleep(0)
    assert tries == 1
    done: list[int] = []
    store.put(stored(1, b"{}"), lambda: done.append(1))
    # At once: nothing is kept, and nobody waits for it.
    assert done == [1]
    store._rests_until = 0.0
    await written(store, 1)
    assert await store.get(key(1)) is not None


async def test_what_is_being_written_is_written_before_a_worker_ends(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache", 4 * 1024 * 1024)
    done: list[int] = []
    store.put(stored(1, bytes(300_000)), lambda: done.append(1))
    await store.close()
    assert done == [1]
    assert AnswersFile(tmp_path / "cache", 4 * 1024 * 1024).get(key(1)) is not None
