"""CORS preflights: browsers send them without a token, so they are answered without one.

The project cannot be known by then, so an origin that any active project allows gets a yes. The
request that follows is checked against its own project's list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from models.errors import DatabaseUnavailable as DatabaseAway
from models.patterns import Pattern
from proxy import errors, failures
from proxy.downstream import RequestHead, ResponseHead
from proxy.driving import in_a_task
from proxy.headers import RawHeaders

_MAX_AGE = b"600"


def is_preflight(head: RequestHead) -> bool:
    """Whether this is a preflight (https://fetch.spec.whatwg.org/#cors-preflight-request)."""
    return (
        head.method == "OPTIONS"
        and head.lines.value(b"origin") is not None
        and head.lines.value(b"access-control-request-method") is not None
    )


class Origins:
    """All origins that some active project allows, reloaded when anything has changed."""

    def __init__(self, load: Callable[[], Awaitable[list[str]]], tick: Callable[[], int]) -> None:
        self._load = load
        self._tick = tick
        self._seen = -1
        self._read_at = 0.0
        self._allowed: Pattern | None = None

    async def allow(self, origin: str) -> bool:
        """Whether the origin is on some project's list."""
        now = asyncio.get_running_loop().time()
        tick = self._tick()
        # Changes made on other machines do not move this machine's tick: reload once a second.
        if tick != self._seen or now - self._read_at > 1.0:
            # Databases' drivers have time limits of asyncio's.
            await in_a_task()
            try:
                entries = await self._load()
            except DatabaseAway as exc:
                raise failures.of_database("The origin") from exc
            self._allowed = Pattern.of(entries) if entries else None
            self._seen, self._read_at = tick, now
        return self.allowed(origin)

    def allowed(self, origin: str) -> bool:
        """The same as far as was known when it was last read."""
        return self._allowed is not None and self._allowed.allows(origin)


async def reads_refusal(
    head: RequestHead, origins: Origins, refusal: errors.Refusal
) -> bytes | None:
    """The origin that may read a refusal of which no project is known: the one whose preflight was
    let through. None without an origin, and for any other."""
    origin = head.lines.value(b"origin")
    if origin is None:
        return None
    text = origin.decode("latin-1")
    try:
        # Where the database has just not answered, it is not asked again.
        away = isinstance(refusal, errors.AccessUndecided)
        may_read = origins.allowed(text) if away else await origins.allow(text)
    except errors.AccessUndecided:
        may_read = origins.allowed(text)
    return origin if may_read else None


async def answer(head: RequestHead, origins: Origins, request_id: bytes) -> ResponseHead:
    """The 204 that lets the browser send its request. Raises OriginNotAllowed."""
    origin = head.lines.value(b"origin") or b""
    if not await origins.allow(origin.decode("latin-1")):
        raise errors.OriginNotAllowed("No project allows this origin.")
    headers: RawHeaders = [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
        (b"access-control-max-age", _MAX_AGE),
        (b"vary", b"Origin, Access-Control-Request-Headers"),
        (b"x-llm-proxy-request-id", request_id),
    ]
    asked = head.lines.value(b"access-control-request-headers")
    if asked:
        headers.append((b"access-control-allow-headers", asked))
    return ResponseHead(204, b"No Content", headers, 0)
