"""`llm-proxy demo`: everything on this machine, whatever the environment says."""

import asyncio
import re
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import ClassVar, Final

import httpx
import pytest

from config import Database
from tests.fixtures.processes import processes
from tests.fixtures.service import Service
from tests.system.streams import text_of

_CURL: Final = re.compile(r"^curl .*\n", re.MULTILINE)


class Demo(Service):
    """The demo, as `make demo` starts it."""

    command: ClassVar[tuple[str, ...]] = ("cli", "demo")

    @property
    def environ(self) -> dict[str, str]:
        """With the directory in which the demo makes its own."""
        return super().environ | {"DATA_DIR": str(self.data_dir.parent)}

    async def tried(self, *, start: int = 1) -> list[str]:
        """The request that this start of it says to try, in a shell's words."""
        async with asyncio.timeout(60):
            while len(lines := _CURL.findall(self.log)) < start:
                # It answers a moment before it says so.
                await asyncio.sleep(0.02)
        return shlex.split(lines[start - 1])


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """In an environment that is made for something else."""
    given = {
        "OPENAI_API_KEY": "sk-real-key-of-somebody",
        "OPENAI_BASE_URL": "http://127.0.0.1:9",
        "PROVIDERS_FILE": str(tmp_path / "nowhere.toml"),
    }
    (tmp_path / "nowhere.toml").touch()
    database = Database(dialect="sqlite", path=tmp_path / "others.db")
    demo = Demo(tmp_path / "demo", database, given)
    demo.data_dir = demo.data_dir / "demo"
    yield demo
    demo.tear_down()


async def perform(words: list[str]) -> httpx.Response:
    """What curl would do."""
    assert words[:2] == ["curl", "-N"]
    fields = [words[n + 1].split(": ", 1) for n, word in enumerate(words) if word == "-H"]
    async with httpx.AsyncClient(timeout=30) as http:
        content = words[words.index("-d") + 1]
        return await http.post(words[2], headers=dict(fields), content=content)


def made_up_hours(demo: Demo) -> int:
    """In how many hours something was used by the projects whose names say that it is made up."""
    found = "SELECT COUNT(DISTINCT bucket) FROM usage_hour JOIN project ON project.id = project_id "
    with closing(sqlite3.connect(demo.data_dir / "llm-proxy.db")) as connection:
        (hours,) = connection.execute(found + "WHERE name LIKE 'Made up: %'").fetchone()
    return int(hours)


async def test_what_it_says_to_try_works_and_nothing_is_left(demo: Demo) -> None:
    demo.start()
    started = demo.children()
    first = await demo.tried()
    answer = await perform(first)
    demo.interrupt()
    code = await asyncio.to_thread(demo.wait)

    assert text_of(answer.content)
    assert code == 0, demo.log
    assert len(started) >= 2
    assert not started & processes().keys()
    assert "sk-real-key" not in demo.log
    assert not demo.database.path.exists()
    assert made_up_hours(demo) > 24

    demo.start()
    again = await demo.tried(start=2)

    # The project is there already, and so is the first token.
    assert again != first
    assert (await perform(again)).status_code == 200
    assert (await perform([*first[:2], again[2], *first[3:]])).status_code == 200
