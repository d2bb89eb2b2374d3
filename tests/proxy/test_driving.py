"""A driven request: plain calls while it waits for waiters, a task from anything else on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from proxy.driving import Driven, Waiter, current, in_a_task


def drive(coroutine: Coroutine[Any, Any, None]) -> Driven:
    driven = Driven(coroutine, asyncio.get_running_loop())
    driven.step()
    return driven


class Steps:
    """What a request did, in its order; `waiter` is what it waits for first."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.waiter: Waiter[str] = Waiter()
        self.ended = asyncio.Event()

    async def request(self, then: Callable[[], Coroutine[Any, Any, Any]] | None = None) -> None:
        try:
            self.seen.append("begun")
            self.seen.append(await self.waiter)
            if then is not None:
                self.seen.append(await then())
        except BaseException as raised:  # noqa: BLE001  (all that it can be ended by)
            self.seen.append(type(raised))
        finally:
            self.ended.set()


async def test_a_waiter_steps_its_request_on_within_the_call_that_wakes_it() -> None:
    steps = Steps()
    before = len(asyncio.all_tasks())
    drive(steps.request())
    assert steps.seen == ["begun"]
    steps.waiter.wake("woken")
    assert steps.seen == ["begun", "woken"]
    assert len(asyncio.all_tasks()) == before


async def test_a_failure_is_raised_within_the_call_that_tells_of_it() -> None:
    steps = Steps()
    drive(steps.request())
    steps.waiter.fail(KeyError())
    assert steps.seen == ["begun", KeyError]


async def test_what_has_happened_already_is_not_waited_for() -> None:
    steps = Steps()
    steps.waiter.wake("before")
    drive(steps.request())
    assert steps.seen == ["begun", "before"]


async def test_a_wait_ends_once() -> None:
    steps = Steps()
    drive(steps.request())
    steps.waiter.wake("first")
    steps.waiter.wake("second")
    steps.waiter.fail(KeyError())
    assert not steps.waiter.cancel()
    assert steps.seen == ["begun", "first"]


async def test_a_task_may_wait_for_a_waiter() -> None:
    steps = Steps()
    task = asyncio.create_task(steps.request())
    await asyncio.sleep(0)
    steps.waiter.wake("woken")
    assert steps.seen == ["begun"]
    await task
    assert steps.seen == ["begun", "woken"]


async def test_a_task_that_waits_for_a_waiter_can_be_cancelled() -> None:
    steps = Steps()
    task = asyncio.create_task(steps.request())
    await asyncio.sleep(0)
    task.cancel()
    await task
    assert steps.seen == ["begun", asyncio.CancelledError]
    assert steps.waiter.done


@pytest.mark.parametrize("foreign", ["a future", "a turn", "a lock", "a timeout"])
async def test_the_rest_is_a_task_from_the_first_other_wait_on(foreign: str) -> None:
    steps, future = Steps(), asyncio.get_running_loop().create_future()
    lock, second, test = asyncio.Lock(), Waiter[str](), asyncio.current_task()
    await lock.acquire()

    async def other() -> str:
        if foreign == "a future":
            await future
        elif foreign == "a turn":
            await asyncio.sleep(0)
        elif foreign == "a lock":
            async with lock:
                pass
        else:
            await in_a_task()
            async with asyncio.timeout(60):
                await future
        assert asyncio.current_task() not in (None, test)
        return await second

    drive(steps.request(other))
    steps.waiter.wake("woken")
    future.set_result(None)
    lock.release()
    for _ in range(5):
        await asyncio.sleep(0)
    second.wake("in a task")
    await steps.ended.wait()
    assert steps.seen == ["begun", "woken", "in a task"]


async def test_what_a_future_raises_is_raised_in_the_rest() -> None:
    steps, future = Steps(), asyncio.get_running_loop().create_future()

    async def other() -> None:
        await future

    drive(steps.request(other))
    steps.waiter.wake("woken")
    future.set_exception(KeyError())
    await steps.ended.wait()
    assert steps.seen == ["begun", "woken", KeyError]


async def test_a_request_is_cancelled_where_it_waits_in_a_later_turn() -> None:
    steps = Steps()
    driven = drive(steps.request())
    driven.cancel()
    driven.cancel()
    # Woken in the same turn: it is cancelled all the same, and only once.
    steps.waiter.wake("too late")
    assert steps.seen == ["begun"]
    await steps.ended.wait()
    assert steps.seen == ["begun", asyncio.CancelledError]


@pytest.mark.parametrize("turns", range(3))
async def test_a_request_that_became_a_task_is_cancelled_with_what_it_awaits(turns: int) -> None:
    steps, future = Steps(), asyncio.get_running_loop().create_future()

    async def other() -> None:
        await future

    driven = drive(steps.request(other))
    steps.waiter.wake("woken")
    for _ in range(turns):
        await asyncio.sleep(0)
    driven.cancel()
    await steps.ended.wait()
    assert steps.seen == ["begun", "woken", asyncio.CancelledError]
    assert future.cancelled()


@pytest.mark.parametrize("foreign", [False, True])
async def test_a_request_that_cancels_itself_is_cancelled_at_its_next_wait(foreign: bool) -> None:
    steps, second = Steps(), Waiter[str]()

    async def other() -> None:
        running = current()
        assert running is driven
        running.cancel()
        steps.seen.append("goes on")
        await (asyncio.get_running_loop().create_future() if foreign else second)

    driven = drive(steps.request(other))
    steps.waiter.wake("woken")
    await steps.ended.wait()
    assert steps.seen == ["begun", "woken", "goes on", asyncio.CancelledError]


async def test_a_request_that_steps_another_is_itself_again_afterwards() -> None:
    inner, seen = Steps(), list[object]()

    async def outer() -> None:
        before = current()
        inner.waiter.wake("by the other one")
        seen.append(current() is before)

    drive(inner.request())
    drive(outer())
    assert inner.seen == ["begun", "by the other one"]
    assert seen == [True]
    assert current() is asyncio.current_task()
