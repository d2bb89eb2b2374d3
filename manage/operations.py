"""The table of operations: what there is to call, with what, and what comes back.

Each resource's module fills a `Resource` by decorating its views. Routing, validation and the
OpenAPI document are all made from the same rows.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Literal, TypeAlias, TypeVar
from uuid import UUID

from manage.schemas.providers import ProviderFacts
from manage.schemas.schema import Schema
from models import Actor, Project, Token, UpstreamKey
from models.bindings import Upstreams
from models.crypto import KeyRing
from models.destinations import DestinationPolicy
from models.spending import Spending, Use, limited
from web.destination_test import DestinationTester
from web.key_test import Result as KeyTestResult

G = TypeVar("G", bound=Schema)
R = TypeVar("R", bound=Schema | None)

Method: TypeAlias = Literal["GET", "POST", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class ManagementServices:
    """What the views work with, handed in at wiring."""

    ring: KeyRing
    upstreams: Upstreams
    longest_lifetime: timedelta | None
    """TOKEN_MAX_LIFETIME."""
    catch_up: Callable[[], Awaitable[None]]
    """Have counted what this worker has served by now, as far as that is soon done."""
    test_key: Callable[[Project, UpstreamKey], Awaitable[KeyTestResult]]
    """Ask an upstream whether it takes a key."""
    spending: Spending
    """What is used of limits."""
    destinations: DestinationPolicy
    destination_tester: DestinationTester
    providers: Sequence[ProviderFacts] = ()

    async def used(self, *rows: Token | Project) -> Sequence[Use | None]:
        """What is used of the budgets of each; None where that cannot be read now."""
        uses = await self.spending.of([limited(row) for row in rows])
        return uses if uses is not None else [None] * len(rows)


@dataclass(frozen=True, slots=True)
class Call(Generic[G]):
    """One admitted and validated request. `given` is its body, or the query of a GET."""

    given: G
    ids: Mapping[str, UUID]
    actor: Actor
    service: ManagementServices


View: TypeAlias = Callable[[Call[G]], Awaitable[R]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row: `PATCH /tokens/{token_id}` takes a TokenChange and returns a TokenView."""

    method: Method
    path: str
    tag: str
    takes: type[Schema]
    returns: type[Schema] | None
    status: int
    view: View[Any, Schema | None]

    @property
    def label(self) -> str:
        """How the audit trail names it: the path with its places, never what stood in them."""
        return f"{self.method} /manage{self.path}"


class Resource:
    """The operations of one resource, in the order in which they are written down."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.operations: list[Operation] = []

    def get(
        self, path: str, *, takes: type[G], returns: type[R]
    ) -> Callable[[View[G, R]], View[G, R]]:
        """A view that only looks; `takes` is the query."""
        return self._add("GET", path, takes, returns, 200)

    def post(
        self, path: str, *, takes: type[G], returns: type[R], status: int = 200
    ) -> Callable[[View[G, R]], View[G, R]]:
        """A view that makes or does something; `takes` is the body."""
        return self._add("POST", path, takes, returns, status)

    def patch(
        self, path: str, *, takes: type[G], returns: type[R]
    ) -> Callable[[View[G, R]], View[G, R]]:
        """A view that changes what is named in the body."""
        return self._add("PATCH", path, takes, returns, 200)

    def delete(self, path: str, *, takes: type[G]) -> Callable[[View[G, None]], View[G, None]]:
        """A view that ends something, and answers with nothing."""
        return self._add("DELETE", path, takes, None, 204)

    def _add(
        self, method: Method, path: str, takes: type[G], returns: Any, status: int
    ) -> Callable[[View[G, R]], View[G, R]]:
        def add(view: View[G, R]) -> View[G, R]:
            self.operations.append(Operation(method, path, self.tag, takes, returns, status, view))
            return view

        return add
