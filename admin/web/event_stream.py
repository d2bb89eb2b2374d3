"""Server-sent events: what a browser that asks for them is sent."""

from typing import Any, Final

from sanic import HTTPResponse, Request

CONTENT_TYPE: Final = "text/event-stream; charset=utf-8"
OPENED: Final = b"retry: 2000\n: the log's end follows\n\n"
#: The session is over: the page has to be asked for again, which leads to signing in.
GONE: Final = b"event: gone\ndata:\n\n"


def is_asked_for(request: Request[Any, Any]) -> bool:
    """Whether a browser asks for events, and could make nothing of a page."""
    return request.headers.get("accept", "").strip().lower() == "text/event-stream"


def gone() -> HTTPResponse:
    """The stream of a session that is over: a browser would not follow a redirect to sign in."""
    return HTTPResponse(OPENED + GONE, content_type=CONTENT_TYPE)
