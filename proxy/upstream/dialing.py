"""Opening a connection: name resolution, the race between a host's addresses, TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from config.authorities import trusting
from proxy.upstream.address_policy import is_refused
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.errors import ConnectFailed, ConnectTimedOut
from proxy.upstream.target import Origin
from proxy.upstream.timeouts import Timeouts

#: Seconds until the next address is tried beside one that does not answer (RFC 8305 5).
ATTEMPT_DELAY: Final = 0.25
# An upstream may think for minutes, and a NAT on the way forgets a silent connection sooner.
_KEEPALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 5))


class _Endpoint(NamedTuple):
    """One resolved address, as `socket` takes it."""

    family: int
    protocol: int
    sockaddr: tuple[Any, ...]


def tls_context() -> ssl.SSLContext:
    """Verification on, with the authorities that the service believes."""
    context = trusting()
    context.set_alpn_protocols(["http/1.1"])
    return context


async def dial(origin: Origin, timeouts: Timeouts, tls: ssl.SSLContext) -> UpstreamConnection:
    """Connect to the first address that answers. Raises ConnectFailed or ConnectTimedOut."""
    try:
        async with asyncio.timeout(timeouts.connect):
            endpoints = await _resolve(origin)
            sock = await _connect_any(origin, endpoints)
            return await _open(origin, sock, timeouts, tls)
    except TimeoutError as exc:
        raise ConnectTimedOut(f"{origin.host} did not accept a connection in time.") from exc


async def _resolve(origin: Origin) -> list[_Endpoint]:
    """The addresses of a host, in the system's order, without those that are refused."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise ConnectFailed(f"The name {origin.host} does not resolve.") from exc
    endpoints = [
        _Endpoint(family, protocol, sockaddr)
        for family, _, protocol, _, sockaddr in found
        if not is_refused(str(sockaddr[0]))
    ]
    if not endpoints:
        raise ConnectFailed(f"The address of {origin.host} is not allowed as an upstream.")
    return endpoints


async def _connect_any(origin: Origin, endpoints: list[_Endpoint]) -> socket.socket:
    """The first address that accepts; a silent one delays the next by ATTEMPT_DELAY at most."""
    waiting = iter(endpoints)
    running: set[asyncio.Task[socket.socket]] = set()
    failure: OSError | None = None
    try:
        while _start_next(waiting, running) or running:
            done, _ = await asyncio.wait(
                running, timeout=ATTEMPT_DELAY, return_when=asyncio.FIRST_COMPLETED
            )
            for attempt in done:
                try:
                    sock = attempt.result()
                except OSError as exc:
                    running.discard(attempt)
                    failure = exc
                else:
                    running.discard(attempt)
                    return sock
    finally:
        for attempt in running:
            attempt.add_done_callback(_discard)
            attempt.cancel()
    raise ConnectFailed(f"No connection to {origin.host}.") from failure


def _start_next(waiting: Iterator[_Endpoint], running: set[asyncio.Task[socket.socket]]) -> bool:
    endpoint = next(waiting, None)
    if endpoint is None:
        return False
    running.add(asyncio.get_running_loop().create_task(_connect(endpoint), name="dial"))
    return True


def _discard(attempt: asyncio.Task[socket.socket]) -> None:
    """Close the socket of an attempt that connected after the race was won."""
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()


async def _connect(endpoint: _Endpoint) -> socket.socket:
    sock = socket.socket(endpoint.family, socket.SOCK_STREAM, endpoint.protocol)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE:
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        await asyncio.get_running_loop().sock_connect(sock, endpoint.sockaddr)
    except BaseException:
        sock.close()
        raise
    return sock


async def _open(
    origin: Origin, sock: socket.socket, timeouts: Timeouts, tls: ssl.SSLContext
) -> UpstreamConnection:
    """Make a connection of a connected socket."""
    loop = asyncio.get_running_loop()
    secure = origin.scheme == "https"
    try:
        _, connection = await loop.create_connection(
            lambda: UpstreamConnection(loop, timeouts),
            sock=sock,
            ssl=tls if secure else None,
            server_hostname=origin.host if secure else None,
        )
    except ssl.SSLError as exc:
        raise ConnectFailed(f"TLS with {origin.host} failed: {exc.reason}.") from exc
    except OSError as exc:
        raise ConnectFailed(f"No connection to {origin.host}.") from exc
    return connection
