"""Requests that a test begins as the server does: driven by plain calls, or in a task."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from proxy.driving import Cancellable, Driven


class InATask:
    """Stands in for `Driven`: the whole of the coroutine is run by a task."""

    def __init__(
        self, coroutine: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._coroutine = coroutine
        self._loop = loop
        self._task: asyncio.Task[None] | None = None

    def step(self) -> None:
        self._task = self._loop.create_task(self._coroutine)

    def cancel(self) -> None:
        assert self._task is not None
        self._task.cancel()


class Served(asyncio.Future[None]):
    """How a request that a test began has ended. To cancel it is to cancel the request."""

    request: Cancellable

    def cancel(self, msg: Any = None) -> bool:
        self.request.cancel()
        return not self.done()


#: What `serve` runs requests by; a test's fixture changes it.
drive: type[Driven] | type[InATask] = Driven


def serve(coroutine: Coroutine[Any, Any, None]) -> Served:
    """Begin a request as the server does."""
    loop = asyncio.get_running_loop()
    served = Served(loop=loop)

    async def run() -> None:
        try:
            await coroutine
        except asyncio.CancelledError:
            asyncio.Future.cancel(served)
        except Exception as error:  # noqa: BLE001
            served.set_exception(error)
        else:
            served.set_result(None)

    served.request = driven = drive(run(), loop)
    driven.step()
    return served
