"""Sanic's way into the data plane."""

from __future__ import annotations

from collections.abc import Callable

from sanic import Blueprint, Request

from proxy.downstream import Downstream
from proxy.handler import DataPlane

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def blueprint(
    downstream_of: Callable[[Request], Downstream], plane: Callable[[], DataPlane]
) -> Blueprint:
    """`/v1/*`: every path and method, since the refusal of one is the data plane's as well.

    `plane` is asked for each request: its parts live in the worker's event loop, which runs later.
    """
    proxy = Blueprint("proxy", url_prefix="/v1")

    async def forward(request: Request, path: str = "") -> None:
        await plane().handle(downstream_of(request))

    proxy.add_route(forward, "/<path:path>", methods=_METHODS, stream=True, name="forward")
    proxy.add_route(forward, "/", methods=_METHODS, stream=True, name="root")
    return proxy
