"""Calls of middlewares, each by itself: what one does wrong harms its own request alone.

Whatever it raises, and what it returns that it must not, becomes `MiddlewareFailed`. A `request`
hook has MIDDLEWARE_TIMEOUT; one that does not end even when it is cancelled is abandoned. What is
logged is where it failed and with what kind of exception, and not its message: that may quote what
people asked.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from collections.abc import Callable, Coroutine, Generator
from inspect import isawaitable, iscoroutine
from time import monotonic
from types import TracebackType
from typing import Any, Final, Literal, TypeAlias

from loguru import logger

from proxy.errors import MiddlewareFailed, MiddlewareRefused
from proxy.middleware.interface import Misused
from proxy.middleware.loading import Loaded
from proxy.middleware.view import RequestView
from proxy.middleware.watchdog import Held

#: Calls that never end, of one middleware in one worker; then it is not called any more.
ABANDONED_MAX: Final = 1_000
#: A middleware that fails fails in each request: this often per second its failure is logged.
_LOGGED_EVERY_S: Final = 1.0
_FRAMES_MAX: Final = 12

Reason: TypeAlias = Literal["raised", "timeout", "misused", "abandoned", "unlooked"]


class _Wrong:
    """What a guarded call has raised. Raised itself it could end the process."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


class _Marked:
    """Awaits a coroutine, and marks each of its steps as the middleware's."""

    __slots__ = ("_coroutine", "_held", "_name", "_request_id")

    def __init__(
        self, coroutine: Coroutine[Any, Any, Any], held: Held, name: str, request_id: str
    ) -> None:
        self._coroutine = coroutine
        self._held = held
        self._name = name
        self._request_id = request_id

    def __await__(self) -> Generator[Any, Any, Any]:
        coroutine, held = self._coroutine, self._held
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            step = held.begin(self._name, "request", self._request_id)
            try:
                awaited = coroutine.send(sent) if thrown is None else coroutine.throw(thrown)
            except StopIteration as ended:
                return ended.value
            finally:
                held.end(step)
            sent = thrown = None
            try:
                sent = yield awaited
            except BaseException as exc:  # noqa: BLE001  (whatever it is, it is for the coroutine)
                thrown = exc


class Calls:
    """Those of one worker. `timeout` in seconds."""

    def __init__(self, held: Held, timeout: float) -> None:
        self._held = held
        self._timeout = timeout
        self._failures: Counter[tuple[str, str]] = Counter()
        #: When a failure was logged last, and how many were not since.
        self._logged: dict[tuple[str, str, str], float] = {}
        self._unlogged: Counter[tuple[str, str, str]] = Counter()

    def take_failures(self) -> Counter[tuple[str, str]]:
        """How many there were since this was asked last, by middleware and reason."""
        failures, self._failures = self._failures, Counter()
        return failures

    async def ask(self, one: Loaded, view: RequestView, request_id: str) -> None:
        """Call a `request` hook. Raises MiddlewareFailed, and MiddlewareRefused where it asks."""
        if len(one.abandoned) >= ABANDONED_MAX:
            raise self.failed(
                one, "request", request_id, "abandoned", "is not called: its calls do not end"
            )
        task = asyncio.get_running_loop().create_task(
            self._guarded(one, view, request_id), name=f"middleware {one.name}"
        )
        try:
            await asyncio.wait((task,), timeout=self._timeout)
        except BaseException:
            # The request itself was cancelled: nobody waits for this any more.
            self._abandon(one, task)
            raise
        if not task.done():
            self._abandon(one, task)
            said = f"did not return within MIDDLEWARE_TIMEOUT, {self._timeout:g} s"
            raise self.failed(one, "request", request_id, "timeout", said)
        returned = task.result()
        refused, view.refused = view.refused, None
        if refused is not None:
            raise refused.with_traceback(None)
        if isinstance(returned, _Wrong):
            raise self._raised(one, "request", request_id, returned.error)
        if returned is not None:
            said = f"returned {type(returned).__name__}, where it returns nothing"
            raise self.failed(one, "request", request_id, "misused", said)

    async def _guarded(self, one: Loaded, view: RequestView, request_id: str) -> Any:
        try:
            return await _Marked(_call(one, view), self._held, one.name, request_id)
        except MiddlewareRefused as refused:
            # The view knows of it, unless it was not the view that raised it.
            return None if view.refused is not None else _Wrong(refused)
        except BaseException as exc:  # noqa: BLE001  (its SystemExit would end the worker)
            return _Wrong(exc)

    def _abandon(self, one: Loaded, task: asyncio.Task[Any]) -> None:
        one.abandoned.add(task)
        task.add_done_callback(one.abandoned.discard)
        task.cancel()

    def now(
        self, one: Loaded, hook: str, call: Callable[..., Any], request_id: str, *arguments: Any
    ) -> Any:
        """Call a hook that is no coroutine; what it returned. Raises MiddlewareFailed."""
        step = self._held.begin(one.name, hook, request_id)
        try:
            returned = call(*arguments)
        except BaseException as exc:  # noqa: BLE001  (its SystemExit would end the worker)
            raise self._raised(one, hook, request_id, exc) from None
        finally:
            self._held.end(step)
        if isawaitable(returned):
            if iscoroutine(returned):
                returned.close()
            raise self.failed(one, hook, request_id, "misused", "must not be async")
        return returned

    def _raised(
        self, one: Loaded, hook: str, request_id: str, error: BaseException
    ) -> MiddlewareFailed:
        if isinstance(error, Misused):
            said = f"asked for what it cannot have: {error}"
            return self.failed(one, hook, request_id, "misused", said, error=error)
        return self.failed(
            one, hook, request_id, "raised", f"raised {type(error).__qualname__}", error=error
        )

    def failed(
        self,
        one: Loaded,
        hook: str,
        request_id: str,
        reason: Reason,
        said: str,
        *,
        error: BaseException | None = None,
    ) -> MiddlewareFailed:
        """Count and log a failure; what the client gets of it does not say which middleware."""
        self._failures[one.name, reason] += 1
        kind = one.name, hook, said
        now = monotonic()
        if now - self._logged.get(kind, -_LOGGED_EVERY_S) < _LOGGED_EVERY_S:
            self._unlogged[kind] += 1
        else:
            if len(self._logged) > ABANDONED_MAX:
                self._logged.clear()
                self._unlogged.clear()
            self._logged[kind] = now
            more = self._unlogged.pop(kind, 0)
            logger.bind(request_id=request_id).error(
                "middleware {} in {} {}{}{}",
                one.name,
                hook,
                said,
                f" (and {more} times more since it was logged last)" if more else "",
                "" if error is None else _places(error.__traceback__),
            )
        return MiddlewareFailed(
            "The proxy's middleware failed, so that the request was not served."
        )

    def let_go(self, loaded: tuple[Loaded, ...]) -> None:
        """The worker ends: what never ends must not keep it."""
        for one in loaded:
            for task in one.abandoned:
                # `asyncio.Runner` would wait for it.
                asyncio.tasks._unregister_task(task)
                task._log_destroy_pending = False  # type: ignore[attr-defined]


async def _call(one: Loaded, view: RequestView) -> Any:
    assert one.request is not None  # noqa: S101  (only those that have it are called)
    returned = one.request(view)
    if not isawaitable(returned):
        raise Misused("request must be async")
    return await returned


def _places(trace: TracebackType | None) -> str:
    """The traceback without what was raised, and without our own part of it."""
    frames = [
        frame
        for frame in traceback.extract_tb(trace, limit=-_FRAMES_MAX)
        if not frame.filename.endswith(_OWN_FILES)
    ]
    return "\n" + "".join(traceback.format_list(frames)).rstrip() if frames else ""


_OWN_FILES: Final = ("proxy/middleware/calling.py", "proxy/middleware/view.py")
