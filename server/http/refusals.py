"""Answers that the front door gives by itself, past Sanic and the data plane."""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

import msgspec
from loguru import logger

from models.ids import new_request_id
from proxy.errors import RequestBroken
from proxy.providers.error_shapes import ErrorShape, body_of, error_lines, likely_shape
from server.http.faults import Fields

Shape: TypeAlias = ErrorShape | Literal["manage"]


def refusal(
    status: bytes,
    code: str,
    message: str,
    request_id: str,
    *,
    kind: str = "invalid_request_error",
    headers: Fields | None = None,
    shape: Shape = "openai",
) -> bytes:
    """A whole response in the shape of whom it was meant for; its connection closes.

    `headers` stand in place of the advice not to try again.
    """
    number = int(status[:3])
    if shape == "manage":
        body = msgspec.json.encode({"error": {"code": code, "message": message}})
        more = b""
    else:
        body = body_of(shape, number, code, message, kind=kind)
        more = error_lines(shape, number, retry=headers is not None and number != 426)
    lines = [(b"x-should-retry", b"false")] if headers is None else headers
    if shape == "aws":
        # In milliseconds: AWS's clients heed no other.
        lines = [
            *lines,
            *[
                (b"x-amz-retry-after", each + b"000")
                for name, each in lines
                if name == b"retry-after"
            ],
        ]
    if not any(name == b"connection" for name, _ in lines):
        lines = [*lines, (b"connection", b"close")]
    return (
        b"HTTP/1.1 %b\r\ncontent-type: application/json\r\nx-llm-proxy-request-id: %b\r\n"
        b"x-llm-proxy-error: %b\r\ncontent-length: %d\r\n%b%b\r\n%b"
        % (
            status,
            request_id.encode("ascii"),
            code.encode("ascii"),
            len(body),
            more,
            b"".join(b"%b: %b\r\n" % field for field in lines),
            body,
        )
    )


_ASKED: Final = re.compile(
    rb"(?:\r\n)?+[^ \r\n]++ (?:https?+://[^/? \r\n]*+)?+([^ \r\n]*+)", re.IGNORECASE
)
_TO_MANAGE: Final = re.compile(rb"/manage(?:[/?]|\Z)")


def log_unforeseen(error: BaseException | None) -> str:
    """Log why a request failed in a way that is ours to mend, where its handler has not; its id."""
    request_id = new_request_id()
    if isinstance(error, RequestBroken):
        request_id = error.request_id
        # Its cause is what happened; the wrapper only says to which request.
        error = error.__cause__ or error
    if error is not None:
        log = logger.bind(request_id=request_id).opt(exception=error)
        log.error("unhandled exception in a request")
    return request_id


def unforeseen(request_id: str, target: bytes) -> bytes:
    """What a client is told whose request failed in a way that is ours to mend."""
    message = "Something went wrong in the proxy; its log says what."
    return refusal(
        b"500 Internal Server Error", "internal_error", message, request_id,
        kind="server_error", shape=meant_for(b"GET " + target),
    )  # fmt: skip


def meant_for(received: bytes | bytearray) -> Shape:
    """In which shape a message is refused that could not be understood."""
    asked = _ASKED.match(received)
    target = b"" if asked is None else bytes(asked[1])
    return "manage" if _TO_MANAGE.match(target) else likely_shape(target)
