"""Who is told of a request that ends: what keeps its entry, what counts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from models.again import Recorded
from proxy.errors import Refusal

if TYPE_CHECKING:
    from proxy.exchange import Exchange


class Ledger(Protocol):
    """Where entries go (`journal.Journal`)."""

    @property
    def can_keep(self) -> bool:
        """Whether another entry can be kept, so that a request may be let in."""
        ...

    def append(self, entry: Recorded) -> None:
        """Keep an entry. Never raises, never waits."""
        ...

    def append_then(self, entry: Recorded, complete: Callable[[], None]) -> None:
        """Keep an entry with all others of this turn of the loop, then call `complete`."""
        ...


class Observer(Protocol):
    """Told of every request's end, for metrics and logs. Never raises, never waits."""

    def recorded(self, entry: Recorded, exchange: Exchange) -> None:
        """A request that was let in has ended."""
        ...

    def refused(self, exchange: Exchange, refusal: Refusal, provider: str) -> None:
        """The proxy answered instead of the upstream."""
        ...
