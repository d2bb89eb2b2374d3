"""What every answer of the management plane carries, whatever it says."""

from collections.abc import Mapping
from typing import Any, Final, cast
from uuid import UUID

from sanic import HTTPResponse, Request

from models.ids import new_id

REQUEST_ID: Final = "x-llm-proxy-request-id"


def request_id(request: Request[Any, Any]) -> UUID:
    """The request's id, in the response, the audit trail and the log."""
    known = getattr(request.ctx, "manage_request_id", None)
    if known is None:
        known = request.ctx.manage_request_id = new_id()
    return cast(UUID, known)


def answer(
    request: Request[Any, Any],
    status: int,
    body: bytes | None = None,
    *,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> HTTPResponse:
    """A response that no cache keeps. It has no CORS field, so no other origin's page reads it."""
    return HTTPResponse(
        body,
        status=status,
        content_type=None if body is None else content_type,
        headers={
            REQUEST_ID: str(request_id(request)),
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            **(headers or {}),
        },
    )
