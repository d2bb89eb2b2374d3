"""Refused calls in the audit trail, bounded so that a flood of them cannot fill the disk.

Strangers are bounded by address, and callers with limited rights by name, with a budget apart: a
flood of one kind does not hide what the other tried. Beyond the bound refusals are counted, and the
count goes into the next line that is written.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from loguru import logger

from config.client_address import network_of
from models import audit
from models.audit import Actor, AuditOutcome
from models.errors import DatabaseUnavailable
from models.leaky_buckets import RateLimitedAudit


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What was tried: the columns of its audit line."""

    action: str
    target_type: str
    target: str | UUID | Callable[[], Awaitable[UUID | None]] | None
    """Looked up only where a line is written, if it has to be."""
    outcome: AuditOutcome
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


class RefusalAuditor:
    """Writes an audit line for each refusal, within bounds. Each worker counts for itself."""

    __slots__ = ("_known", "_strangers")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._strangers = RateLimitedAudit(clock)
        self._known = RateLimitedAudit(clock)

    async def stranger(self, by: Actor, refusal: Refusal) -> None:
        """Record a refusal of an unknown caller: bounded by the network it came from."""
        await self._bounded(self._strangers, network_of(by.ip or ""), by, refusal)

    async def known(self, by: Actor, refusal: Refusal) -> None:
        """Record a refusal of a caller who may only read: bounded by the name."""
        await self._bounded(self._known, by.name, by, refusal)

    async def unbounded(self, by: Actor, refusal: Refusal) -> None:
        """Record a refusal of a caller whose every change is in the audit trail anyway."""
        await _record(by, refusal, suppressed=0)

    async def _bounded(
        self, limit: RateLimitedAudit, key: str, by: Actor, refusal: Refusal
    ) -> None:
        suppressed = limit.admit(key)
        if suppressed is not None:
            await _record(by, refusal, suppressed)


async def _record(by: Actor, refusal: Refusal, suppressed: int) -> None:
    changes = dict(refusal.changes)
    if suppressed:
        changes["suppressed"] = (None, suppressed)
    try:
        target = await refusal.target() if callable(refusal.target) else refusal.target
        await audit.record(
            by, refusal.action, refusal.target_type, target, changes, outcome=refusal.outcome
        )
    except DatabaseUnavailable:
        # The refusal itself stands and is answered; only its line in the audit is lost.
        logger.warning("{} could not be audited: database unavailable", refusal.action)
