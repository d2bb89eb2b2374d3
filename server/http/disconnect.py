"""Whether a client has left, asked of the kernel.

A transport that reads notices by itself. One that was told to pause does not, so a client that
hangs up while its upload is held back by a slow upstream would keep both connections open.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from proxy.sockets import borrowed

# Linux's names for what TCP_INFO begins with (`tcp_states.h`).
_TCP_CLOSE: Final = 7
_TCP_CLOSE_WAIT: Final = 8


def peer_disconnected(transport: asyncio.BaseTransport) -> bool:
    """Whether the client has reset the connection, or closed its side with everything received.

    A close behind bytes that there was no room for cannot be seen by anybody on this side; then,
    and where the system tells nothing, the answer is no.
    """
    if not hasattr(socket, "TCP_INFO"):
        return False
    try:
        with borrowed(transport) as same:
            state = same.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    except OSError:
        return False
    return state in (_TCP_CLOSE, _TCP_CLOSE_WAIT)
