"""A door per module, and doors with settings of their own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest
import pytest_asyncio

from config import Database
from tests.server.door import Door, open_door

OpenDoor: TypeAlias = Callable[..., AbstractAsyncContextManager[Door]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of a module one loop, so that they can share a door."""
    one_loop = pytest.mark.asyncio(loop_scope="module")
    for item in items:
        if Path(__file__).parent in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(one_loop, append=False)


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
