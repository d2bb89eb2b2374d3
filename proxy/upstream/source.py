"""Where a response comes from, as the data path sees it: the seam between `handle` and upstreams.

An `UpstreamConnection` is one. Whatever else can answer a request (a stored response, say) is
another, and has to pass `tests/proxy/upstream/test_source.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from proxy.headers import RawHeaders
from proxy.upstream.heads import UpstreamHead

#: Takes body bytes; False asks for no more just now.
Take: TypeAlias = Callable[[bytes], bool]


class Through(Protocol):
    """Takes packets past the parser (`proxy.passing`)."""

    #: Bytes of the body in all of them, which only grow.
    passed: int

    def is_ready(self) -> bool:
        """Whether `take` may be called, as long as it returns True, while the parser stands between
        two chunks."""
        ...

    def take(self, packet: bytes) -> bool | None:
        """Pass on a packet that is one whole chunk; False asks for no more just now, None says that
        nothing has been done with it."""
        ...


class ResponseSource(Protocol):
    """One response: its heads, then its body, then its trailers.

    What breaks it before its end is an `upstream.errors.UpstreamError`, raised by `head` or `pump`
    once what came before has been taken: a response that was cut never ends cleanly.
    """

    def head(self) -> Awaitable[UpstreamHead]:
        """The next response head: interim ones (1xx) first, then the final one."""
        ...

    @property
    def is_waiting(self) -> bool:
        """Whether neither body bytes nor their end are here yet."""
        ...

    def take_rest(self) -> bytes | None:
        """What is left of the body, where it has arrived whole and is short; else `pump` it."""
        ...

    async def pump(self, take: Take, through: Through | None = None) -> None:
        """Hand body bytes to `take` as they come, until the end or until it returns False.

        Some that arrive may be handed to `through` in its place.

        `take` is called from the event loop, without a turn of the calling task in between. While
        nothing takes them, bytes wait, and no more than a bounded number of them. Raises what broke
        the response, and what `take` raises.
        """
        ...

    @property
    def ended(self) -> bool:
        """Whether the whole response has arrived and been taken."""
        ...

    @property
    def trailers(self) -> RawHeaders:
        """The fields behind the body, once `ended`, and until the event loop's next turn after
        `release`."""
        ...

    def release(self) -> None:
        """Take nothing more, once. A response that has not ended is given up."""
        ...
