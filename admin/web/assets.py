"""The static files, under names that hold their hash, so that browsers keep them for good."""

import hashlib
from pathlib import Path
from typing import Any, Final

from sanic import Blueprint, HTTPResponse, Request

from admin.web.errors import NotFound

_ROOT: Final = Path(__file__).parents[1] / "static"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_GOOD: Final = "public, max-age=31536000, immutable"


class Assets:
    """Read once, at the start: a worker serves what its release came with."""

    def __init__(self, root: Path = _ROOT) -> None:
        self._files: dict[str, tuple[bytes, str]] = {}
        self._names: dict[str, str] = {}
        for path in sorted(root.rglob("*")):
            if path.suffix in _TYPES:
                self._add(path.relative_to(root).as_posix(), path)

    def _add(self, name: str, path: Path) -> None:
        body = path.read_bytes()
        digest = hashlib.sha256(body).hexdigest()[:16]
        hashed = f"{name.removesuffix(path.suffix)}.{digest}{path.suffix}"
        self._names[name] = f"/admin/static/{hashed}"
        self._files[hashed] = (body, _TYPES[path.suffix])

    def url(self, name: str) -> str:
        """Where `name` is served. Raises KeyError where there is no such file."""
        return self._names[name]

    def serve_from(self, plane: Blueprint) -> None:
        """Add the route."""

        @plane.get("/static/<name:path>", name="static")
        async def static(_: Request[Any, Any], name: str) -> HTTPResponse:
            found = self._files.get(name)
            if found is None:
                raise NotFound("This file belongs to another release. Reload the page.")
            body, content_type = found
            return HTTPResponse(
                body, content_type=content_type, headers={"cache-control": _FOR_GOOD}
            )
