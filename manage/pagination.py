"""Cursors: where a page ended, opaque to the caller and checked when it comes back.

A cursor names its list, so that one of another list is refused rather than misread. It is no
secret and is not signed: whoever may list may start anywhere.
"""

import base64
import binascii
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from tortoise import Model

from manage.errors import Detail, InvalidRequest
from manage.schemas.queries import PageQuery
from models import listing
from models.listing import Listing

M = TypeVar("M", bound=Model)
P = TypeVar("P")


def encode(kind: str, place: Any) -> str:
    """The cursor for `place` in the list `kind`."""
    text = msgspec.json.encode([kind, place])
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def decode(kind: str, cursor: str, place: type[P]) -> P:
    """What `encode` was given. Raises InvalidRequest."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        of, found = msgspec.json.decode(text, type=tuple[str, place])  # type: ignore[valid-type]
    except (binascii.Error, ValueError):
        of = None
    # Base64 and JSON can write one thing in many ways; only our own is a cursor.
    if of != kind or encode(kind, found) != cursor:
        raise InvalidRequest(
            "The cursor is not valid.",
            details=[Detail("cursor", "This is no next_cursor of this list.")],
        )
    return found


async def page(kind: str, rows: Listing[M], wanted: PageQuery) -> tuple[list[M], str | None]:
    """The page of `rows` that was asked for, and its `next_cursor`. Raises InvalidRequest."""
    before = None if wanted.cursor is None else decode(kind, wanted.cursor, UUID)
    found, last = await listing.page(rows, limit=wanted.limit, before=before)
    return found, None if last is None else encode(kind, last)
