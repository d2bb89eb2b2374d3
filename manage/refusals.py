"""From an error to an answer: `translate` is the one seam where the data room's errors and Sanic's
become ours, and `respond` gives all of them the one shape of the contract."""

from typing import Any, TypeAlias

import msgspec
from loguru import logger
from sanic import HTTPResponse, Request
from sanic.exceptions import SanicException

from manage.answers import answer, request_id
from manage.errors import (
    Conflict,
    Detail,
    InternalError,
    InvalidRequest,
    KeyMustBeGiven,
    ManageError,
    RequestTimeout,
    RequestTooLarge,
    Unavailable,
)
from models import errors as model_errors
from models.errors import DatabaseUnavailable, Refused

AnyRequest: TypeAlias = Request[Any, Any]


def translate(error: Exception) -> ManageError:
    """`error` as this API tells it; InternalError for whatever nobody raised on purpose."""
    if isinstance(error, ManageError):
        return error
    if isinstance(error, DatabaseUnavailable):
        return Unavailable("The database is unavailable; try again.")
    if isinstance(error, model_errors.KeyMustBeGiven):
        return KeyMustBeGiven(
            str(error),
            details=[
                Detail("api_key", f"The key {hint} would be sent elsewhere.", str(key_id))
                for key_id, hint in error.keys
            ],
        )
    if isinstance(error, Refused):
        return Conflict(str(error))
    if isinstance(error, SanicException):
        return _of_sanic(error)
    return InternalError("Something went wrong here; the log has it under the request id.")


def _of_sanic(error: SanicException) -> ManageError:
    if error.status_code == 408:
        return RequestTimeout("The body stopped coming.")
    if error.status_code == 413:
        return RequestTooLarge("The body is larger than 1 MiB.")
    if 400 <= error.status_code < 500:
        return InvalidRequest("The request is malformed.", details=[Detail("body", str(error))])
    return InternalError("Something went wrong here; the log has it under the request id.")


def respond(request: AnyRequest, error: Exception) -> HTTPResponse:
    """The answer to `error`, for whatever was asked under /manage."""
    refusal = translate(error)
    if isinstance(refusal, InternalError):
        logger.opt(exception=error).error(
            "{} {} failed (request {})", request.method, request.path, request_id(request)
        )
    body: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.details:
        body["details"] = [
            {name: value for name, value in detail._asdict().items() if value is not None}
            for detail in refusal.details
        ]
    return answer(
        request, refusal.status, msgspec.json.encode({"error": body}), headers=refusal.headers
    )
