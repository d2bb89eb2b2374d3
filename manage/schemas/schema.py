"""What all schemas share: strict types, and no field that is not named."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from manage.errors import Detail

T = TypeVar("T")


def without_defaults(schema: dict[str, Any]) -> None:
    """For schemas where an absent field is no default: it means "unchanged"."""
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


class Schema(BaseModel):
    """Strict: `"1"` is no number, `true` is no 1, and an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    @classmethod
    def clashes(cls, sent: Mapping[str, Any]) -> list[Detail]:
        """What is wrong with fields that are right by themselves."""
        return []


def fields_of(schema: type[Schema], row: object, *besides: str) -> dict[str, Any]:
    """The fields of `schema` as `row` has them, but for those named in `besides`."""
    return {name: getattr(row, name) for name in schema.model_fields if name not in besides}


class Nothing(Schema):
    """No fields at all."""


class Page(Schema, Generic[T]):
    """Part of a list, newest first."""

    data: list[T]
    #: Pass it as `cursor` for the rows that follow; null at the end.
    next_cursor: str | None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """`ProjectPage` for a page of `ProjectView`s: the document shows it."""
        return f"{params[0].__name__.removesuffix('View')}Page"


class Problem(Schema):
    """One thing that is wrong with what was sent."""

    field: str
    message: str
    #: The upstream key that it is about, where it is about one.
    key_id: str | None = None


class Refusal(Schema):
    """Why something was refused."""

    # What is no HTTP at all is refused before its path is known, and that refusal has more fields.
    model_config = ConfigDict(extra="allow")

    code: str
    message: str
    details: list[Problem] = []


class RefusalView(Schema):
    """The body of every answer from 400 on."""

    error: Refusal
