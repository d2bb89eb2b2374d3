"""Sanic's way into the data plane."""

from __future__ import annotations

from collections.abc import Callable

from sanic import Blueprint, Request

from proxy.downstream import Downstream
from proxy.handler import DataPlane

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def blueprint(downstream_of: Callable[[Request], Downstream]) -> Blueprint:
    """`/v1/*`: every path and method, since the refusal of one is the data plane's as well.

    The plane itself is `app.ctx.data_plane`, made when the worker starts, because its parts live
    in the worker's event loop.
    """
    proxy = Blueprint("proxy", url_prefix="/v1")

    async def forward(request: Request, path: str = "") -> None:
        plane: DataPlane = request.app.ctx.data_plane
        await plane.handle(downstream_of(request))

    proxy.add_route(forward, "/<path:path>", methods=_METHODS, stream=True, name="forward")
    proxy.add_route(forward, "/", methods=_METHODS, stream=True, name="root")
    return proxy
