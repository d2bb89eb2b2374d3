"""Refused calls in the audit trail, so bounded that a flood of them cannot fill the disk.

What was refused beyond the bound is counted, and the count goes into the next line that is written.
"""

import time
from collections.abc import Callable
from typing import Final

from loguru import logger

from manage.errors import ManageError
from manage.throttle import Levels, network_of
from models import audit
from models.audit import Actor, AuditOutcome
from models.errors import DatabaseUnavailable

#: Lines at once, and the seconds until one more may be written: for one address, and in all.
_BURST: Final = 20
_SECONDS: Final = 60
_BURST_OF_ALL: Final = 200
_SECONDS_OF_ALL: Final = 6
_ALL: Final = "all"


class Trail:
    """Writes a line for each refusal, within bounds."""

    __slots__ = ("_of_all", "_of_one", "_suppressed")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._of_one = Levels(drain_seconds=_SECONDS, clock=clock)
        self._of_all = Levels(drain_seconds=_SECONDS_OF_ALL, clock=clock)
        self._suppressed = 0

    async def refused(
        self, by: Actor, operation: str | None, error: ManageError, outcome: AuditOutcome
    ) -> None:
        """Note that `operation` (`POST /manage/tokens`, ids left out) was refused to `by`."""
        if not self._admit(network_of(by.ip or "")):
            self._suppressed += 1
            return
        changes = {"status": (None, error.status), "code": (None, error.code)}
        if self._suppressed:
            changes["suppressed"] = (None, self._suppressed)
            self._suppressed = 0
        try:
            await audit.record(
                by, "management.refuse", "management", operation, changes, outcome=outcome
            )
        except DatabaseUnavailable:
            # The refusal itself stands; only its line is lost, and the log says so.
            logger.warning("a refused management call could not be audited: database unavailable")

    def _admit(self, key: str) -> bool:
        if self._of_one.read(key) > _BURST - 1 or self._of_all.read(_ALL) > _BURST_OF_ALL - 1:
            return False
        self._of_one.add(key, most=_BURST)
        self._of_all.add(_ALL, most=_BURST_OF_ALL)
        return True
