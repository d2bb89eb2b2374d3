"""Opening a connection: where an upstream is, which addresses are refused, TLS."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import ssl
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import certifi

from proxy.upstream.connection import Timeouts, UpstreamConnection
from proxy.upstream.errors import ConnectFailed, ConnectTimedOut

# Metadata services outside link-local: AWS over IPv6, Alibaba, Oracle.
_METADATA: Final = frozenset(
    ipaddress.ip_address(address) for address in ("fd00:ec2::254", "100.100.100.200", "192.0.0.192")
)


class Origin(NamedTuple):
    """Where connections can be shared: `host` is lower case, without brackets."""

    scheme: str
    host: str
    port: int


class Address(NamedTuple):
    """A base URL taken apart. `prefix` is its path, put before every target."""

    origin: Origin
    host_header: bytes
    prefix: bytes


@lru_cache(maxsize=4096)
def parse_base_url(url: str) -> Address:
    """Take apart a base URL that has been validated where it was set."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Address(
        Origin(parts.scheme, host, port),
        parts.netloc.rpartition("@")[2].encode("idna" if not parts.netloc.isascii() else "ascii"),
        parts.path.rstrip("/").encode("ascii"),
    )


def is_refused(address: str) -> bool:
    """Whether a resolved address is never an upstream: link-local, metadata, multicast.

    Checked where the connection is made, since a name can resolve to anything by then.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip in _METADATA


def tls_context() -> ssl.SSLContext:
    """Verification on, with the system's authorities, or certifi's where it has none."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if paths.cafile is None and not (paths.capath and os.listdir(paths.capath)):
        context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


async def dial(origin: Origin, timeouts: Timeouts, tls: ssl.SSLContext) -> UpstreamConnection:
    """Connect to the first address that answers. Raises ConnectFailed or ConnectTimedOut."""
    try:
        async with asyncio.timeout(timeouts.connect):
            return await _dial_any(origin, timeouts, tls)
    except TimeoutError as exc:
        raise ConnectTimedOut(f"{origin.host} did not accept a connection in time.") from exc


async def _dial_any(origin: Origin, timeouts: Timeouts, tls: ssl.SSLContext) -> UpstreamConnection:
    failure: Exception | None = None
    for family, address in await _resolve(origin):
        if is_refused(address):
            failure = ConnectFailed(f"The address of {origin.host} is not allowed as an upstream.")
            continue
        try:
            return await _connect(origin, family, address, timeouts, tls)
        except (OSError, ssl.SSLError) as exc:
            failure = exc
    if isinstance(failure, ConnectFailed):
        raise failure
    if isinstance(failure, ssl.SSLError):
        raise ConnectFailed(f"TLS with {origin.host} failed: {failure.reason}.") from failure
    raise ConnectFailed(f"No connection to {origin.host}.") from failure


async def _resolve(origin: Origin) -> list[tuple[int, str]]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise ConnectFailed(f"The name {origin.host} does not resolve.") from exc
    return [(family, str(sockaddr[0])) for family, _, _, _, sockaddr in found]


async def _connect(
    origin: Origin, family: int, address: str, timeouts: Timeouts, tls: ssl.SSLContext
) -> UpstreamConnection:
    loop = asyncio.get_running_loop()
    secure = origin.scheme == "https"
    _, connection = await loop.create_connection(
        lambda: UpstreamConnection(loop, timeouts),
        address,
        origin.port,
        family=family,
        ssl=tls if secure else None,
        server_hostname=origin.host if secure else None,
    )
    return connection
