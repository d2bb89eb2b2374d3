"""Where upstream keys may be sent: what a key is bound to, and what the operator allows at all.

A key belongs to the place that it was entered for, so that one who may change a project cannot send
it elsewhere. Its row says `provider:NAME` where neither it nor its project has a base URL: then it
follows what the environment says of that provider. Any other says the origin of that URL, such as
`https://api.example.com:443`. The migration `bindings` works out the same in SQL.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from config import origin_of
from models import key_auth
from models.credentials import BadCredential
from models.errors import (
    BaseUrlMissing,
    EndpointNotServed,
    KeyMustBeGiven,
    KeyNotUsable,
    OriginNotAllowed,
    ProviderNotUsable,
)
from models.key_auth import AuthOfProvider

if TYPE_CHECKING:
    from models.upstream_keys import UpstreamKey

_PROVIDER: Final = "provider:"


class OwnPlace(Protocol):
    """What a key says of where it goes."""

    @property
    def provider(self) -> str | None: ...

    @property
    def base_url(self) -> str | None: ...


class Place(NamedTuple):
    """Where a key goes; without a base URL, to its provider's own address."""

    provider: str
    base_url: str | None


def place_of(key: OwnPlace, provider: str, base_url: str | None) -> Place:
    """Where a key of a project with this provider and base URL goes. One that has a provider of its
    own has nothing of the project's, which is for another provider."""
    if key.provider is not None:
        return Place(key.provider, key.base_url)
    return Place(provider, key.base_url or base_url)


def binding(provider: str, base_url: str | None) -> str:
    """What a key is bound to that is entered for a project with this address."""
    return f"{_PROVIDER}{provider}" if base_url is None else origin_of(base_url)


class Facts(AuthOfProvider, Protocol):
    """What is asked of a provider where a key is entered."""

    @property
    def error_shape(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Upstreams:
    """What the environment says of upstreams."""

    own: Mapping[str, str] = field(default_factory=dict)
    """Base URLs of providers, by name."""
    named: frozenset[str] = frozenset()
    """Providers whose base URL the operator set, instead of the built-in one."""
    origins: frozenset[str] = frozenset()
    """UPSTREAM_ORIGINS; empty: all."""
    auth: Mapping[str, Facts] = field(default_factory=dict)
    """What providers say of authentication and of errors, by name."""
    ambient: bool = False
    """UPSTREAM_AMBIENT_CREDENTIALS."""
    examples: Mapping[str, str] = field(default_factory=dict)
    """Providers that have no base URL of their own, each with one that a project could name."""
    roots: frozenset[str] = frozenset()
    """First segments of the paths that are served; none: not known here."""

    @property
    def providers(self) -> frozenset[str]:
        """The names of all that are configured here."""
        return frozenset(self.own) | frozenset(self.examples)

    def check_paths(self, paths: Iterable[str]) -> None:
        """Raises EndpointNotServed where one begins as no provider's does."""
        for path in paths:
            if self.roots and path.split("/", 2)[1] not in self.roots:
                raise EndpointNotServed(
                    f"{path} begins as no provider's paths do here, so that it is not served. It"
                    f" may begin with {', '.join(sorted(self.roots))}; PROVIDERS_FILE adds others."
                )

    def check_key(self, provider: str, auth: str | None, api_key: str) -> None:
        """Raises KeyNotUsable where the provider's requests could never present this key."""
        facts = self.auth.get(provider)
        if facts is None:
            return
        try:
            key_auth.check(facts, auth, api_key, ambient=self.ambient)
        except BadCredential as exc:
            raise KeyNotUsable(str(exc)) from exc

    def check_beside(self, own: str | None, provider: str) -> None:
        """Raises ProviderNotUsable where a key of the provider `own` cannot serve a project of
        `provider`: its clients could not read the errors."""
        if own is None or own == provider:
            return
        theirs, ours = self.auth.get(own), self.auth.get(provider)
        if theirs is not None and ours is not None and theirs.error_shape != ours.error_shape:
            raise ProviderNotUsable(
                f"{own} answers errors in the form of {theirs.error_shape}, and the clients of a"
                f" project of {provider} expect that of {ours.error_shape}. Make a project of {own}"
                " for this key."
            )

    def fits(self, bound_to: str | None, provider: str, base_url: str | None) -> bool:
        """Whether a key may be sent to a project's address: it leads where the key is bound to.

        A key that is bound to nothing fits nowhere.
        """
        wanted = binding(provider, base_url)
        if bound_to is None or bound_to == wanted:
            return bound_to is not None
        origin = self._origin(wanted)
        return origin is not None and origin == self._origin(bound_to)

    def allows(self, provider: str, base_url: str | None) -> bool:
        """Whether UPSTREAM_ORIGINS lets a project have this address.

        A provider's own address needs no place in the list where the operator gave it.
        """
        if not self.origins or (base_url is None and provider in self.named):
            return True
        return self._origin(binding(provider, base_url)) in self.origins

    def _origin(self, bound_to: str) -> str | None:
        """None for a provider that is not configured here."""
        if not bound_to.startswith(_PROVIDER):
            return bound_to
        base_url = self.own.get(bound_to.removeprefix(_PROVIDER))
        return None if base_url is None else origin_of(base_url)


def check_origin(upstreams: Upstreams, provider: str, base_url: str | None) -> None:
    """Whether requests may go there. Raises BaseUrlMissing, OriginNotAllowed."""
    if base_url is None and provider in upstreams.examples:
        raise BaseUrlMissing(
            f"The provider {provider} has no base URL of its own: name one, such as"
            f" {upstreams.examples[provider]}."
        )
    if not upstreams.allows(provider, base_url):
        whose = "This address" if base_url else f"The own address of the provider {provider}"
        raise OriginNotAllowed(
            f"{whose} is none of UPSTREAM_ORIGINS: {', '.join(sorted(upstreams.origins))}."
        )


def must_be_given(
    keys: Iterable["UpstreamKey"], provider: str, base_url: str | None
) -> KeyMustBeGiven:
    """What is said where these keys would go there, for which they were not entered."""
    keys = list(keys)
    where = base_url or f"the own address of the provider {provider}"
    named = ", ".join(f"{key.hint} ({key.id})" for key in keys)
    return KeyMustBeGiven(
        f"Keys were entered for another address and are not sent to {where}: {named}."
        " Give an API key for it in the same call; it replaces these.",
        [(key.id, key.hint) for key in keys],
    )
