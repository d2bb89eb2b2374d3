"""What a query may hold. Its values arrive as text and are parsed here, by one form each."""

import re
from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from manage import cursors
from manage.schemas.schema import Schema
from models.rules import Id, Moment, SearchText, field_error

PAGE_DEFAULT: Final = 50
PAGE_MOST: Final = 200
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


def _to_number(value: object) -> object:
    if isinstance(value, str):
        if _NUMBER.fullmatch(value) is None:
            raise field_error("This is not a whole number.")
        return int(value)
    return value


def _to_switch(value: object) -> object:
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise field_error("This is neither true nor false.")
        return value == "true"
    return value


def _is_cursor(text: str) -> str:
    # Of which list it is, and of where in it, is seen where the list is read.
    if not cursors.is_one(text):
        raise field_error(cursors.PROBLEM)
    return text


Number = Annotated[int, BeforeValidator(_to_number)]
Switch = Annotated[bool, BeforeValidator(_to_switch)]
Cursor = Annotated[
    str,
    Field(max_length=1000, description="A page's next_cursor."),
    AfterValidator(_is_cursor),
]


class PageQuery(Schema):
    """How much of a list, and from where."""

    limit: Annotated[Number, Field(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT
    cursor: Cursor | None = None


class RangeQuery(PageQuery):
    """A list of what happened between two times."""

    start: Moment | None = Field(None, alias="from", description="The first moment.")
    end: Moment | None = Field(None, alias="to", description="The moment to stop before.")

    @field_validator("end")
    @classmethod
    def _runs_forward(cls, end: datetime | None, info: ValidationInfo) -> datetime | None:
        start = info.data.get("start")
        if start is not None and end is not None and end < start:
            raise field_error("This is before `from`.")
        return end


class OwnedQuery(RangeQuery):
    """What tokens did, of one project, token or model."""

    project_id: Id | None = None
    token_id: Id | None = None
    model: SearchText | None = None
