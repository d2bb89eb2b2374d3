"""The table of pages. Each family's module fills a `Pages` by decorating its views.

Deny by default: a page is for signed-in people, and a post for the role `admin`, unless it says
otherwise. `role=None` lets everyone in, and only the sign-in page says so.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sanic import HTTPResponse

from models.administrators import Role

View: TypeAlias = Callable[..., Awaitable[HTTPResponse]]
Method: TypeAlias = Literal["GET", "POST"]


@dataclass(frozen=True, slots=True)
class Page:
    """One row: `POST /tokens/{token_id}/revoke`, for administrators."""

    method: Method
    path: str
    role: Role | None
    view: View

    @property
    def label(self) -> str:
        """How the audit trail names it: the path with its places, never what stood in them."""
        return f"{self.method} /admin{self.path}"


class Pages:
    """The pages of one family."""

    def __init__(self) -> None:
        self.rows: list[Page] = []

    def get(self, path: str, *, role: Role | None = "viewer") -> Callable[[Any], Any]:
        """A page that only looks."""
        return self._add("GET", path, role)

    def post(self, path: str, *, role: Role | None = "admin") -> Callable[[Any], Any]:
        """A change."""
        return self._add("POST", path, role)

    def _add(self, method: Method, path: str, role: Role | None) -> Callable[[Any], Any]:
        def add(view: View) -> View:
            self.rows.append(Page(method, path, role, view))
            return view

        return add
