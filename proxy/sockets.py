"""The socket behind a transport, for options that no transport has."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

#: SO_LINGER with no time to linger: closing sends a reset.
_RESET: Final = struct.pack("ii", 1, 0)


@contextmanager
def borrowed(transport: asyncio.BaseTransport) -> Iterator[socket.socket]:
    """The transport's own socket, which stays the transport's. Raises OSError.

    uvloop shows one that takes and tells nothing. A copy would take a descriptor, and a process
    that has none left must still be able to break a connection.
    """
    descriptor = transport.get_extra_info("socket").fileno()
    same = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=descriptor)
    try:
        yield same
    finally:
        same.detach()


def reset_on_close(transport: asyncio.BaseTransport) -> None:
    """Have the close of a transport that is open send a TCP reset."""
    # Where the system refuses, the close is a plain one: there is to be one in any case.
    with suppress(OSError), borrowed(transport) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
