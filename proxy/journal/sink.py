"""The seam behind the journal: what takes its entries, each exactly once by its position.

Each sink keeps a position of its own for each journal, and moves it in the same step as it stores
what it makes of the entries. So a sink that is away holds up only itself, and a consumer that asks
again, for whatever reason, is given the position and goes on from there. Every sink has to pass
`tests/proxy/journal/sink_conformance.py`.
"""

from collections.abc import Sequence
from typing import Protocol

from models.entry import Entry


class Sink(Protocol):
    """Where entries go. Its methods may raise whatever they like: the consumer tries again."""

    @property
    def name(self) -> str:
        """What the log calls it."""
        ...

    async def position(self, journal_id: str) -> int:
        """How many bytes of a journal it has taken; 0 for one that it has never seen."""
        ...

    async def deliver(self, journal_id: str, start: int, end: int, entries: Sequence[Entry]) -> int:
        """Take the entries between two positions of a journal; the position that holds then.

        All of it or nothing: where its position is not `start`, it takes nothing and says where it
        is. After an error either may be true, and the same or a longer range is delivered again.
        Damaged lines are left out, so a range may hold no entry at all.
        """
        ...
