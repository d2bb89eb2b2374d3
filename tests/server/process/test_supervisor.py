"""Who is started, replaced and given up, with workers that do what a script says."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from loguru import logger

from server.process.child import Child, pause
from server.process.standby import StandbyWorker
from server.process.supervisor import CANNOT_START, Supervisor, python
from tests.fixtures.processes import processes

_PATIENCE_S: Final = 60.0


@pytest.fixture(autouse=True)
def standby_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as all serve, which real services wait with."""
    monkeypatch.setattr("server.process.supervisor._STANDBY_AFTER", 0.0)


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Levels and messages."""
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}")
    yield lines
    logger.remove(sink)


class Scripted:
    """A supervisor whose workers take line after line of `script`."""

    def __init__(self, directory: Path, *script: str, count: int = 1) -> None:
        self._told = directory / "told"
        # What other tests share is this process's child, too.
        self._others = children()
        (directory / "script").write_text("".join(f"{line}\n" for line in script))
        self.serving = 0
        self.supervisor = Supervisor(
            python("tests.server.scripted_child", "{control}", str(directory)),
            socket.create_server(("127.0.0.1", 0)),
            count=count,
            drain_seconds=0,
            on_ready=self._note,
        )

    def _note(self) -> None:
        self.serving += 1

    @property
    def told(self) -> list[int]:
        """Who was told to serve, in order."""
        return [int(line) for line in self._told.read_text().split()]

    @property
    def children(self) -> set[int]:
        """The supervisor's processes."""
        return children() - self._others

    async def until_told(self, count: int) -> list[int]:
        """Wait until so many were."""
        await until(lambda: self._told.exists() and len(self.told) >= count)
        return self.told

    async def until_standby(self, *others: int) -> int:
        """The process that stands by, which is none of these."""
        found: set[int] = set()

        def stands_by() -> bool:
            found.update(self.children - set(self.told) - set(others))
            return bool(found)

        await until(stands_by)
        (standby,) = found
        return standby

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While this lasts it runs; it ends well, and leaves nobody."""
        running = asyncio.create_task(self.supervisor.run())
        try:
            yield
        finally:
            self.supervisor.stop()
            assert await running == 0
            assert not self.children


def children() -> set[int]:
    """This process's, that run."""
    return {pid for pid, process in processes().items() if process.parent == os.getpid()}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that nobody has to sit out."""
    for name in ("supervisor._MOST_SECONDS", "supervisor._MOST_AFTER_SERVING"):
        monkeypatch.setattr(f"server.process.{name}", 0.01)
    monkeypatch.setattr("server.process.standby._MOST_SECONDS", 0.01)


def test_pauses_grow_to_a_bound() -> None:
    pauses = [pause(failures, most=30.0) for failures in (0, 1, 2, 3, 9, 10, 5000)]

    assert pauses == [0.0, 0.1, 0.2, 0.4, 25.6, 30.0, 30.0]


async def test_service_that_never_served_ends_with_the_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    impatient(monkeypatch)
    scripted = Scripted(tmp_path, "3", "3", "3", "3", "3", "")

    assert await scripted.supervisor.run() == 3

    assert (len(scripted.told), scripted.serving, scripted.children) == (5, 0, set())
    assert len([line for line in log if line.startswith("ERROR")]) == 5
    assert (
        log[-1].strip()
        == "ERROR worker exited with exit code 3 before any worker served: giving up"
    )


async def test_wrong_configuration_is_not_tried_again(tmp_path: Path) -> None:
    scripted = Scripted(tmp_path, str(CANNOT_START), "")

    assert await scripted.supervisor.run() == CANNOT_START

    assert len(scripted.told) == 1


async def test_service_that_has_served_is_never_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    impatient(monkeypatch)
    failing = ["1", str(CANNOT_START)] * 4
    scripted = Scripted(tmp_path, "", *failing, "")
    async with scripted.running():
        (first,) = await scripted.until_told(1)
        await until(lambda: scripted.serving == 1)
        os.kill(first, signal.SIGKILL)
        told = await scripted.until_told(2 + len(failing))

    assert len(set(told)) == len(told)
    errors = [line for line in log if line.startswith("ERROR")]
    assert len(errors) == 1 + len(failing)
    assert all("starting a replacement" in line for line in errors)
    # Said once, however often workers begin to serve.
    assert scripted.serving == 1


async def test_standby_takes_the_place_of_whoever_dies(tmp_path: Path) -> None:
    scripted = Scripted(tmp_path, "", "")
    async with scripted.running():
        (first,) = await scripted.until_told(1)
        standby = await scripted.until_standby()
        os.kill(first, signal.SIGKILL)

        assert await scripted.until_told(2) == [first, standby]
        # And another one stands by.
        await scripted.until_standby(first, standby)


async def test_the_first_standby_waits_and_those_after_a_death_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.process.supervisor._STANDBY_AFTER", 3600.0)
    scripted = Scripted(tmp_path, "", "")
    async with scripted.running():
        (first,) = await scripted.until_told(1)
        await until(lambda: scripted.serving == 1)
        assert scripted.children == {first}
        os.kill(first, signal.SIGKILL)
        _, second = await scripted.until_told(2)
        await scripted.until_standby(first, second)


async def test_standby_is_put_off_by_a_death_until_all_serve_again() -> None:
    started: list[asyncio.Future[None]] = []

    async def start() -> Child:
        started.append(asyncio.get_running_loop().create_future())
        await started[-1]
        raise OSError("no process")

    standby = StandbyWorker(start)
    standby.open()
    standby.want(after=0.0)
    standby.put_off()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not started

    standby.want(after=0.0)
    await until(lambda: bool(started))
    started[0].set_result(None)
    await standby.close()
    assert len(started) == 1


async def test_standby_that_dies_is_replaced_without_fuss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    impatient(monkeypatch)
    scripted = Scripted(tmp_path, "", "")
    async with scripted.running():
        (first,) = await scripted.until_told(1)
        seen: list[int] = []
        for _ in range(3):
            seen.append(await scripted.until_standby(*seen))
            os.kill(seen[-1], signal.SIGKILL)
        last = await scripted.until_standby(*seen)

        assert scripted.told == [first]
        assert not [line for line in log if line.startswith(("ERROR", "WARNING"))]
        os.kill(first, signal.SIGKILL)
        assert await scripted.until_told(2) == [first, last]


async def test_standby_that_died_unnoticed_costs_one_try(tmp_path: Path) -> None:
    scripted = Scripted(tmp_path, "", "")
    async with scripted.running():
        (first,) = await scripted.until_told(1)
        standby = await scripted.until_standby()
        # Both at once, so that it may be taken before its end is known.
        os.kill(standby, signal.SIGKILL)
        os.kill(first, signal.SIGKILL)

        assert (await scripted.until_told(2))[1] not in (first, standby)


async def test_all_that_die_at_once_are_replaced(tmp_path: Path) -> None:
    scripted = Scripted(tmp_path, *[""] * 6, count=3)
    async with scripted.running():
        first = await scripted.until_told(3)
        standby = await scripted.until_standby()
        for pid in first:
            os.kill(pid, signal.SIGKILL)

        told = await scripted.until_told(6)
        assert standby in told[3:]
        await scripted.until_standby(*told)
