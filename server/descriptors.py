"""File descriptors: how many a process may have, and how many connections that is enough for.

A client's connection takes one, and one more to its upstream while it asks for something.
"""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import Final, NamedTuple

#: More than this is never asked for: some containers have a limit of a billion.
_MOST: Final = 1_048_576
_LONGEST_BACKLOG: Final = 2048
#: Database, limits, journal, metrics, DNS and the event loop.
_OWN: Final = 96


class Descriptors(NamedTuple):
    """What a process with this limit can do."""

    limit: int

    @property
    def backlog(self) -> int:
        """How many connections may wait to be accepted.

        The event loop takes all of them in one turn, before any can be refused.
        """
        return max(8, min(_LONGEST_BACKLOG, self.limit // 8))

    @property
    def connections(self) -> int:
        """How many clients can be connected while each has an upstream connection."""
        return max(4, (self.limit - min(_OWN, self.limit // 4) - self.backlog) // 2)


def raise_limit() -> None:
    """Let this process, and those that it starts, have as many as the hard limit allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = allowed().limit
    if _bounded(soft) < wanted:
        # macOS has a limit of the kernel's besides.
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def allowed() -> Descriptors:
    """What `raise_limit` makes possible."""
    return Descriptors(_bounded(resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def current() -> Descriptors:
    """What this process has now."""
    return Descriptors(_bounded(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))


def _bounded(limit: int) -> int:
    # Infinity is -1 on Linux, and macOS refuses it as a soft limit: hence a number of our own.
    return _MOST if limit == resource.RLIM_INFINITY else min(_MOST, limit)
