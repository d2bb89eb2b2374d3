"""One POST to a receiver, over connections of the delivery's own.

Each dial goes by the data plane's rules: the name is resolved once, addresses that are never a
server's are left out, TLS is verified, and no redirect is followed. The whole takes no longer than
it may, however slowly the receiver answers, and of its answer only the beginning is read.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from config import VERSION
from models.destinations import DestinationPolicy
from proxy.headers import RawHeaders, values_of
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.errors import UpstreamError
from proxy.upstream.pool import Pool
from proxy.upstream.target import Address, address_of
from proxy.upstream.timeouts import Timeouts

#: Seconds that one attempt may take, and that connecting may.
LONGEST: Final = 30.0
_CONNECT: Final = 10.0
#: Bytes of an answer that are read.
_MOST_BYTES: Final = 16 * 1024
_AGENT: Final = f"llm-proxy/{VERSION}"


class Answer(NamedTuple):
    """What a receiver said."""

    status: int
    body: bytes
    """Its beginning."""
    retry_after: float | None
    """Seconds."""


class NoAnswer(Exception):
    """None came; the message says why, and names the host but neither path nor secret."""


class Poster:
    """Posts to the receivers of one worker."""

    def __init__(
        self,
        policy: DestinationPolicy,
        *,
        longest: float = LONGEST,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._longest = longest
        self._pool = Pool(Timeouts(min(_CONNECT, longest), longest, longest), tls)
        self._open = False

    async def post(
        self,
        url: str,
        fields: Sequence[tuple[str, str]],
        body: bytes,
        content_type: str = "application/json",
    ) -> Answer:
        """The receiver's answer. Raises NoAnswer."""
        if not self._policy.allows(url):
            raise NoAnswer("DESTINATION_ORIGINS does not list its address: nothing was sent.")
        if not self._open:
            self._open = True
            self._pool.open()
        address = address_of(url)
        own = [("content-type", content_type), ("content-length", str(len(body)))]
        request = _head(address, urlsplit(url).path or "/", [*own, *fields]) + body
        try:
            async with asyncio.timeout(self._longest):
                return await self._ask(address, request)
        except TimeoutError as exc:
            host = address.origin.host
            raise NoAnswer(f"{host} did not answer within {self._longest:.0f} s.") from exc

    async def _ask(self, address: Address, request: bytes) -> Answer:
        idle = self._pool.take(address.origin, "POST")
        if idle is not None:
            try:
                return await _exchange(idle, request)
            except UpstreamError as exc:
                if idle.received:
                    raise NoAnswer(str(exc)) from exc
                # It closed the connection while that was idle, or as we wrote.
        try:
            fresh = await self._pool.acquire(address.origin, "POST", fresh=True)
            return await _exchange(fresh, request)
        except UpstreamError as exc:
            raise NoAnswer(str(exc)) from exc

    async def close(self) -> None:
        """Drop every connection."""
        await self._pool.close()


def _head(address: Address, path: str, fields: Sequence[tuple[str, str]]) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        f"host: {address.host_header.decode('ascii')}",
        f"user-agent: {_AGENT}",
        "accept-encoding: identity",
        *(f"{name}: {value}" for name, value in fields),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def _exchange(connection: UpstreamConnection, request: bytes) -> Answer:
    body = bytearray()

    def take(data: bytes) -> bool:
        body.extend(data)
        return len(body) < _MOST_BYTES

    try:
        connection.write(request)
        answer = await connection.head()
        while answer.status < 200:
            answer = await connection.head()
        while not connection.ended and len(body) < _MOST_BYTES:
            await connection.pump(take)
    finally:
        if not connection.ended:
            connection.close()
        connection.release()
    return Answer(answer.status, bytes(body[:_MOST_BYTES]), _retry_after(answer.headers))


def _retry_after(headers: RawHeaders) -> float | None:
    """RFC 9110 10.2.3, in seconds from now."""
    for value in values_of(headers, b"retry-after"):
        text = value.decode("latin-1").strip()
        if text.isascii() and text.isdigit() and len(text) < 10:
            return float(text)
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, IndexError, OverflowError):
            return None
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        return (at - datetime.now(UTC)).total_seconds()
    return None
