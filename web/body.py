"""A request's body, looked at before any of it is waited for and bounded while it arrives."""

from collections.abc import AsyncIterable
from typing import Any, Final, cast

from sanic import Request

from web.errors import BodyTooLarge, WrongContentType

_NOTHING: Final = b""


async def receive(request: Request[Any, Any], *, content_type: str, max_bytes: int) -> bytes:
    """The body, empty where none was sent. Raises WrongContentType, BodyTooLarge."""
    announced = _announced_bytes(request)
    if announced == 0:
        return _NOTHING
    declared: str = request.headers.get("content-type", "")
    if declared.partition(";")[0].strip().lower() != content_type:
        raise WrongContentType(content_type)
    if announced is not None and announced > max_bytes:
        raise BodyTooLarge(max_bytes)
    received = bytearray()
    async for piece in cast(AsyncIterable[bytes], request.stream):
        received += piece
        if len(received) > max_bytes:
            raise BodyTooLarge(max_bytes)
    return bytes(received)


def _announced_bytes(request: Request[Any, Any]) -> int | None:
    """How long the body is said to be; None for a chunked one. The front door has checked both."""
    if "transfer-encoding" in request.headers:
        return None
    return int(request.headers.get("content-length", "0"))
