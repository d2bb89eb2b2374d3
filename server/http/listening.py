"""The server that accepts clients, with Sanic's listeners around it."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

from sanic.server.async_server import AsyncioServer

from server.http.connection import ClientConnection

if TYPE_CHECKING:
    from server.context import App


async def listen(
    app: App, sock: socket.socket, *, backlog: int = 100, start_serving: bool = True
) -> AsyncioServer:
    """A server on `sock` of our connections, which begins with `app`'s startup."""
    loop = asyncio.get_running_loop()

    def connect(**_: object) -> ClientConnection:
        """For one client. What Sanic hands to its own protocols is not needed."""
        return ClientConnection(app, loop)

    factory: Any = connect
    server = await app.create_server(
        sock=sock,
        protocol=factory,
        return_asyncio_server=True,
        backlog=backlog,
        asyncio_server_kwargs={"start_serving": start_serving},
    )
    if server is None:
        raise RuntimeError("Sanic made no server")
    # Requests come through its ASGI callable, which wants to be told.
    app.asgi = True
    return server
