"""What is answered to an error on a path that is no plane's, or before a plane has the request."""

from typing import Any

from sanic import HTTPResponse, Request
from sanic.errorpages import JSONRenderer
from sanic.handlers import ErrorHandler


class JsonErrors(ErrorHandler):
    """Always JSON: Sanic would look for what the client accepts, and fail where that header is
    malformed, in which case every 404 becomes a 500."""

    def default(self, request: Request[Any, Any], exception: Exception) -> HTTPResponse:
        """The answer to `exception`."""
        self.log(request, exception)
        return JSONRenderer(request, exception, self.debug).render()
