"""Answers that the front door gives by itself, past Sanic and the data plane."""

from __future__ import annotations

import msgspec

from server.http.framing import Fields


def refusal(
    status: bytes,
    code: str,
    message: str,
    request_id: str,
    *,
    kind: str = "invalid_request_error",
    headers: Fields | None = None,
) -> bytes:
    """A whole response in OpenAI's shape; its connection closes.

    `headers` stand in place of the advice not to try again.
    """
    error = {"message": message, "type": kind, "param": None, "code": code}
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
