"""Cursors: where a page ended, opaque to the caller and checked when it comes back.

A cursor names its list, so that one of another list is refused rather than misread. It is no
secret and is not signed: a caller that may list may start anywhere.
"""

import base64
from typing import Any, Final, TypeVar

import msgspec

from manage.errors import Detail, InvalidRequest

P = TypeVar("P")

#: What is said of a text that is none.
PROBLEM: Final = "This is no next_cursor of this list."


def encode(kind: str, place: Any) -> str:
    """The cursor for `place` in the list `kind`."""
    text = msgspec.json.encode([kind, place])
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def decode(kind: str, cursor: str, place: type[P]) -> P:
    """What `encode` was given. Raises InvalidRequest."""
    try:
        of, found = _read(cursor, place)
    except ValueError:
        raise refused() from None
    # Base64 and JSON can write one thing in many ways; only our own is a cursor.
    if of != kind or encode(kind, found) != cursor:
        raise refused()
    return found


def is_one(text: str) -> bool:
    """Whether `text` looks like a cursor; `decode` then says whether it is one of a list."""
    try:
        _read(text, msgspec.Raw)
    except ValueError:
        return False
    return True


def refused() -> InvalidRequest:
    """For a cursor that no page of the list ended in."""
    return InvalidRequest("The cursor is not valid.", details=[Detail("cursor", PROBLEM)])


def _read(cursor: str, place: type[P]) -> tuple[str, P]:
    text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    return msgspec.json.decode(text, type=tuple[str, place])  # type: ignore[valid-type]
