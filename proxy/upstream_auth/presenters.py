"""How a key is presented that is more than a field line of its own: what waits, signs, or replaces.

A presenter is asked for each attempt of a request, before its head is put together.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from proxy.errors import InvalidRequest, UpstreamAuthUnavailable
from proxy.headers import field_list, wire_lines
from proxy.upstream.target import Presented, Unsigned
from proxy.upstream_auth import sigv4
from proxy.upstream_auth.sigv4 import Signed, SigningKey

#: Hashed in one turn of the loop: about half a millisecond.
_HASHED_AT_ONCE: Final = 512 * 1024


class BearerToken:
    """A short-lived token, as `Authorization: Bearer`."""

    needs_body = False

    def __init__(self, token: Callable[[], Awaitable[str]]) -> None:
        self._token = token

    async def present(self, request: Unsigned) -> Presented:
        """The request's fields and the token. Raises UpstreamAuthUnavailable."""
        text = await self._token()
        line = b"Authorization: Bearer %b\r\n" % text.encode("ascii")
        return Presented(request.target, request.fields + line)


class Signature:
    """AWS Signature 4. The key is asked for each time, since a role's is good for an hour."""

    needs_body = True

    def __init__(self, key: Callable[[], Awaitable[SigningKey]]) -> None:
        self._key = key

    async def present(self, request: Unsigned) -> Presented:
        """The request's fields and its signature. Raises UpstreamAuthUnavailable."""
        if not request.complete:
            raise InvalidRequest("Its body is too large to be signed for this upstream.")
        key = await self._key()
        hashed = await _hash(request.body)
        headers = [
            field for field in field_list(request.fields) if field[0].lower() not in sigv4.OURS
        ]
        signed = Signed(
            request.method.encode("ascii"),
            request.address.host_header,
            request.target,
            headers,
            hashed,
        )
        lines = sigv4.field_lines(key, signed, datetime.now(UTC))
        return Presented(request.target, wire_lines(headers) + lines)


class QueryKey:
    """A key in the query. The client's parameter of that name, however it is spelled, goes."""

    needs_body = False

    def __init__(self, name: str, secret: str) -> None:
        self._name = name.encode("ascii")
        self._pair = self._name + b"=" + quote(secret, safe="").encode("ascii")

    def __repr__(self) -> str:
        return f"QueryKey({self._name.decode()})"

    async def present(self, request: Unsigned) -> Presented:
        """The request's target with the key in it."""
        path, _, query = request.target.partition(b"?")
        kept = [
            pair for pair in query.split(b"&") if pair and _plain_name(pair) != self._name.lower()
        ]
        return Presented(path + b"?" + b"&".join([*kept, self._pair]), request.fields)


class ReplacingField:
    """A field line whose name is the client's to use elsewhere: here its own goes."""

    needs_body = False

    def __init__(self, line: bytes) -> None:
        self._name = _plain(line.partition(b":")[0])
        self._line = line

    def __repr__(self) -> str:
        return f"ReplacingField({self._name.decode()})"

    async def present(self, request: Unsigned) -> Presented:
        """The request's fields, with ours in place of the client's."""
        kept = [field for field in field_list(request.fields) if _plain(field[0]) != self._name]
        return Presented(request.target, wire_lines(kept) + self._line)


class Unusable:
    """A key that cannot be presented at all; `reason` says why, without a secret."""

    needs_body = False

    def __init__(self, reason: str) -> None:
        self.reason = reason

    async def present(self, request: Unsigned) -> Presented:
        """Raises UpstreamAuthUnavailable."""
        raise UpstreamAuthUnavailable(f"The upstream key cannot be used: {self.reason}")


def _plain(name: bytes) -> bytes:
    """The name of a field, to servers that keep fields as CGI does."""
    return name.lower().replace(b"_", b"-")


def _plain_name(pair: bytes) -> bytes:
    """The name of a parameter as servers read it, in lower case."""
    name = pair.partition(b"=")[0].replace(b"+", b" ")
    return unquote_to_bytes(name).lower()


async def _hash(body: Iterable[bytes]) -> bytes:
    hashed, since = hashlib.sha256(), 0
    for piece in body:
        for start in range(0, len(piece), _HASHED_AT_ONCE):
            part = piece[start : start + _HASHED_AT_ONCE]
            hashed.update(part)
            since += len(part)
            if since >= _HASHED_AT_ONCE:
                since = 0
                await asyncio.sleep(0)
    return hashed.hexdigest().encode("ascii")
