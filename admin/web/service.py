"""What the pages work with, handed in by the wiring: this room knows no other plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol
from uuid import UUID

from admin.web.throttle import SignInThrottle
from config import Network
from models.bindings import Upstreams
from models.crypto import KeyRing
from web.refusal_audit import RefusalAuditor

if TYPE_CHECKING:
    from admin.components.live_tail import Tail


class Provider(Protocol):
    """A kind of upstream, as far as testing a key needs it."""

    @property
    def base_url(self) -> str: ...

    @property
    def own_base_url(self) -> str | None: ...

    @property
    def v1_prefix(self) -> str: ...

    @property
    def error_shape(self) -> str: ...

    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...

    @property
    def test(self) -> tuple[str, str] | None:
        """Method and path of a request that is free and shows whether a key works."""
        ...


class Asked(NamedTuple):
    """A request of our own that tests a key."""

    base_url: str
    method: str
    path: str
    body: bytes


class Presenting(Protocol):
    """Puts a key into a request, as the data plane does."""

    async def __call__(
        self, provider: str, key_id: UUID, secret: str, auth: str | None, asked: Asked
    ) -> tuple[bytes, list[tuple[bytes, bytes]]] | str:
        """Path and query, and the fields of the key; or why it cannot be presented."""
        ...


class ReadinessChecks(Protocol):
    """What `/ready` shows."""

    @property
    def database(self) -> str: ...

    @property
    def limits(self) -> str: ...

    @property
    def journal(self) -> str: ...

    @property
    def draining(self) -> bool: ...

    @property
    def reached(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminServices:
    """The same for every request of a worker."""

    ring: KeyRing
    providers: Mapping[str, Provider]
    upstreams: Upstreams
    database: str
    """Which kind it is, in words."""
    trusted_proxies: tuple[Network, ...]
    longest_lifetime: timedelta | None
    """TOKEN_MAX_LIFETIME."""
    is_refused: Callable[[str], bool]
    """Whether a resolved address is never an upstream."""
    present: Presenting
    checks: Callable[[], ReadinessChecks]
    workers: int
    running: Callable[[UUID], int]
    """How many requests of a token or project run in this worker."""
    tail: Tail
    throttle: SignInThrottle = field(default_factory=SignInThrottle)
    refusals: RefusalAuditor = field(default_factory=RefusalAuditor)
