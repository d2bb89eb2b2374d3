"""Answers that the front door gives by itself, past Sanic and the data plane."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from server.http.faults import Fields


def refusal(
    status: bytes,
    code: str,
    message: str,
    request_id: str,
    *,
    kind: str = "invalid_request_error",
    headers: Fields | None = None,
    of_manage: bool = False,
) -> bytes:
    """A whole response in OpenAI's shape, or in that of `/manage`; its connection closes.

    `headers` stand in place of the advice not to try again.
    """
    error: dict[str, str | None] = {"code": code, "message": message}
    if not of_manage:
        error |= {"type": kind, "param": None}
    body = msgspec.json.encode({"error": error})
    lines = [(b"x-should-retry", b"false")] if headers is None else headers
    if not any(name == b"connection" for name, _ in lines):
        lines = [*lines, (b"connection", b"close")]
    return (
        b"HTTP/1.1 %b\r\ncontent-type: application/json\r\nx-llm-proxy-request-id: %b\r\n"
        b"x-llm-proxy-error: %b\r\ncontent-length: %d\r\n%b\r\n%b"
        % (
            status,
            request_id.encode("ascii"),
            code.encode("ascii"),
            len(body),
            b"".join(b"%b: %b\r\n" % field for field in lines),
            body,
        )
    )


_TO_MANAGE: Final = re.compile(
    rb"(?:\r\n)?+[^ \r\n]++ (?:https?+://[^/? \r\n]*+)?+/manage(?:[/? \r\n]|\Z)", re.IGNORECASE
)


def is_for_manage(received: bytes | bytearray) -> bool:
    """Whether a message that could not be understood was meant for `/manage`."""
    return _TO_MANAGE.match(received) is not None
