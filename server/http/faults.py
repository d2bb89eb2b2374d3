"""What is wrong with a message that cannot be served as it is, and how that is answered."""

from __future__ import annotations

from typing import ClassVar

Fields = list[tuple[bytes, bytes]]


class FramingError(Exception):
    """The message is malformed or ambiguous: answer `status` and close."""

    status: ClassVar[bytes] = b"400 Bad Request"
    code: ClassVar[str] = "invalid_request"
    headers: ClassVar[Fields | None] = None
    """Field lines of the answer, in place of the advice not to try again."""


class HeadTimeout(FramingError):
    """The head did not arrive within its deadline; another try may be faster."""

    status = b"408 Request Timeout"
    code = "request_timeout"
    headers: ClassVar[Fields | None] = []


class UpgradeRequired(FramingError):
    """The client asks for WebSocket, which is not spoken here: SDKs then do without at once."""

    status = b"426 Upgrade Required"
    code = "upgrade_required"
    headers: ClassVar[Fields | None] = [
        (b"x-should-retry", b"false"),
        (b"upgrade", b"websocket"),
        (b"connection", b"Upgrade, close"),
    ]


def refuse_websocket(protocols: bytes) -> None:
    """Any other upgrade is ignored, as RFC 9110 7.8 allows, and the request is served."""
    if b"websocket" not in protocols.lower():
        return
    names = (name.partition(b"/")[0].strip(b" \t") for name in protocols.lower().split(b","))
    if b"websocket" in names:
        raise UpgradeRequired("WebSocket is not served here. Send the request over plain HTTP.")
