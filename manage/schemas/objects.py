"""Objects that upstream accounts keep, by their ids."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from manage.schemas.queries import PageQuery
from manage.schemas.schema import Schema, fields_of
from models.adoption import NO_TOKEN
from models.objects import ID_MAX, UpstreamObject, is_storable
from models.rules import Id, field_error, matching

#: Ids of one call.
ADOPTED_MOST = 1000


def _is_one(text: str) -> str:
    if not is_storable(text):
        raise field_error("An id is printable ASCII without a space.")
    return text


ObjectId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=ID_MAX),
    AfterValidator(_is_one),
    Field(json_schema_extra={"pattern": r"^[!-~]+$"}),
]
Kind = Annotated[str, *matching(r"[a-z_]{1,32}", "A kind has 1 to 32 of the characters a-z and _.")]


class ObjectQuery(PageQuery):
    """Which of a project's objects to list."""

    id: Annotated[ObjectId, Field(description="This one alone, by its whole id.")] | None = None


class ObjectAdoption(Schema):
    """Objects that are older than what is remembered, and whose they are."""

    ids: Annotated[list[ObjectId], Field(min_length=1, max_length=ADOPTED_MOST)]
    key_id: Annotated[
        Id | None, Field(description="The key that knows them; null: the project's only one.")
    ] = None
    token_id: Annotated[
        Id | None, Field(description="Whose they are; null: the project's, and no token's.")
    ] = None
    kind: Annotated[Kind | None, Field(description="What they are; null: as their ids show.")] = (
        None
    )


class ObjectMove(Schema):
    """All objects of a key that is gone, and the key of the same account that knows them too."""

    from_key_id: Id
    key_id: Id


class MoveView(Schema):
    """How many objects another key knows now."""

    moved: int


class AdoptionView(Schema):
    """What an adoption came to."""

    adopted: int
    known: int


class ObjectView(Schema):
    """An object of an upstream account."""

    id: str
    kind: str
    provider: str
    key_id: UUID
    token_id: UUID | None
    created_at: datetime
    counted_at: datetime | None

    @classmethod
    def of(cls, row: UpstreamObject) -> Self:
        """`row` as it is shown."""
        token_id = None if row.token_id == NO_TOKEN else row.token_id
        return cls(**fields_of(cls, row, "token_id"), token_id=token_id)
