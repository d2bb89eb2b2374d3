"""A page of a list, and the cursor for the next one."""

from typing import TypeVar
from uuid import UUID

from tortoise import Model

from manage import cursors
from manage.schemas.queries import PageQuery
from models.queries import lists
from models.queries.lists import Listing

M = TypeVar("M", bound=Model)


async def page(kind: str, rows: Listing[M], wanted: PageQuery) -> tuple[list[M], str | None]:
    """The page of `rows` that was asked for, and its `next_cursor`. Raises InvalidRequest."""
    before = None if wanted.cursor is None else cursors.decode(kind, wanted.cursor, UUID)
    found, last = await lists.page(rows, limit=wanted.limit, before=before)
    return found, None if last is None else cursors.encode(kind, last)
