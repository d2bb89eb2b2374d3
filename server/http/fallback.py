"""What is answered to an error on a path that is no plane's, or before a plane has the request."""

from collections.abc import Mapping
from typing import Any

from sanic import HTTPResponse, Request
from sanic.errorpages import JSONRenderer
from sanic.exceptions import NotFound
from sanic.handlers import ErrorHandler

from proxy.errors import EndpointNotAllowed
from proxy.providers.error_shapes import error_body
from proxy.providers.near_misses import meant, shown
from proxy.providers.provider import Provider


class JsonErrors(ErrorHandler):
    """Always JSON: Sanic would look for what the client accepts, and fail where that header is
    malformed, in which case every 404 becomes a 500."""

    def __init__(self, known: Mapping[str, Provider] | None = None) -> None:
        super().__init__()
        self._known = known or {}

    def default(self, request: Request[Any, Any], exception: Exception) -> HTTPResponse:
        """The answer to `exception`."""
        self.log(request, exception)
        if isinstance(exception, NotFound):
            return self._not_found(request)
        return JSONRenderer(request, exception, self.debug).render()

    def _not_found(self, request: Request[Any, Any]) -> HTTPResponse:
        """In OpenAI's shape: whose client it is, is not known without a token."""
        path = request.raw_url.partition(b"?")[0]
        hint = meant(path, request.method, None, self._known)
        refused = EndpointNotAllowed(
            f"{request.method} {shown(path)} is not a path of this proxy or of any provider.{hint}"
        )
        return HTTPResponse(
            error_body("openai", refused),
            status=refused.status,
            headers={"x-llm-proxy-error": refused.code, "x-should-retry": "false"},
            content_type="application/json",
        )
