"""From a plane's table of rows to routes. One path takes every method: the plane refuses one."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, Protocol, TypeAlias, TypeVar
from uuid import UUID

from sanic import Blueprint, HTTPResponse, Request

from models.rules import parse_id

#: The refusal of a method has the plane's own shape, so Sanic must not refuse any first.
#: The form of Sanic's own errors, which no view of ours leaves to it. Where none is named, Sanic
#: looks for one in the source of each handler, which takes half the time in which an app is made.
ERROR_FORMAT: Final = "json"
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Row(Protocol):
    """What a table says of a route: `PATCH /tokens/{token_id}`, below the plane's prefix."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...


R = TypeVar("R", bound=Row)
ByMethod: TypeAlias = Mapping[str, R]
Handle: TypeAlias = Callable[[Request[Any, Any], ByMethod[R], Mapping[str, str]], Awaitable[Any]]
"""Answers a request, given the rows of its path and the ids as its path has them."""


def by_path(rows: Iterable[R]) -> dict[str, dict[str, R]]:
    """The rows by path and method. Raises ValueError where two rows are the same."""
    found: defaultdict[str, dict[str, R]] = defaultdict(dict)
    for row in rows:
        if row.method in found[row.path]:
            raise ValueError(f"{row.method} {row.path} is in the table twice")
        found[row.path][row.method] = row
    return dict(found)


def add(plane: Blueprint, table: Mapping[str, ByMethod[R]], handle: Handle[R]) -> None:
    """Add a route for each path of `table`, and one each for the root and for all other paths."""
    for number, (path, rows) in enumerate(table.items()):
        if path != "/":
            route = path.replace("{", "<").replace("}", ":str>")
            _add(plane, route, rows, handle, f"path_{number}")
    _add(plane, "/", table.get("/", {}), handle, "root")

    async def elsewhere(request: Request[Any, Any], rest: str) -> HTTPResponse:
        # Sanic takes the root for a path below it that is empty.
        found: HTTPResponse = await handle(request, {} if rest else table.get("/", {}), {})
        return found

    plane.add_route(
        elsewhere,
        "/<rest:path>",
        methods=METHODS,
        stream=True,
        name="elsewhere",
        error_format=ERROR_FORMAT,
    )


def _add(plane: Blueprint, route: str, rows: ByMethod[R], handle: Handle[R], name: str) -> None:
    async def answer(request: Request[Any, Any], **texts: str) -> HTTPResponse:
        found: HTTPResponse = await handle(request, rows, texts)
        return found

    # As a stream: a body is received once it is known who sends it, and not before.
    plane.add_route(
        answer, route, methods=METHODS, stream=True, name=name, error_format=ERROR_FORMAT
    )


def row_for(request: Request[Any, Any], rows: ByMethod[R]) -> R | None:
    """The row for the request's method; a HEAD is answered as its GET."""
    return rows.get("GET" if request.method == "HEAD" else request.method)


def allowed_methods(rows: Mapping[str, object]) -> list[str]:
    """For `Allow`: the methods of a path, in order."""
    return sorted({*rows, "HEAD"} if "GET" in rows else rows)


def parse_ids(texts: Mapping[str, str]) -> dict[str, UUID] | None:
    """The ids of a path; None where one of them cannot be an id."""
    parsed = {name: parse_id(text) for name, text in texts.items()}
    ids = {name: found for name, found in parsed.items() if found is not None}
    return ids if len(ids) == len(parsed) else None
