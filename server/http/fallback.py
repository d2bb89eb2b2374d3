"""What is answered to an error on a path that is no plane's, or before a plane has the request."""

from collections.abc import Mapping
from typing import Any

from sanic import HTTPResponse, Request
from sanic.errorpages import JSONRenderer
from sanic.exceptions import MethodNotAllowed as SanicMethodNotAllowed
from sanic.exceptions import NotFound
from sanic.handlers import ErrorHandler

from models.ids import new_request_id
from proxy.errors import EndpointNotAllowed, MethodNotAllowed, Refusal
from proxy.providers.error_shapes import error_body, likely_shape
from proxy.providers.near_misses import meant, shown
from proxy.providers.provider import Provider
from server.context import WorkerContext


class JsonErrors(ErrorHandler):
    """Always JSON: Sanic would look for what the client accepts, and fail where that header is
    malformed, in which case every 404 becomes a 500."""

    def __init__(self, known: Mapping[str, Provider] | None = None) -> None:
        super().__init__()
        self._known = known or {}

    def default(self, request: Request[Any, Any], exception: Exception) -> HTTPResponse:
        """The answer to `exception`."""
        self.log(request, exception)
        asked = f"{_method(request)} {shown(_path(request))}"
        if isinstance(exception, NotFound):
            hint = meant(_path(request), request.method, None, self._known)
            return _refusal(
                request,
                EndpointNotAllowed(
                    f"{asked} is not a path of this proxy or of any provider.{hint}"
                ),
            )
        if isinstance(exception, SanicMethodNotAllowed):
            # As `routing.OpenRouter` has it: HEAD is answered wherever GET is.
            methods = {*(exception.allowed_methods or ())}
            if "GET" in methods:
                methods.add("HEAD")
            allowed = ", ".join(sorted(methods))
            refused = MethodNotAllowed(f"{asked} is not allowed; allowed there: {allowed}.")
            return _refusal(request, refused, allow=allowed)
        return JSONRenderer(request, exception, self.debug).render()


def _refusal(request: Request[Any, Any], refused: Refusal, **fields: str) -> HTTPResponse:
    """In the shape of the client that path and credential tell: no more is known of it."""
    has_google_key = bool(request.headers.get("x-goog-api-key"))
    shape = likely_shape(request.raw_url, with_google_key=has_google_key)
    request_id = new_request_id()
    context: WorkerContext = request.app.ctx
    if context.unserved is not None:
        asked = _method(request), _path(request)
        context.unserved(request_id, refused.code, refused.status, *asked)
    ours = {
        "x-llm-proxy-error": refused.code,
        "x-llm-proxy-request-id": request_id,
        "x-should-retry": "false",
    }
    return HTTPResponse(
        error_body(shape, refused),
        status=refused.status,
        headers=fields | ours,
        content_type="application/json",
    )


def _path(request: Request[Any, Any]) -> bytes:
    return request.raw_url.partition(b"?")[0]


def _method(request: Request[Any, Any]) -> str:
    """Its method, which any word may be, however long."""
    return shown(request.method.encode())
