"""Whether there is anything for those who look now and then: one statement asks for all of them.

A worker polls the database for changes twice a second. Each question beside that one, on a
connection and in a task of its own, would cost it and a PostgreSQL server as much again, and nearly
always there is nothing.
"""

from time import monotonic
from typing import Final, Literal, NamedTuple, TypeAlias

from models import changes, generation
from models.db.conditions import select
from models.db.sqlite_readers import for_requests
from models.generation import ChangeRecord

#: For how long it is taken that nothing has come, in seconds: the next poll is due long before.
_FRESH_S: Final = 1.0

#: `rests`: of upstream keys, or suspensions. `exhausted`: tokens of which nobody was told.
Kind: TypeAlias = Literal["rests", "revocations", "exhausted", "destinations"]


class Found(NamedTuple):
    """What one poll found: the generation, and of what there is any.

    `asked_at`, `seen`: when it was asked, by `time.monotonic`, and what `generation.seen` said
    before.
    """

    asked_at: float
    seen: int
    generation: int
    rests: bool
    revocations: bool
    exhausted: bool
    destinations: bool


_FOUND: Final = (
    "SELECT (SELECT value FROM generation WHERE id = 1) AS generation,"
    " EXISTS (SELECT 1 FROM key_rest WHERE until > {})"
    " OR EXISTS (SELECT 1 FROM key_state WHERE suspended_at IS NOT NULL) AS rests,"
    " EXISTS (SELECT 1 FROM revocation) AS revocations,"
    " EXISTS (SELECT 1 FROM exhausted WHERE told_at IS NULL) AS exhausted,"
    " EXISTS (SELECT 1 FROM destination WHERE is_active) AS destinations"
)


class Polling:
    """A worker's: its polls, and what the last one found."""

    def __init__(self) -> None:
        self.last: Found | None = None

    @for_requests
    async def changes_since(self, known: int) -> list[ChangeRecord] | None:
        """As `generation.changes_since`; a poll. Raises DatabaseUnavailable."""
        asked_at, seen = monotonic(), generation.seen()
        (row,) = await select(_FOUND, [changes.now()])
        value, *found = row.values()
        self.last = Found(asked_at, seen, value or 0, *map(bool, found))
        return [] if self.last.generation == known else await generation.changes_after(known)

    def lacks(self, kind: Kind, since: float = float("-inf")) -> bool:
        """Whether there is none: the last poll is of this second, after `since` (`time.monotonic`),
        and found none; and nothing was changed on this machine after it."""
        last = self.last
        return (
            last is not None
            and not getattr(last, kind)
            and last.seen == generation.seen()
            and last.asked_at > since
            and monotonic() - last.asked_at < _FRESH_S
        )
