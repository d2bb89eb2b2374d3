"""A door per module, and doors with settings of their own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest
import pytest_asyncio

from config import Database
from server.http import body, connection
from tests.server.door import Door, open_door


class Clock:
    """The running loop's time, turned on by a test, and never back: other timers run by it, too."""

    def __init__(self) -> None:
        self._ahead = 0.0
        loop = asyncio.get_running_loop()
        real = loop.time
        loop.time = lambda: real() + self._ahead  # type: ignore[method-assign]

    async def turn(self, seconds: float) -> None:
        """Let so much time pass, and whatever is due by then happen."""
        self._ahead += seconds
        for _ in range(10):
            await asyncio.sleep(0)


OpenDoor: TypeAlias = Callable[..., AbstractAsyncContextManager[Door]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of a module one loop, so that they can share a door.

    Those that are connected to a database have its fixture's loop, which opened the connections.
    """
    one_loop = pytest.mark.asyncio(loop_scope="module")
    for item in items:
        # All of a run's tests come here, and a path's parents are dear to look through.
        if not item.nodeid.startswith("tests/server/"):
            continue
        connected = "connected" in getattr(item, "fixturenames", ())
        if pytest_asyncio.is_async_test(item) and not connected:
            item.add_marker(one_loop, append=False)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A door whose deadlines only end what a test is about: the others are out of reach.

    So a client that sees the server's end of a stream has seen it half-closed at once.
    """
    monkeypatch.setattr(connection, "HEAD_DEADLINE", 600.0)
    monkeypatch.setattr(connection, "LINGER", 600.0)
    monkeypatch.setattr(body, "BODY_STALL", 600.0)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def clock() -> AsyncIterator[Clock]:
    """Of the loop of this module's tests, which is ahead from then on."""
    yield Clock()


@pytest.fixture
def a_door(sqlite_template: Database, tmp_path: Path) -> OpenDoor:
    """`async with a_door(PORT="…") as door:` for a door with settings of its own."""
    return partial(open_door, sqlite_template, tmp_path)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def modules_door(
    sqlite_template: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Door]:
    """One door for all cases of a module, which no case can break."""
    async with open_door(sqlite_template, tmp_path_factory.mktemp("door")) as opened:
        yield opened


@pytest.fixture
def door(modules_door: Door) -> Door:
    """The module's door, whose upstream has seen nothing yet."""
    modules_door.up.clear()
    return modules_door
