"""The audit trail."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast
from uuid import UUID

from pydantic import Field

from manage.schemas.queries import RangeQuery
from manage.schemas.schema import Schema
from models import AuditEvent
from models.audit import AuditOutcome
from models.rules import SearchText


class AuditQuery(RangeQuery):
    """Which events to list."""

    actor: SearchText | None = None
    action: SearchText | None = None
    target_id: SearchText | None = None


class AuditView(Schema):
    """Who did what to what."""

    id: UUID
    at: datetime
    actor: str
    action: str
    target_type: str
    target_id: str | None
    changes: Annotated[
        dict[str, Any], Field(description="Each changed field: what it was, what it is.")
    ]
    ip: str | None
    request_id: str | None
    outcome: Literal["ok", "refused", "failed"]

    @classmethod
    def of(cls, event: AuditEvent) -> Self:
        """`event` as it is shown."""
        return cls(
            id=event.id,
            at=event.at,
            actor=event.actor,
            action=event.action,
            target_type=event.target_type,
            target_id=event.target_id,
            changes=event.changes,
            ip=event.ip,
            request_id=event.request_id,
            outcome=cast(AuditOutcome, event.outcome),
        )
