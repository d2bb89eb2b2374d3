"""How often `/metrics` is made, by a clock that the test moves."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Final

import pytest

from telemetry import scrapes
from telemetry.scrapes import Scrapes

_PATIENCE_S: Final = 60


class Worker:
    """Requests that end, and texts that say how many of them they hold."""

    def __init__(self) -> None:
        self.ended = 0
        self.flushed = 0
        self.made = 0
        self.makes = threading.Event()
        self.go = threading.Event()
        self.go.set()
        self.threads: set[int] = set()
        self.scrapes = Scrapes(self.flush, lambda: self.ended, self.make)

    def flush(self) -> int:
        self.flushed = self.ended
        return self.flushed

    def make(self) -> bytes:
        self.made += 1
        text = b"%d requests, text %d" % (self.flushed, self.made)
        self.threads.add(threading.get_ident())
        self.makes.set()
        assert self.go.wait(_PATIENCE_S)
        return text


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker()
    yield worker
    worker.go.set()
    await worker.scrapes.close()


async def test_those_who_ask_together_share_one_text_made_off_the_loop(worker: Worker) -> None:
    worker.ended = 5
    texts = await asyncio.gather(*(worker.scrapes.current() for _ in range(100)))
    assert set(texts) == {b"5 requests, text 1"}
    assert threading.get_ident() not in worker.threads


async def test_while_nothing_ends_a_text_is_good_for_a_second(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrapes, "_EVERY", 1000.0)
    for _ in range(50):
        assert await worker.scrapes.current() == b"0 requests, text 1"
    # As if the time were over.
    worker.scrapes._as_of -= 1001
    worker.scrapes._next -= 1001
    assert await worker.scrapes.current() == b"0 requests, text 2"


async def test_a_request_that_has_ended_is_in_the_text_and_that_waits_for_its_time(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrapes, "_EVERY", 1000.0)
    await worker.scrapes.current()
    worker.ended = 1
    asking = [asyncio.create_task(worker.scrapes.current()) for _ in range(20)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert worker.made == 1
    assert not any(task.done() for task in asking)
    await worker.scrapes.close()
    worker.scrapes._next -= 1001
    again = asyncio.create_task(worker.scrapes.current())
    assert await again == b"1 requests, text 2"
    for task in asking:
        task.cancel()


async def test_who_asks_while_one_is_made_without_his_request_waits_for_the_next(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrapes, "_EVERY", 0.0)
    worker.go.clear()
    first = asyncio.create_task(worker.scrapes.current())
    assert await asyncio.to_thread(worker.makes.wait, _PATIENCE_S)
    worker.ended = 1
    second = asyncio.create_task(worker.scrapes.current())
    first.cancel()
    await asyncio.sleep(0)
    worker.go.set()
    assert await second == b"1 requests, text 2"


async def test_a_failure_is_told_to_those_who_wait_and_the_next_is_made(worker: Worker) -> None:
    broken = Scrapes(worker.flush, lambda: 0, lambda: 1 // 0)  # type: ignore[arg-type,return-value]
    with pytest.raises(ZeroDivisionError):
        await broken.current()
    broken._make = worker.make
    broken._next = 0.0
    assert await broken.current() == b"0 requests, text 1"
