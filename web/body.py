"""A request's body, looked at before any of it is waited for and bounded while it arrives."""

from typing import Any, Final, cast

from sanic import Request

from web.errors import BodyTooLarge, WrongContentType

_NOTHING: Final = b""


async def receive(request: Request[Any, Any], *, content_type: str, max_bytes: int) -> bytes:
    """The body, empty where none was sent. Raises WrongContentType, BodyTooLarge."""
    stream = cast(Any, request.stream)
    if not stream.request_body:
        return _NOTHING
    declared: str = request.headers.get("content-type", "")
    if declared.partition(";")[0].strip().lower() != content_type:
        raise WrongContentType(content_type)
    if stream.request_bytes > max_bytes:
        raise BodyTooLarge(max_bytes)
    # Sanic lifts the limit for handlers that read by themselves.
    stream.request_max_size = max_bytes
    await request.receive_body()
    return request.body
