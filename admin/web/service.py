"""What the pages work with, handed in by the wiring: this room knows no other plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from admin.web.attention import AttentionWatch
from admin.web.throttle import SignInThrottle
from config import Network
from models.bindings import Upstreams
from models.crypto import KeyRing
from models.destinations import DestinationPolicy
from models.spending import Spending
from web.destination_test import DestinationTester
from web.key_test import Presenting
from web.refusal_audit import RefusalAuditor
from web.token_test import TokenAsking

if TYPE_CHECKING:
    from admin.components.live_tail import Tail
    from admin.components.providers import PriceList, ProviderFacts


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
    providers: Mapping[str, ProviderFacts]
    prices: PriceList
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
    spending: Spending
    """What is used of limits."""
    destinations: DestinationPolicy
    destination_tester: DestinationTester
    ask_as_token: TokenAsking
    tail: Tail
    attention: AttentionWatch = field(default_factory=AttentionWatch)
    throttle: SignInThrottle = field(default_factory=SignInThrottle)
    refusals: RefusalAuditor = field(default_factory=RefusalAuditor)
