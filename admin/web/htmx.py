"""HTMX's headers: what it says about a request, and what it obeys in an answer."""

from typing import Any, Final
from urllib.parse import urlsplit

from sanic import Request

REDIRECT: Final = "hx-redirect"
RETARGET: Final = "hx-retarget"
RESWAP: Final = "hx-reswap"
RESELECT: Final = "hx-reselect"


def is_htmx(request: Request[Any, Any]) -> bool:
    """Whether a script asks, rather than the browser itself."""
    return request.headers.get("hx-request") == "true"


def wants_partial(request: Request[Any, Any]) -> bool:
    """Whether a part of a page is enough. Going back in history needs the whole."""
    return is_htmx(request) and request.headers.get("hx-history-restore-request") != "true"


def current_page(request: Request[Any, Any]) -> str | None:
    """Path and query of the page that the reader looks at."""
    shown = request.headers.get("hx-current-url") or request.headers.get("referer")
    if shown is None:
        return None
    try:
        parts = urlsplit(shown)
    except ValueError:
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
