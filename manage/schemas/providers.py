"""Providers: kinds of upstreams, as this installation knows them."""

from collections.abc import Collection
from typing import Protocol, Self

from manage.schemas.schema import Schema
from models.key_auth import AuthOfProvider


class EndpointFacts(Protocol):
    """An endpoint, as far as it is shown."""

    @property
    def method(self) -> str: ...

    @property
    def pattern(self) -> str: ...

    @property
    def dialect(self) -> str: ...


class OffFacts(Protocol):
    """An endpoint that is off by default, as far as it is shown."""

    @property
    def method(self) -> str: ...

    @property
    def pattern(self) -> str: ...

    @property
    def reason(self) -> str: ...


class ProviderFacts(AuthOfProvider, Protocol):
    """A provider, as far as it is shown."""

    @property
    def name(self) -> str: ...

    @property
    def base_url(self) -> str: ...

    @property
    def own_base_url(self) -> str | None: ...

    @property
    def v1_prefix(self) -> str: ...

    @property
    def error_shape(self) -> str: ...

    @property
    def listed_as(self) -> str: ...

    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...

    @property
    def keep_client_headers(self) -> Collection[str]: ...

    @property
    def test(self) -> tuple[str, str] | None: ...

    @property
    def blames_key(self) -> Collection[str]: ...

    @property
    def meter_streams(self) -> bool: ...

    @property
    def cost(self) -> str: ...

    @property
    def cost_unit(self) -> str: ...

    @property
    def endpoints(self) -> tuple[EndpointFacts, ...]: ...

    @property
    def off(self) -> tuple[OffFacts, ...]: ...


class EndpointView(Schema):
    """One line of a provider's allowlist."""

    #: `*` is any.
    method: str
    path: str
    #: How its answers report usage.
    usage: str


class OffView(Schema):
    """What a provider has and its allowlist has not: a project may add it."""

    #: `*` is any.
    method: str
    path: str
    #: Why it is off.
    reason: str


class ProviderView(Schema):
    """A provider. Values of header fields are not shown: they may be secrets."""

    name: str
    #: May hold `{region}`, `{location}` or `{resource}`; null where there is none.
    base_url: str | None
    #: Whether each of its projects has to name a base URL.
    needs_base_url: bool
    v1_prefix: str
    auth: str
    error_shape: str
    prices: str
    headers: list[str]
    keep_client_headers: list[str]
    test: str | None
    blames_key: list[str]
    meter_streams: bool
    cost: str | None
    #: In what that is stated; null where it is not.
    cost_unit: str | None
    #: What AWS's signatures are made for.
    service: str | None
    #: Where credentials are exchanged for short-lived tokens, and what these are good for.
    token_uris: list[str]
    scopes: list[str]
    endpoints: list[EndpointView]
    #: What is not let through unless a project adds it.
    off_by_default: list[OffView]

    @classmethod
    def of(cls, provider: ProviderFacts) -> Self:
        """`provider` as it is shown."""
        return cls(
            name=provider.name,
            base_url=provider.base_url or None,
            needs_base_url=provider.own_base_url is None,
            v1_prefix=provider.v1_prefix,
            auth=provider.auth,
            error_shape=provider.error_shape,
            prices=provider.listed_as,
            headers=[name for name, _ in provider.headers],
            keep_client_headers=sorted(provider.keep_client_headers),
            test=None if provider.test is None else " ".join(provider.test),
            blames_key=sorted(provider.blames_key),
            meter_streams=provider.meter_streams,
            cost=provider.cost or None,
            cost_unit=provider.cost_unit if provider.cost else None,
            service=provider.service or None,
            token_uris=list(provider.token_uris),
            scopes=list(provider.scopes),
            endpoints=[
                EndpointView(method=one.method, path=one.pattern, usage=one.dialect)
                for one in provider.endpoints
            ],
            off_by_default=[
                OffView(method=one.method, path=one.pattern, reason=one.reason)
                for one in provider.off
            ],
        )
