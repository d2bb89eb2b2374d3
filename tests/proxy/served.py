"""Requests that a test begins as the server does: driven by plain calls, or in a task."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from proxy.driving import Cancellable, Driven


class Served(asyncio.Future[None]):
    """How a request that a test began has ended. To cancel it is to cancel the request."""

    request: Cancellable

    def cancel(self, msg: Any = None) -> bool:
        self.request.cancel()
        return not self.done()


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

    served.request = driven = Driven()
    driven.drive(run())
    return served
