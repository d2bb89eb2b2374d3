"""The one place where errors of the data room, of Sanic and of reading a body become a cause.

Each plane has its own status and words for a cause, and mypy asks for each of them.
"""

from enum import Enum, auto
from typing import Any
from uuid import UUID

from loguru import logger
from sanic import Request
from sanic.exceptions import SanicException

from models.errors import DatabaseUnavailable, Refused, TooManyHashes
from web.errors import BodyTooLarge, WrongContentType


class Cause(Enum):
    """Why a request was not answered as it asked."""

    DATABASE_UNAVAILABLE = auto()
    RULE = auto()
    """A rule of the domain forbids it; the error's text says which."""
    HASHING_BUSY = auto()
    """More passwords wait to be hashed than may."""
    BODY_TIMEOUT = auto()
    BODY_TOO_LARGE = auto()
    CONTENT_TYPE = auto()
    MALFORMED = auto()
    MISTAKE = auto()
    """A bug of ours: not raised on purpose."""


def cause_of(error: Exception) -> Cause:
    """What `error` means, whichever room or library raised it."""
    match error:
        case DatabaseUnavailable():
            return Cause.DATABASE_UNAVAILABLE
        case Refused():
            return Cause.RULE
        case TooManyHashes():
            return Cause.HASHING_BUSY
        case BodyTooLarge():
            return Cause.BODY_TOO_LARGE
        case WrongContentType():
            return Cause.CONTENT_TYPE
        case SanicException():
            return _of_status(error.status_code)
        case _:
            return Cause.MISTAKE


def _of_status(status: int) -> Cause:
    if status == 408:
        return Cause.BODY_TIMEOUT
    if status == 413:
        return Cause.BODY_TOO_LARGE
    return Cause.MALFORMED if 400 <= status < 500 else Cause.MISTAKE


def log_mistake(request: Request[Any, Any], error: Exception, request_id: UUID) -> None:
    """Log a bug of ours under the id that is in the response."""
    logger.opt(exception=error).error(
        "{} {} failed (request {})", request.method, request.path, request_id
    )
