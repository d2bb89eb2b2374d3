"""Refused calls in the audit trail, so bounded that a flood of them cannot fill the disk.

Strangers are bounded by address, and those who may only read by name, each apart from the others:
nobody can hide what somebody else tried. Who may write is not bounded, since every change that
they make is a line as well. What was refused beyond the bound is counted, and the count goes into
the next line that is written.
"""

import time
from collections.abc import Callable

from loguru import logger

from config.client_address import network_of
from manage.auth import Caller
from manage.errors import ManageError
from models import audit
from models.audit import Actor
from models.errors import DatabaseUnavailable
from models.leaky_buckets import RateLimitedAudit


class RefusalAuditor:
    """Writes a line for each refusal, within bounds."""

    __slots__ = ("_readers", "_strangers")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._strangers = RateLimitedAudit(clock)
        self._readers = RateLimitedAudit(clock)

    async def refused(
        self, by: Actor, caller: Caller | None, operation: str | None, error: ManageError
    ) -> None:
        """Note that `operation` (`POST /manage/tokens`, ids left out) was refused to `by`.

        `caller` is None for strangers.
        """
        held_back = self._admit(by, caller)
        if held_back is None:
            return
        changes = {"status": (None, error.status), "code": (None, error.code)}
        if held_back:
            changes["suppressed"] = (None, held_back)
        outcome: audit.AuditOutcome = "failed" if caller is None else "refused"
        try:
            await audit.record(
                by, "management.refuse", "management", operation, changes, outcome=outcome
            )
        except DatabaseUnavailable:
            # The refusal itself stands; only its line is lost, and the log says so.
            logger.warning("a refused management call could not be audited: database unavailable")

    def _admit(self, by: Actor, caller: Caller | None) -> int | None:
        if caller is None:
            return self._strangers.admit(network_of(by.ip or ""))
        return 0 if caller.scope == "write" else self._readers.admit(caller.name)
