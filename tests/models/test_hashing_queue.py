"""Who is hashed when many wait, told by the order in which the work is begun."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Final

import pytest

from models.errors import TooManyHashes
from models.hashing_queue import AT_ONCE, MOST, MOST_OF_CLIENT, HashingQueue

_PATIENCE_S: Final = 60


class Bench:
    """A queue whose work lasts until it is let go, and what was begun, in order."""

    def __init__(self) -> None:
        self.queue = HashingQueue()
        self.begun: list[str] = []
        self.go = threading.Semaphore(0)
        self.tasks: list[asyncio.Task[str]] = []

    def ask(self, client: str, name: str = "", suspicion: float = 0.0) -> asyncio.Task[str]:
        """Have something of `client` hashed."""
        task = asyncio.create_task(
            self.queue.run(client, self._work(name or client), suspicion=suspicion)
        )
        self.tasks.append(task)
        return task

    def _work(self, name: str) -> Callable[[], str]:
        def work() -> str:
            self.begun.append(name)
            assert self.go.acquire(timeout=_PATIENCE_S)
            return name

        return work

    async def finish(self) -> list[str | BaseException]:
        """Let everything go."""
        self.go.release(1000)
        return await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.finish()


async def _busy(bench: Bench) -> None:
    """All threads are taken by work of no client."""
    for number in range(AT_ONCE):
        bench.ask("first", f"first {number}")
    await asyncio.sleep(0)


async def test_clients_take_turns(bench: Bench) -> None:
    await _busy(bench)
    for number in range(MOST_OF_CLIENT):
        bench.ask("flood", f"flood {number}")
    bench.ask("honest")
    await asyncio.sleep(0)
    assert len(bench.queue) == MOST_OF_CLIENT + 1
    await bench.finish()
    # Two threads may begin in either order.
    assert "honest" in bench.begun[AT_ONCE : AT_ONCE + 2 + AT_ONCE - 1]
    assert len(bench.begun) == AT_ONCE + MOST_OF_CLIENT + 1


async def test_one_client_may_not_fill_the_queue(bench: Bench) -> None:
    await _busy(bench)
    for number in range(MOST_OF_CLIENT + 10):
        bench.ask("flood", f"flood {number}")
    await asyncio.sleep(0)
    assert len(bench.queue) == MOST_OF_CLIENT
    answers = await bench.finish()
    assert sum(isinstance(answer, TooManyHashes) for answer in answers) == 10


async def test_in_a_full_queue_the_longest_gives_way(bench: Bench) -> None:
    await _busy(bench)
    for number in range(MOST // MOST_OF_CLIENT + 1):
        for _ in range(MOST_OF_CLIENT):
            bench.ask(f"flood {number}")
    await asyncio.sleep(0)
    assert len(bench.queue) == MOST
    honest = bench.ask("honest")
    await asyncio.sleep(0)
    assert not honest.done()
    assert len(bench.queue) == MOST
    await bench.finish()
    assert honest.result() == "honest"


async def test_in_a_queue_full_of_many_clients_those_who_failed_give_way(bench: Bench) -> None:
    await _busy(bench)
    for number in range(MOST):
        bench.ask(f"flood {number}", suspicion=1.0)
    await asyncio.sleep(0)
    honest = bench.ask("honest")
    another = bench.ask("another guesser", suspicion=1.0)
    await asyncio.sleep(0)
    await bench.finish()
    assert honest.result() == "honest"
    assert isinstance(another.exception(), TooManyHashes)


async def test_who_is_known_does_not_wait_for_strangers(bench: Bench) -> None:
    await _busy(bench)
    for number in range(MOST):
        bench.ask(f"flood {number}")
    await asyncio.sleep(0)
    known = bench.ask("known", suspicion=-1.0)
    await asyncio.sleep(0)
    await bench.finish()
    assert known.result() == "known"
    # Two threads may begin in either order.
    assert "known" in bench.begun[AT_ONCE : 2 * AT_ONCE]


async def test_whoever_leaves_makes_room_and_no_thread_is_counted_free_too_soon(
    bench: Bench,
) -> None:
    await _busy(bench)
    waiting = bench.ask("leaves")
    await asyncio.sleep(0)
    for task in (*bench.tasks[:AT_ONCE], waiting):
        task.cancel()
    await asyncio.sleep(0)
    assert len(bench.queue) == 0
    # The threads still hash for those who left.
    bench.ask("honest")
    await asyncio.sleep(0)
    assert len(bench.queue) == 1
    await bench.finish()
    assert bench.begun[-1] == "honest"


async def test_what_goes_wrong_in_a_thread_is_the_askers(bench: Bench) -> None:
    def fail() -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        await bench.queue.run("client", fail)
    assert len(bench.queue) == 0
