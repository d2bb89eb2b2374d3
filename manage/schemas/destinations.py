"""Destinations. Their secrets and header fields are sent here and never come back."""

from datetime import datetime
from typing import Annotated, Any, Self, cast
from uuid import UUID

from pydantic import ConfigDict, Field

from manage.schemas.queries import PageQuery, Switch
from manage.schemas.schema import Schema, fields_of, without_defaults
from models.destination_rules import DestinationSettings, Kind
from models.destinations import Destination, DestinationFields
from models.reports.destinations import DestinationHealth, Standing
from models.rules import Name


def _fields(given: DestinationSettings, *besides: str) -> DestinationFields:
    """What was sent, as the model takes it."""
    sent = given.model_dump(exclude_unset=True, exclude={*besides})
    if given.filter is not None:
        sent["filter"] = given.filter.stored()
    return cast(DestinationFields, sent)


class DestinationCreation(DestinationSettings, Schema):
    """A new destination."""

    name: Name
    kind: Kind

    def fields(self) -> DestinationFields:
        """What the model takes as fields."""
        return _fields(self, "kind")


class DestinationChange(DestinationSettings, Schema):
    """What may be changed on a destination; absent fields stay. A `secret` of null is, of a
    webhook, made anew."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: Name = ""

    def fields(self) -> DestinationFields:
        """What was sent."""
        return _fields(self)


class DestinationQuery(PageQuery):
    """Which destinations to list."""

    kind: Kind | None = None
    is_active: Switch | None = None


class DestinationView(Schema):
    """A destination, and how deliveries to it go."""

    id: UUID
    name: str
    kind: Kind
    url: str | None
    has_secret: bool
    has_headers: bool
    events: Annotated[list[str] | None, Field(description="null: all.")]
    requests: bool
    filter: Annotated[
        dict[str, str] | None, Field(description="`project_id`, `token_id`, `outcome`, as given.")
    ]
    is_active: bool
    state: Annotated[
        Standing, Field(description="`failing`: the last try failed, and another follows.")
    ]
    delivered: Annotated[int, Field(description="Items, each counted once it was taken.")]
    dropped: Annotated[
        int, Field(description="Items that were refused, or went beyond DESTINATION_MAX_BYTES.")
    ]
    waiting: Annotated[int, Field(description="Items; 10,001 stands for any more.")]
    waiting_since: datetime | None
    last_delivered_at: datetime | None
    last_dropped_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    failing_since: datetime | None
    next_try_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Destination, health: DestinationHealth) -> Self:
        """`row` as it is shown."""
        return cls(**_shown(row, health))


class DestinationTestView(Schema):
    """What came of a test."""

    works: bool
    message: str
    status: Annotated[int | None, Field(description="What the receiver answered, if it did.")]
    ms: int


class DestinationWithSecret(DestinationView):
    """A destination with the secret that was made for it, which is not shown again."""

    secret: Annotated[
        str | None,
        Field(description="Where this call made one: of a webhook that was given none."),
    ]

    @classmethod
    def made(cls, row: Destination, health: DestinationHealth, secret: str | None) -> Self:
        """`row` as it is shown this once."""
        return cls(**_shown(row, health), secret=secret)


def _shown(row: Destination, health: DestinationHealth) -> dict[str, Any]:
    of_health = DestinationHealth.__dataclass_fields__.keys()
    known = fields_of(DestinationView, row, "filter", *of_health)
    known |= {name: getattr(health, name) for name in of_health}
    return known | {"filter": row.only}
