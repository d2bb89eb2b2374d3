"""A middleware that holds the event loop is named, while it does and afterwards."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from loguru import logger

from config import Database
from proxy.middleware import View, watchdog
from tests.proxy.middleware.shaped import shaped_plane
from tests.proxy.scripted import a_client


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is logged, by whichever thread."""
    found: list[str] = []
    handler = logger.add(found.append, format="{message} {extra}", diagnose=False)
    yield found
    logger.remove(handler)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "HELD_MAX_S", 0.01)
    monkeypatch.setattr(watchdog, "_LOOK_EVERY_S", 0.005)


class Blocks:
    """Holds the loop until the watchdog has said so."""

    def __init__(self, hook: str, told: threading.Event) -> None:
        self._hook = hook
        self._told = told

    def _hold(self, hook: str) -> None:
        if hook == self._hook:
            assert self._told.wait(20)

    async def request(self, view: View) -> None:
        await asyncio.sleep(0)
        self._hold("request")

    def response_head(self, view: View) -> None:
        self._hold("response_head")

    def event(self, view: View, data: bytes) -> None:
        self._hold("event")


@pytest.mark.parametrize("hook", ["request", "response_head", "event"])
async def test_it_is_named_while_it_blocks(
    tmp_path: Path, sqlite_database: Database, lines: list[str], hook: str
) -> None:
    told = threading.Event()
    handler = logger.add(lambda _: told.set(), filter=lambda record: "still" in record["message"])
    blocks = Blocks(hook, told)
    async with shaped_plane(tmp_path, sqlite_database, blocks) as plane:
        middlewares = plane.middlewares
        assert middlewares is not None
        middlewares.open()
        _, secret = await plane.token()
        client = await plane.serve(a_client(secret=secret))
        middlewares.close()
    logger.remove(handler)
    assert client.status == 200
    (meanwhile,) = [line for line in lines if "still does" in line]
    assert meanwhile.startswith(f"middleware Blocks in {hook} has held the event loop for ")
    assert "test_watchdog.py" in meanwhile
    assert "_hold" in meanwhile
    assert "request_id" in meanwhile
    (afterwards,) = [line for line in lines if "every other request" in line]
    assert afterwards.startswith(f"middleware Blocks in {hook} held the event loop for ")


def test_a_call_is_told_of_once_and_one_that_is_short_not_at_all(
    lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now: Any = SimpleNamespace(s=0.0)
    monkeypatch.setattr(watchdog, "monotonic", lambda: now.s)
    held = watchdog.Held()
    looks = watchdog.Watchdog(held)
    looks.look()
    step = held.begin("a", "event", "1")
    looks.look()
    held.end(step)
    looks.look()
    assert lines == []
    step = held.begin("a", "event", "1")
    now.s = 3.0
    looks.look()
    looks.look()
    assert len(lines) == 1
    assert "for 3.00 s and still does" in lines[0]
    assert held.end(step) == 3.0
    assert len(lines) == 2
