"""Refused calls in the audit trail, so bounded that a flood of them cannot fill the disk.

What was refused beyond the bound is counted, and the count goes into the next line that is written.
"""

import time
from collections.abc import Callable

from loguru import logger

from config.client_address import network_of
from manage.errors import ManageError
from models import audit
from models.audit import Actor, AuditOutcome
from models.errors import DatabaseUnavailable
from models.levels import Trickle


class Trail:
    """Writes a line for each refusal, within bounds."""

    __slots__ = ("_trickle",)

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._trickle = Trickle(clock)

    async def refused(
        self, by: Actor, operation: str | None, error: ManageError, outcome: AuditOutcome
    ) -> None:
        """Note that `operation` (`POST /manage/tokens`, ids left out) was refused to `by`."""
        held_back = self._trickle.admit(network_of(by.ip or ""))
        if held_back is None:
            return
        changes = {"status": (None, error.status), "code": (None, error.code)}
        if held_back:
            changes["suppressed"] = (None, held_back)
        try:
            await audit.record(
                by, "management.refuse", "management", operation, changes, outcome=outcome
            )
        except DatabaseUnavailable:
            # The refusal itself stands; only its line is lost, and the log says so.
            logger.warning("a refused management call could not be audited: database unavailable")
