"""Whether there is anything for those who look now and then: one statement asks for all of them.

A worker polls the database for changes twice a second. Each question beside that one, on a
connection and in a task of its own, would cost it and a PostgreSQL server as much again, and nearly
always there is nothing. Where nothing was committed after the last poll, which SQLite says at once,
what that found stands.
"""

import asyncio
from time import monotonic
from typing import Final, Literal, NamedTuple, TypeAlias

from models import changes, generation
from models.db.conditions import select
from models.db.database import version
from models.db.sqlite_readers import for_requests
from models.generation import ChangeRecord
from models.key_states import ANY_HOLDS

#: Seconds for one poll. Somebody's lock of one of the tables may take longer, and is not to hold up
#: what changes: revocations.
_PATIENCE_S: Final = 0.25
#: For how long it is taken that nothing has come, in seconds: the next poll is due long before.
_FRESH_S: Final = 1.0

#: `rests`: of upstream keys, or suspensions. `exhausted`: tokens of which nobody was told.
Kind: TypeAlias = Literal["rests", "revocations", "exhausted", "destinations"]


class Found(NamedTuple):
    """What one poll found: the generation, and of what there is any.

    `asked_at`, `seen`, `version`: when it was asked, by `time.monotonic`, and what
    `generation.seen` and `database.version` said before.
    """

    asked_at: float
    seen: int
    version: object
    generation: int
    rests: bool
    revocations: bool
    exhausted: bool
    destinations: bool


_FOUND: Final = (
    "SELECT (SELECT value FROM generation WHERE id = 1) AS generation,"  # noqa: S608  (our own)
    f" {ANY_HOLDS} AS rests,"
    " EXISTS (SELECT 1 FROM revocation) AS revocations,"
    " EXISTS (SELECT 1 FROM exhausted WHERE told_at IS NULL) AS exhausted,"
    " EXISTS (SELECT 1 FROM destination WHERE is_active) AS destinations"
)


class Polling:
    """A worker's: its polls, and what the last one found; None where that is not known."""

    def __init__(self) -> None:
        self.last: Found | None = None
        self._asking: asyncio.Task[Found] | None = None

    def is_current(self, known: int) -> bool:
        """Whether it is known without asking that nothing has changed after `known`: a poll, too.

        Rests end by themselves, so that where there are any it is not.
        """
        asked_at, seen, last = monotonic(), generation.seen(), self.last
        if last is None or last.version is None or last.rests or last.generation != known:
            return False
        if version() != last.version:
            return False
        self.last = last._replace(asked_at=asked_at, seen=seen)
        return True

    @for_requests
    async def changes_since(self, known: int) -> list[ChangeRecord] | None:
        """As `generation.changes_since`; a poll. Raises DatabaseUnavailable."""
        try:
            found = self.last = await self._poll()
        except BaseException:
            self.last = None
            raise
        if found is None:
            return await generation.changes_since(known)
        return [] if found.generation == known else await generation.changes_after(known)

    def close(self) -> None:
        """End a poll that is still under way."""
        if self._asking is not None:
            self._asking.cancel()

    async def _poll(self) -> Found | None:
        """None where an earlier one, or this one, has not been answered in time.

        That one is left alone, and none is sent beside it: asyncpg would wait until the server has
        confirmed that it is cancelled.
        """
        if self._asking is not None and not self._asking.done():
            return None
        asking = self._asking = asyncio.create_task(_ask(), name="poll")
        asking.add_done_callback(_retrieve)
        done, _ = await asyncio.wait((asking,), timeout=_PATIENCE_S)
        return asking.result() if done else None

    def lacks(self, kind: Kind, since: float = float("-inf")) -> bool:
        """Whether there is none: the last poll is of this second, after `since` (`time.monotonic`),
        and found none; and nothing was changed on this machine after it."""
        last = self._fresh()
        return last is not None and not getattr(last, kind) and last.asked_at > since

    async def generation(self) -> int:
        """As `generation.current`, of this second. Raises DatabaseUnavailable."""
        last = self._fresh()
        return await generation.current() if last is None else last.generation

    def _fresh(self) -> Found | None:
        """What holds now, as far as this machine knows; None where it does not."""
        last = self.last
        if last is None or last.seen != generation.seen():
            return None
        return last if monotonic() - last.asked_at < _FRESH_S else None


async def _ask() -> Found:
    asked_at, seen, before = monotonic(), generation.seen(), version()
    (row,) = await select(_FOUND, [changes.now()])
    value, *found = row.values()
    return Found(asked_at, seen, before, value or 0, *map(bool, found))


def _retrieve(asking: asyncio.Task[Found]) -> None:
    # Else asyncio would log the error of one that nobody waits for any more.
    if not asking.cancelled():
        asking.exception()
