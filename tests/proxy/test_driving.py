"""A driven request: plain calls while it waits for waiters, a task from anything else on."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Coroutine, Iterator
from contextvars import ContextVar
from typing import Any, Literal

import pytest

from proxy.driving import Driven, Waiter, in_a_task


def drive(coroutine: Coroutine[Any, Any, None]) -> Driven:
    driven = Driven()
    driven.drive(coroutine)
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


async def test_of_two_ends_before_anybody_waits_the_first_counts() -> None:
    woken, failed, cancelled = Waiter[str](), Waiter[str](), Waiter[str]()
    woken.wake("first")
    failed.fail(KeyError())
    assert cancelled.cancel()
    for waiter in (woken, failed, cancelled):
        waiter.wake("second")
        waiter.fail(ValueError())
        assert not waiter.cancel()
    assert [waiter.woken for waiter in (woken, failed, cancelled)] == [True, False, False]
    assert await woken == "first"
    with pytest.raises(KeyError):
        await failed
    with pytest.raises(asyncio.CancelledError):
        await cancelled


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Only what nothing refers to any more goes away."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("end", ["wake", "fail", "cancel"])
@pytest.mark.parametrize("by", ["calls", "calls and then a task", "a task"])
async def test_a_wait_that_has_ended_keeps_nothing_of_its_request(
    end: Literal["wake", "fail", "cancel"], by: Literal["calls", "calls and then a task", "a task"]
) -> None:
    """Its frames hold a client's body, so they are not to wait for the garbage collector."""

    class Body:
        pass

    async def request(waiter: Waiter[str], body: Body) -> None:
        if by == "calls and then a task":
            await in_a_task()
        try:
            await waiter
        except (KeyError, asyncio.CancelledError):
            assert body is not None

    waiter = Waiter[str]()
    body = Body()
    coroutine = request(waiter, body)
    left: list[Callable[[], object]] = [weakref.ref(body), weakref.ref(coroutine)]
    del body
    running: Driven | asyncio.Task[None]
    running = asyncio.create_task(coroutine) if by == "a task" else drive(coroutine)
    for _ in range(3):
        await asyncio.sleep(0)
    del coroutine
    if end == "wake":
        waiter.wake("woken")
    elif end == "fail":
        waiter.fail(KeyError())
    else:
        running.cancel()
    del running
    for _ in range(3):
        await asyncio.sleep(0)
    assert [one() for one in left] == [None, None]
    assert waiter.done


async def test_a_task_goes_on_in_its_own_context() -> None:
    of_the_task, waiter = ContextVar[str]("of_the_task"), Waiter[str]()

    async def request() -> str:
        of_the_task.set("its own")
        await waiter
        return of_the_task.get("another's")

    task = asyncio.create_task(request())
    await asyncio.sleep(0)
    waiter.wake("woken")
    assert await task == "its own"


async def test_whoever_asks_a_wait_that_has_ended_is_called_in_the_next_turn() -> None:
    waiter, called = Waiter[str](), list[Waiter[str]]()
    waiter.wake("woken")
    waiter.add_done_callback(called.append)
    assert called == []
    await asyncio.sleep(0)
    assert called == [waiter]


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
            assert asyncio.current_task() not in (None, test)
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


@pytest.mark.parametrize("turns", range(3))
async def test_a_task_that_is_cancelled_may_wait_for_what_it_has_to_tidy_up(turns: int) -> None:
    steps, future = Steps(), asyncio.get_running_loop().create_future()
    tidied = asyncio.get_running_loop().create_future()

    async def other() -> None:
        try:
            await future
        finally:
            steps.seen.append(await tidied)

    driven = drive(steps.request(other))
    steps.waiter.wake("woken")
    for _ in range(turns):
        await asyncio.sleep(0)
    driven.cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    tidied.set_result("tidied up")
    await steps.ended.wait()
    assert steps.seen == ["begun", "woken", "tidied up", asyncio.CancelledError]


async def test_one_that_cancels_itself_may_as_well() -> None:
    steps, second, tidied = Steps(), Waiter[str](), Waiter[str]()

    async def other() -> None:
        driven.cancel()
        try:
            await second
        finally:
            steps.seen.append(await tidied)

    driven = drive(steps.request(other))
    steps.waiter.wake("woken")
    await asyncio.sleep(0)
    tidied.wake("tidied up")
    await steps.ended.wait()
    assert steps.seen == ["begun", "woken", "tidied up", asyncio.CancelledError]


@pytest.mark.parametrize("foreign", [False, True])
async def test_a_request_that_cancels_itself_is_cancelled_at_its_next_wait(foreign: bool) -> None:
    steps, second = Steps(), Waiter[str]()

    async def other() -> None:
        driven.cancel()
        steps.seen.append("goes on")
        await (asyncio.get_running_loop().create_future() if foreign else second)

    driven = drive(steps.request(other))
    steps.waiter.wake("woken")
    await steps.ended.wait()
    assert steps.seen == ["begun", "woken", "goes on", asyncio.CancelledError]


@pytest.mark.parametrize("became_a_task", [False, True])
@pytest.mark.parametrize("early", [False, True])
async def test_one_that_goes_on_behind_its_coroutine_is_cancelled_where_it_waits_then(
    became_a_task: bool, early: bool
) -> None:
    run, steps = Driven(), Steps()

    async def first() -> None:
        if became_a_task:
            await in_a_task()
        run.goes_on = True

    run.drive(first())
    for _ in range(4):
        await asyncio.sleep(0)
    assert run.goes_on
    if early:
        run.cancel()
    run.drive(steps.request())
    if not early:
        run.cancel()
    async with asyncio.timeout(5):
        await steps.ended.wait()
    assert steps.seen == ["begun", asyncio.CancelledError]
