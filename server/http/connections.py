"""The client connections of one worker: how many there may be, and which make way for others.

A connection takes a file descriptor before it has shown a token. Where as many are open as there
may be, a new one takes the place of one that waits: of those that have asked for nothing yet, then
of those that were never served by an upstream, then of the rest, the longest waiting first. Where
all of them are at work, the new one is refused.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, Generic, Literal, NamedTuple, Protocol, Self, TypeAlias, TypeVar

from loguru import logger

from config import Settings
from config.client_address import client_address, is_trusted, network_of
from config.forms import Network
from server.http.turned_away import TurnedAway

Refused: TypeAlias = Literal["max_connections", "max_connections_per_address"]
Dropped: TypeAlias = Literal["idle", "unread"]

#: Seconds between two lines of the log about the same.
_SAY_AGAIN: Final = 10.0
#: For so many seconds after a refusal the worker counts as short of connections.
_SHORT_FOR: Final = 30.0
#: How many of the longest waiting are looked at for one whose client has read everything.
_LOOKED_AT: Final = 16
_NOTHING: Final[Mapping[str, int]] = {}


#: Connections that wait, in the order in which they began to.
Group: TypeAlias = dict[Any, None]


class Connection(Protocol):
    """A client's connection, as far as it is counted here."""

    #: The group that it waits in; None while it is at work.
    waits_in: Group | None

    @property
    def unsent(self) -> int:
        """Bytes of its answers that it has not taken yet."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...

    def reset(self) -> None:
        """Close at once, by a TCP reset."""
        ...


C = TypeVar("C", bound=Connection)


class Bounds(NamedTuple):
    """`per_address` is None where one address may have all of them."""

    connections: int
    per_address: int | None
    trusted_proxies: Sequence[Network]

    @classmethod
    def of(cls, settings: Settings, *, enough_for: int) -> Self:
        """As many as an operator wants, and as this process has descriptors for."""
        wanted = settings.max_connections or enough_for
        if wanted > enough_for:
            logger.warning(
                "MAX_CONNECTIONS: {} connections, as the limit of open files allows no more",
                enough_for,
            )
        return cls(
            min(wanted, enough_for), settings.max_connections_per_address, settings.trusted_proxies
        )


class Connections(Generic[C]):
    """Counts connections, and decides which are let in. Nothing here waits or touches a socket."""

    def __init__(self, bounds: Bounds, clock: Callable[[], float] = time.monotonic) -> None:
        self._bounds = bounds
        self._clock = clock
        self._open: dict[C, str] = {}
        self._by_network: Counter[str] = Counter()
        #: Those that have asked for nothing yet, were answered by us only, by an upstream.
        self._new: Group = {}
        self.unserved: Group = {}
        self.served: Group = {}
        #: Those that are being answered 503.
        self.turned_away: set[TurnedAway] = set()
        self._refused: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._said: dict[str, tuple[float, int]] = {}
        self._refused_at: float | None = None

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[C]:
        """Those that are open now; they may close meanwhile."""
        return iter(list(self._open))

    @property
    def short(self) -> bool:
        """Whether clients cannot connect as they like."""
        at = self._refused_at
        return at is not None and self._clock() - at < _SHORT_FOR

    def admit(self, connection: C, peer: str) -> Refused | None:
        """Count a new connection, or say why there is no room for it."""
        network = self._network(peer)
        if network and self._by_network[network] >= (self._bounds.per_address or 0):
            self._refuse(
                "max_connections_per_address",
                f"connections are refused: {network} has {self._by_network[network]}, "
                "which is MAX_CONNECTIONS_PER_ADDRESS",
            )
            return "max_connections_per_address"
        if len(self._open) >= self._bounds.connections and not self._make_room():
            self._refused_at = self._clock()
            self._refuse(
                "max_connections",
                f"connections are refused: {len(self._open)} are open, which is the most "
                "(MAX_CONNECTIONS, or the limit of open files)",
            )
            return "max_connections"
        self._open[connection] = network
        if network:
            self._by_network[network] += 1
        self._wait(connection, self._new)
        return None

    def _network(self, peer: str) -> str:
        """What counts as the address of a connection; '' where none is counted."""
        if self._bounds.per_address is None or is_trusted(peer, self._bounds.trusted_proxies):
            return ""
        return network_of(client_address(peer, (), ()))

    def leave(self, connection: C) -> None:
        """It is closed. Safe for one that was refused."""
        self.mark_busy(connection)
        network = self._open.pop(connection, "")
        if network:
            self._by_network[network] -= 1
            if not self._by_network[network]:
                del self._by_network[network]

    def mark_busy(self, connection: C) -> None:
        """It has sent the head of a request, and waits no longer."""
        group = connection.waits_in
        if group is not None:
            connection.waits_in = None
            del group[connection]

    def mark_idle(self, connection: C, *, served: bool) -> None:
        """Its request is answered. `served` says that an upstream has ever answered one of it."""
        if connection in self._open and connection.waits_in is None:
            group = self.served if served else self.unserved
            group[connection] = None
            connection.waits_in = group

    def _wait(self, connection: C, group: Group) -> None:
        group[connection] = None
        connection.waits_in = group

    def _make_room(self) -> bool:
        for group in (self._new, self.unserved, self.served):
            for connection in islice(group, _LOOKED_AT):
                if not connection.unsent:
                    self.leave(connection)
                    self.drop(connection, "idle")
                    return True
        return False

    def drop(self, connection: C, reason: Dropped) -> None:
        """Close one that harms others by staying."""
        self._dropped[reason] += 1
        text = (
            "connections are closed because their clients do not read (CLIENT_WRITE_TIMEOUT)"
            if reason == "unread"
            else f"idle connections are closed to make room: {len(self._open)} are open"
        )
        self._say(reason, text)
        if reason == "unread":
            # An orderly close would pass for the end of what it has not read.
            connection.reset()
        else:
            connection.abort()

    def take_counts(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Those refused and dropped since the last time, by the reason."""
        counts = self._refused, self._dropped
        if not any(counts):
            return _NOTHING, _NOTHING
        self._refused, self._dropped = Counter(), Counter()
        return counts

    def _refuse(self, reason: Refused, text: str) -> None:
        self._refused[reason] += 1
        self._say(reason, text)

    def _say(self, about: str, text: str) -> None:
        """A line every 10 s at most: clients must not be able to fill the log."""
        now = self._clock()
        said_at, unsaid = self._said.get(about, (-_SAY_AGAIN, 0))
        if now - said_at < _SAY_AGAIN:
            self._said[about] = (said_at, unsaid + 1)
            return
        self._said[about] = (now, 0)
        more = f"; {unsaid} more since the last such line" if unsaid else ""
        logger.warning("{}{}", text, more)
