"""Events."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from manage.schemas.queries import RangeQuery
from manage.schemas.schema import Schema
from models import Event
from models.event_kinds import EventKind
from models.rules import Id


class EventQuery(RangeQuery):
    """Which events to list."""

    kind: EventKind | None = None
    project_id: Id | None = None
    token_id: Id | None = None
    key_id: Id | None = None


class EventView(Schema):
    """Something that happened and may have to be acted on."""

    id: UUID
    at: datetime
    kind: str
    project_id: UUID | None
    token_id: UUID | None
    key_id: UUID | None
    data: Annotated[dict[str, Any], Field(description="What each kind says: docs/events.md.")]

    @classmethod
    def of(cls, event: Event) -> Self:
        """`event` as it is shown."""
        return cls(
            id=event.id,
            at=event.at,
            kind=event.kind,
            project_id=event.project_id,
            token_id=event.token_id,
            key_id=event.key_id,
            data=event.data,
        )
