"""Requests that are driven by plain calls, and become asyncio tasks only where they must.

A task, its context and a future for each wait cost more than most of what a request does. So the
server steps the coroutine of a request itself, from where its bytes arrive (`Driven`), and what the
request waits for steps it on, also by a plain call (`Waiter`): an answer goes from the upstream's
`data_received` to the client's `write` without a turn of the loop in between. Whatever else it
awaits (a future, a look-up in the database, a dial) makes the rest of it an ordinary task. The code
of the request is the same in both, and may also be awaited by a task from its beginning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

T = TypeVar("T")


class Cancellable(Protocol):
    """A request that can be ended from outside: a `Driven` or a task."""

    def cancel(self) -> Any:
        """Raise CancelledError where it waits, in a later turn of the loop."""
        ...


class Waiter(msgspec.Struct, Generic[T], eq=False):
    """What one request waits for, once. To a task it is a future.

    `wake` and `fail` step a driven request on before they return, so they are called last. It is a
    struct, as are others of which each request makes one: it is made by C.
    """

    #: Whether it was woken, has failed or was cancelled; from then on nothing changes it.
    done: bool = False
    #: Whether it was woken, and so has a result, whoever is there to take it.
    woken: bool = False
    _resume: Callable[[], object] | None = None
    _error: BaseException | None = None
    _value: T = cast(T, None)
    #: What a task looks at, which takes it back; a driven request need not set it.
    _asyncio_future_blocking: bool = True

    def wake(self, value: T = None) -> None:  # type: ignore[assignment]
        """End the wait; it returns `value`."""
        if not self.done:
            if value is not None:
                self._value = value
            self.done = self.woken = True
            resume, self._resume = self._resume, None
            if resume is not None:
                resume()

    def fail(self, error: BaseException) -> None:
        """End the wait; it raises `error`."""
        if not self.done:
            self._error = error
            self.done = True
            resume, self._resume = self._resume, None
            if resume is not None:
                resume()

    def __await__(self) -> Generator[Waiter[T], None, T]:
        if not self.done:
            if not self._asyncio_future_blocking:
                self._asyncio_future_blocking = True
            yield self
        return self._value if self._error is None else self.result()

    def cancel(self, msg: object = None) -> bool:
        """Raise CancelledError where it is awaited, in a later turn of the loop."""
        if self.done:
            return False
        self.done = True
        self._error = asyncio.CancelledError()
        resume, self._resume = self._resume, None
        if resume is not None:
            asyncio.get_running_loop().call_soon(resume)
        return True

    # What a task asks of a future

    def result(self) -> T:
        """What the wait returns or raises, once it has ended."""
        if self._error is not None:
            error, self._error = self._error, None
            try:
                raise error
            finally:
                # It refers to this frame, and to all above it: to the request and its body.
                del error
        return self._value

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The running loop."""
        return asyncio.get_running_loop()

    def add_done_callback(
        self, callback: Callable[[Any], object], *, context: Context | None = None
    ) -> None:
        """Have a task's `callback` called in the turn after the wait has ended."""
        loop = asyncio.get_running_loop()

        def later() -> None:
            loop.call_soon(callback, self, context=context)

        if self.done:
            later()
        else:
            self._resume = later


class Driven(msgspec.Struct, eq=False):
    """A coroutine that is stepped by plain calls for as long as it awaits nothing but waiters.

    It must raise nothing but BaseExceptions that end the process.
    """

    _coroutine: Coroutine[Any, Any, None]
    _loop: asyncio.AbstractEventLoop
    _cancelled: bool = False
    _waiter: Waiter[Any] | None = None
    _task: asyncio.Task[None] | None = None
    #: Called when its client leaves, where it goes on without; else it is cancelled then.
    on_leave: Callable[[], None] | None = None

    def step(self) -> None:
        """Run it until its next wait, or to its end."""
        global _current  # noqa: PLW0603  (as asyncio's own, which knows tasks only)
        self._waiter = None
        before, _current = _current, self
        try:
            awaited = self._coroutine.send(None)
        except StopIteration:
            return
        finally:
            _current = before
        if isinstance(awaited, Waiter):
            self._waiter = awaited
            awaited._resume = self.step
            if self._cancelled:
                self._cancelled = False
                awaited.cancel()
            return
        self._task = self._loop.create_task(_Rest(self._coroutine, awaited))
        if self._cancelled:
            self._task.cancel()

    def cancel(self) -> None:
        """Raise CancelledError where it waits, in a later turn of the loop."""
        if self._task is not None:
            self._task.cancel()
        elif self._waiter is not None:
            self._waiter.cancel()
        else:
            # It is running, and we were called by it: at its next wait.
            self._cancelled = True


def client_left(request: Cancellable) -> None:
    """The client of a request has left, which mostly is the end of it."""
    if isinstance(request, Driven) and request.on_leave is not None:
        request.on_leave()
    else:
        request.cancel()


class _Rest(Coroutine[Any, Any, None]):
    """What is left of a coroutine that has been stepped up to `awaited`, for a task."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], awaited: Any) -> None:
        self._coroutine = coroutine
        self._awaited: list[Any] = [awaited]

    def send(self, value: Any) -> Any:
        """Step on; the first time, what it awaits already is what the task awaits."""
        return self._awaited.pop() if self._awaited else self._coroutine.send(value)

    def throw(self, *raised: Any) -> Any:
        """Raise where it waits."""
        if self._awaited and (cancel := getattr(self._awaited.pop(), "cancel", None)) is not None:
            # As a task does with what it awaits.
            cancel()
        return self._coroutine.throw(*raised)

    def close(self) -> None:
        """End it where it waits."""
        self._coroutine.close()

    def __await__(self) -> Generator[Any, None, None]:
        raise TypeError("it is for a task")


async def in_a_task() -> None:
    """Go on in a task of one's own: `asyncio.timeout` and the like know nothing else."""
    if _current is not None:
        await asyncio.sleep(0)


_current: Driven | None = None


def current() -> Cancellable | None:
    """The request, driven or a task, whose code is running."""
    return _current or asyncio.current_task()
