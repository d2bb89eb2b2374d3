"""From an error to an answer: `translate` is the one seam where the data room's errors and Sanic's
become ours, and `respond` gives all of them the one shape of the contract."""

from typing import Any, TypeAlias

import msgspec
from sanic import HTTPResponse, Request

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
    SecretMustBeGiven,
    Unavailable,
    UnsupportedMediaType,
)
from models import errors as model_errors
from web.causes import Cause, cause_of, log_mistake

AnyRequest: TypeAlias = Request[Any, Any]


def translate(error: Exception) -> ManageError:
    """`error` as this API answers it; InternalError for an unforeseen one."""
    if isinstance(error, ManageError):
        return error
    match cause_of(error):
        case Cause.DATABASE_UNAVAILABLE:
            return Unavailable("The database is unavailable; try again.")
        case Cause.RULE:
            return _of_rule(error)
        case Cause.BODY_TIMEOUT:
            return RequestTimeout("The body stopped coming.")
        case Cause.BODY_TOO_LARGE:
            return RequestTooLarge("The body is larger than 1 MiB.")
        case Cause.CONTENT_TYPE:
            return UnsupportedMediaType("The body must be sent as application/json.")
        case Cause.MALFORMED:
            details = [Detail("body", str(error))]
            return InvalidRequest("The request is malformed.", details=details)
        case Cause.MISTAKE | Cause.HASHING_BUSY:
            # This plane hashes no passwords.
            return InternalError("Something went wrong here; the log has it under the request id.")


def _of_rule(error: Exception) -> Conflict:
    if isinstance(error, model_errors.SecretMustBeGiven):
        details = [
            Detail(name, "It was entered for another address: give it anew.")
            for name in error.fields
        ]
        return SecretMustBeGiven(str(error), details=details)
    if not isinstance(error, model_errors.KeyMustBeGiven):
        return Conflict(str(error))
    return KeyMustBeGiven(
        str(error),
        details=[
            Detail("api_key", f"The key {hint} would be sent elsewhere.", str(key_id))
            for key_id, hint in error.keys
        ],
    )


def respond(request: AnyRequest, error: Exception) -> HTTPResponse:
    """The answer to `error`, for whatever was asked under /manage."""
    refusal = translate(error)
    if isinstance(refusal, InternalError):
        log_mistake(request, error, request_id(request))
    body: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.details:
        body["details"] = [
            {name: value for name, value in detail._asdict().items() if value is not None}
            for detail in refusal.details
        ]
    return answer(
        request, refusal.status, msgspec.json.encode({"error": body}), headers=refusal.headers
    )
