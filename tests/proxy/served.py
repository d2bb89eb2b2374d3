"""Requests that a test begins as the server does: driven by plain calls, or in a task."""

from __future__ import annotations

import asyncio
from typing import Any

from proxy.downstream import Downstream
from proxy.driving import Cancellable, Driven
from proxy.handler import DataPlane


class Served(asyncio.Future[None]):
    """How a request that a test began has ended. To cancel it is to cancel the request."""

    request: Cancellable

    def cancel(self, msg: Any = None) -> bool:
        self.request.cancel()
        return not self.done()


class _Run(Driven, eq=False, kw_only=True):
    served: Served

    def ended(self, error: BaseException | None) -> None:
        served = self.served
        if served.done():
            return
        if isinstance(error, asyncio.CancelledError):
            asyncio.Future.cancel(served)
        elif error is not None:
            served.set_exception(error)
        else:
            served.set_result(None)


def serve(plane: DataPlane, client: Downstream) -> Served:
    """Begin a request as the server does."""
    served = Served(loop=asyncio.get_running_loop())
    served.request = run = _Run(served=served)
    if (begun := plane.begin(client, run)) is not None:
        run.drive(plane.handle(begun))
    return served
