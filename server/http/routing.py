"""Sanic's router, with every method let through to the planes that refuse for themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sanic.constants import HTTP_METHODS
from sanic.exceptions import MethodNotAllowed
from sanic.router import Router


class OpenRouter(Router):
    """Sanic refuses methods that it has never heard of before any handler runs.

    Under the data plane's first segments and `/manage` that refusal is the plane's: after the
    token, in the plane's shape, with the `Allow` that is true for the path.
    """

    def __init__(self, roots: Iterable[str] = ("v1",)) -> None:
        super().__init__()
        self._planes = tuple(f"/{root}/" for root in (*roots, "manage"))

    def get(  # type: ignore[override]  # Sanic's own differs from its base's, too.
        self, path: str, method: str, host: str | None
    ) -> Any:
        """Where a request goes. Raises sanic.exceptions.NotFound, MethodNotAllowed."""
        if method not in HTTP_METHODS and f"{path}/".startswith(self._planes):
            # Any known one leads to the same handler, which reads the method from the head.
            method = self.DEFAULT_METHOD
        if method == "HEAD":
            try:
                return super().get(path, method, host)
            except MethodNotAllowed:
                # RFC 9110 9.3.2: what a GET is answered, without its content.
                method = "GET"
        return super().get(path, method, host)
