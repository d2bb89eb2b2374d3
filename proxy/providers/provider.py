"""What the data plane knows of a kind of upstream: a provider is data, not code.

A provider says where it is, how it wants its key, which endpoints are let through, how its usage is
reported and in which shape its SDKs expect an error. Each built-in one is a file in `built_in/`
(`catalog.py`); PROVIDERS_FILE adds to them and changes them (`files.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple

from proxy.providers.endpoints import Endpoint, Matcher, Methods, Off, Widened
from proxy.providers.error_shapes import ErrorShape

#: 100 cents are a dollar, and 10**10 of xAI's ticks.
CostUnit = Literal["usd", "usd_cents", "usd_ticks"]

#: How a key is presented: kinds by themselves, and those that are followed by a name.
AUTH_KINDS: Final = (
    "bearer", "x-api-key", "api-key", "basic", "aws-sigv4", "google", "entra", "none",
)  # fmt: skip
AUTH_NAMED: Final = ("header", "query")


#: What stands in the open parts of a base URL in examples.
_EXAMPLES: Final = {"region": "us-east-1", "location": "europe-west4", "resource": "my-resource"}


class Probe(NamedTuple):
    """A request that is free and shows whether a key works."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Provider:
    """A kind of upstream."""

    name: str
    base_url: str
    """Without a trailing slash or `/v1`; '' where there is none. It may hold `{region}` and the
    like, which a project's own has to fill in."""
    auth: str
    """How a key is presented: one of `AUTH_KINDS`, or `header:NAME`, `query:NAME`."""
    error_shape: ErrorShape
    endpoints: tuple[Endpoint, ...]
    v1_prefix: str = "/v1"
    """What stands upstream in place of a path's leading segment `/v1`."""
    prices: str = ""
    """What the price list calls it; '' as its name is."""
    headers: tuple[tuple[str, str], ...] = ()
    """Fields that are added, or stand in place of the client's; names in lower case."""
    keep_client_headers: frozenset[str] = frozenset()
    """Fields of clients that otherwise would not cross; in lower case."""
    test: Probe | None = None
    blames_key: frozenset[str] = frozenset()
    """Codes of errors that say that the key is at fault, whatever the status."""
    meter_streams: bool = True
    cost: str = ""
    """Where in an answer this provider states its cost (`usage.cost`); '' where it does not."""
    cost_unit: CostUnit = "usd"
    service: str = ""
    """The service that AWS's signatures are made for."""
    token_uris: tuple[str, ...] = ()
    """Where credentials may be exchanged for short-lived tokens; the first one by default."""
    scopes: tuple[str, ...] = ()
    """What short-lived tokens are asked to be good for."""
    off: tuple[Off, ...] = ()
    """What its upstream has besides, for people to see."""
    _matcher: Matcher | Widened = field(init=False, repr=False, compare=False)
    _literal: dict[bytes, Methods] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        matcher = Matcher(self.endpoints)
        object.__setattr__(self, "_matcher", matcher)
        object.__setattr__(self, "_literal", matcher.literal)

    def match(self, path: bytes) -> Methods:
        """Allowed methods of a raw path, each with its route; empty where the path is off."""
        literal = self._literal.get(path)
        return self._matcher.match(path) if literal is None else literal

    def widened(self, added: Matcher) -> Provider:
        """The same with more endpoints, which change nothing of those that it has."""
        wider, matcher = replace(self, endpoints=self.endpoints + added.endpoints), self._matcher
        joined = Widened(matcher, added)
        object.__setattr__(wider, "_matcher", joined)
        object.__setattr__(wider, "_literal", joined.literal)
        return wider

    @property
    def listed_as(self) -> str:
        """Its name in the price list."""
        return self.prices or self.name

    @property
    def own_base_url(self) -> str | None:
        """The base URL of projects that name none; None where each has to name its own."""
        return self.base_url if self.base_url and "{" not in self.base_url else None

    @property
    def example_base_url(self) -> str:
        """A base URL as a project of it may have."""
        filled = self.base_url or "http://127.0.0.1:8000"
        for part, example in _EXAMPLES.items():
            filled = filled.replace(f"{{{part}}}", example)
        return filled

    @property
    def roots(self) -> frozenset[str]:
        """First segments of the paths that it allows."""
        return frozenset(endpoint.pattern.split("/", 2)[1] for endpoint in self.endpoints)
