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
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar, cast

import msgspec

from proxy.settable import settable

T = TypeVar("T")


class Cancellable(Protocol):
    """A request that can be ended from outside: a `Driven` or a task."""

    def cancel(self) -> Any:
        """Raise CancelledError where it waits, in a later turn of the loop."""
        ...


def _nobody() -> None:
    """What a waiter steps on that nobody waits for yet."""


@settable
class Waiter(msgspec.Struct, Generic[T], eq=False):
    """What one request waits for, once. To a task it is a future.

    `wake` and `fail` step a driven request on before they return, so they are called last. It is a
    struct, as are others of which each request makes one: it is made by C.
    """

    #: Steps on what waits; None once the wait has ended, after which nothing changes it.
    resume: Callable[[], object] | None = _nobody
    _value: T = cast(T, None)
    _error: BaseException | None = None
    _failed: bool = False
    #: What a task looks at, and takes back.
    _asyncio_future_blocking: bool = True

    @property
    def done(self) -> bool:
        """Whether it was woken, has failed or was cancelled."""
        return self.resume is None

    @property
    def woken(self) -> bool:
        """Whether it was woken, and so has a result, whoever is there to take it."""
        return self.resume is None and not self._failed

    def wake(self, value: T = None) -> None:  # type: ignore[assignment]
        """End the wait; it returns `value`."""
        resume = self.resume
        if resume is not None:
            self._value = value
            self.resume = None
            resume()

    def fail(self, error: BaseException) -> None:
        """End the wait; it raises `error`."""
        resume = self.resume
        if resume is not None:
            self._raise(error)
            # Its traceback may lead to this frame (since Python 3.12), and so to itself.
            del error
            resume()

    def _raise(self, error: BaseException) -> None:
        self._error = error
        self._failed = True
        self.resume = None

    def __await__(self) -> Generator[Waiter[T], None, T]:
        if self.resume is not None:
            yield self
        return self._value if self._error is None else self.result()

    def cancel(self, msg: object = None) -> bool:
        """Raise CancelledError where it is awaited, in a later turn of the loop."""
        resume = self.resume
        if resume is None:
            return False
        self._raise(asyncio.CancelledError())
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
        # Another task may come to wait for it.
        self._asyncio_future_blocking = True

        def later() -> None:
            loop.call_soon(callback, self, context=context)

        if self.resume is None:
            later()
        else:
            self.resume = later


_Steps: TypeAlias = Generator[Any, Any, None] | Coroutine[Any, Any, None]


class Driven(msgspec.Struct, eq=False, kw_only=True):
    """A request whose coroutine is stepped by plain calls for as long as it awaits nothing but
    waiters.
    """

    _steps: Generator[Any, Any, None] = cast(Generator[Any, Any, None], None)
    _task: asyncio.Task[None] | None = None
    #: What it waits for, where that is not a task's.
    waits_for: Cancellable | None = None
    #: Whether it is to be cancelled at its next wait.
    cancelled: bool = False
    #: Called when its client leaves, where it goes on without; else it is cancelled then.
    on_leave: Callable[[], None] | None = None
    #: Whether it goes on when its coroutine ends: whoever set it calls `ended`, or has it `drive`
    #: another one.
    goes_on: bool = False

    def drive(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Begin: run it until its first wait, or to its end."""
        # As an iterator it ends without an exception that is made and caught.
        self._steps = coroutine.__await__()
        self.goes_on = False
        self.step()

    def step(self) -> None:
        """Run it until its next wait, or to its end."""
        self.waits_for = None
        try:
            awaited = next(self._steps, _ENDED)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001
            self.ended(error)
            return
        if isinstance(awaited, Waiter):
            self.waits_for = awaited
            awaited.resume = self.step
            if self.cancelled:
                self.cancelled = False
                awaited.cancel()
        elif awaited is _ENDED:
            if not self.goes_on:
                self.ended(None)
        else:
            self._rest_as_task(self._steps, awaited)
            if self.cancelled:
                self.cancel()

    def run_as_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Begin, in a task from the beginning."""
        self.goes_on = False
        self._rest_as_task(coroutine)

    def _rest_as_task(self, steps: _Steps, *awaited: Any) -> None:
        rest = _Rest(self, steps, [*awaited])
        self._task = asyncio.get_running_loop().create_task(rest)

    def leaves_task(self) -> None:
        """The task is over that was the rest of its coroutine, and cannot be cancelled any more."""
        self._task = None

    def ended(self, error: BaseException | None) -> None:
        """It has ended, maybe by an exception."""
        if error is not None:
            raise error

    def cancel(self) -> None:
        """Raise CancelledError where it waits, in a later turn of the loop."""
        if self._task is not None:
            self._task.cancel()
        elif self.waits_for is not None:
            self.waits_for.cancel()
        else:
            # It is running, and we were called by it: at its next wait.
            self.cancelled = True


def client_left(request: Cancellable) -> None:
    """The client of a request has left, which mostly is the end of it."""
    if isinstance(request, Driven) and request.on_leave is not None:
        request.on_leave()
    else:
        request.cancel()


class _Rest(Coroutine[Any, Any, None]):
    """What is left of a request that has been stepped up to `awaited`, for a task."""

    def __init__(self, request: Driven, steps: _Steps, awaited: list[Any]) -> None:
        self._request = request
        self._steps = steps
        self._awaited = awaited

    def send(self, value: Any) -> Any:
        """Step on; the first time, what it awaits already is what the task awaits."""
        return self._awaited.pop() if self._awaited else self._step(self._steps.send, value)

    def throw(self, *raised: Any) -> Any:
        """Raise where it waits."""
        if self._awaited and (cancel := getattr(self._awaited.pop(), "cancel", None)) is not None:
            # As a task does with what it awaits.
            cancel()
        try:
            return self._step(self._steps.throw, *raised)
        finally:
            # As in `Waiter.fail`.
            del raised

    def _step(self, step: Callable[..., Any], *given: Any) -> Any:
        error: BaseException | None = None
        try:
            return step(*given)
        except StopIteration:
            pass
        except (Exception, asyncio.CancelledError) as raised:  # noqa: BLE001
            error = raised
        # It refers to the task, and that to it.
        self._request.leaves_task()
        try:
            if error is not None or not self._request.goes_on:
                self._request.ended(error)
        finally:
            # They refer to this frame.
            del error, given
        raise StopIteration

    def close(self) -> None:
        """End it where it waits."""
        self._steps.close()

    def __await__(self) -> Generator[Any, None, None]:
        raise TypeError("it is for a task")


async def in_a_task() -> None:
    """Go on in a task of one's own: `asyncio.timeout` and the like know nothing else."""
    await asyncio.sleep(0)


_ENDED: Final = object()
