"""What is told of by looking: no request and no change brings it.

One worker of a machine looks at a time, for as long as it lives; several machines may, as each
event is let in once.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from models import budget_alerts
from models.exhausted_tokens import tell_exhausted
from models.expiring import tell_due, tell_expiring
from models.polling import Polling
from server.process.looking import Looking

_FIRST_AFTER_S: Final = 2.0
#: Tokens that were exhausted are looked for so often, unless a poll found none.
_EVERY_S: Final = 1.0
#: And those that have come to a week or a day before their end: two more statements.
_DUE_EVERY_S: Final = 10.0
#: And all tokens that end soon, for those whose end was moved.
_ALL_EVERY_S: Final = 600.0
#: Between two steps of a look at all tokens.
_PAUSE_S: Final = 0.1


class Notices(Looking):
    """The background task of one worker. `directory` is the machine's DATA_DIR."""

    def __init__(self, directory: Path, polling: Polling, *, pause: float = _PAUSE_S) -> None:
        lock = directory / "notices.lock"
        super().__init__("notices", lock, first_after=_FIRST_AFTER_S, every=_EVERY_S)
        self._polling = polling
        self._pause = pause
        #: When all tokens are looked at again, and when those that are due, by the loop's clock.
        self._next = 0.0
        self._next_due = 0.0
        #: Up to when it was looked which are due.
        self._looked_at = datetime.now(UTC)

    async def look(self) -> None:
        """Tell of all that is due, unless another worker is about it.

        Raises DatabaseUnavailable, or what else the database says.
        """
        if not self._turn.take():
            return
        if not self._polling.lacks("exhausted"):
            while await tell_exhausted():  # noqa: ASYNC110  (work, not waiting)
                await asyncio.sleep(self._pause)
        now = asyncio.get_running_loop().time()
        present = datetime.now(UTC)
        if now >= self._next:
            await self._look_at_all(present)
            self._next = now + _ALL_EVERY_S
        elif now >= self._next_due:
            await tell_due(self._looked_at, present)
        else:
            return
        self._looked_at, self._next_due = present, now + _DUE_EVERY_S

    async def _look_at_all(self, present: datetime) -> None:
        await budget_alerts.tell_of_others(present)
        after = await tell_expiring(present)
        while after is not None:
            await asyncio.sleep(self._pause)
            after = await tell_expiring(present, after)
