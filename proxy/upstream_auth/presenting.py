"""From an account's key to what its requests carry: made once, when a grant is cached."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from functools import partial
from time import time
from typing import Final, NamedTuple, Protocol, TypeVar
from uuid import UUID

import msgspec

from config import origin_of
from models import credentials
from models.credentials import (
    AwsKey,
    BadCredential,
    Credential,
    EntraClient,
    FromEnvironment,
    ServiceAccount,
)
from models.key_auth import AMBIENT_OFF, AuthOfProvider, kind_of, service_of, token_place
from proxy.errors import UpstreamAuthUnavailable
from proxy.header_rules import may_cross_upstream
from proxy.headers import RawHeaders, field_list
from proxy.upstream.pool import Pool
from proxy.upstream.target import Address, Presenter, Target, Unsigned, address_of
from proxy.upstream_auth import ambient
from proxy.upstream_auth.exchanges import (
    ExchangeFailed,
    Token,
    entra_form,
    entra_uri,
    google_form,
    token_of,
)
from proxy.upstream_auth.kinds import field_line
from proxy.upstream_auth.posting import post_form
from proxy.upstream_auth.presenters import (
    BearerToken,
    QueryKey,
    ReplacingField,
    Signature,
    Unusable,
)
from proxy.upstream_auth.sigv4 import SigningKey
from proxy.upstream_auth.tokens import Tokens

T = TypeVar("T")

#: What Google's tokens are asked for where a provider's file does not say it.
_GOOGLE_SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)


class Presentation(NamedTuple):
    """How a key is presented: by field lines that are always the same, or by a presenter."""

    fields: bytes
    presenter: Presenter | None = None

    def __repr__(self) -> str:
        # The default would print the key into whatever log a grant ends up in.
        return f"Presentation({self.presenter})"


class Asked(Protocol):
    """A request of our own that tests a key."""

    @property
    def base_url(self) -> str: ...

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def body(self) -> bytes: ...


class UpstreamAuth:
    """What a worker presents its keys with. Without a pool, nothing that has to be fetched."""

    def __init__(
        self,
        pool: Pool | None = None,
        tokens: Tokens | None = None,
        *,
        origins: frozenset[str] = frozenset(),
        ambient: bool = False,
    ) -> None:
        self._pool = pool
        self._tokens = Tokens() if tokens is None else tokens
        self._origins = origins
        self._ambient = ambient

    def close(self) -> None:
        """Fetch no more tokens."""
        self._tokens.close()

    def target(
        self,
        provider: AuthOfProvider,
        address: Address,
        *,
        key_id: UUID,
        secret: str,
        auth: str | None = None,
    ) -> Target:
        """An account at an address, with the key that it takes."""
        made = self.of(provider, address, key_id=key_id, secret=secret, auth=auth)
        return Target(address, made.fields, key_id, str(key_id), made.presenter)

    async def in_a_test(
        self, provider: AuthOfProvider, key_id: UUID, secret: str, auth: str | None, asked: Asked
    ) -> tuple[bytes, RawHeaders] | str:
        """Path and query of a request that tests a key, and the fields of the key; or why it
        cannot be presented."""
        address = address_of(asked.base_url)
        target = self.target(provider, address, key_id=key_id, secret=secret, auth=auth)
        path = address.prefix + asked.path.encode("ascii")
        if target.presenter is None:
            return path, field_list(target.credential)
        unsigned = Unsigned(asked.method, address, path, b"", (asked.body,), True)
        try:
            made = await target.presenter.present(unsigned)
        except UpstreamAuthUnavailable as exc:
            return f"{exc.message.removesuffix('.')}{exc.detail}." if exc.detail else exc.message
        return made.target, field_list(made.fields)

    def of(
        self,
        provider: AuthOfProvider,
        address: Address,
        *,
        key_id: UUID,
        secret: str,
        auth: str | None = None,
    ) -> Presentation:
        """How the key `secret` of this provider is presented at `address`."""
        try:
            credential = credentials.read(secret)
            kind = kind_of(provider, auth, credential)
            if isinstance(credential, str):
                return _of_string(kind, credential)
            return Presentation(b"", self._of_json(provider, address, key_id, kind, credential))
        except (BadCredential, ValueError) as exc:
            return Presentation(b"", Unusable(str(exc)))

    def _of_json(
        self,
        provider: AuthOfProvider,
        address: Address,
        key_id: UUID,
        kind: str,
        credential: Credential,
    ) -> Presenter:
        """Raises ValueError where the provider's file does not name what it takes."""
        if isinstance(credential, FromEnvironment):
            return self._of_environment(provider, address, key_id, kind, credential)
        if isinstance(credential, AwsKey):
            key = signing_key(credential, service_of(provider))
            return Signature(partial(_ready, key))
        if isinstance(credential, ServiceAccount):
            uri = token_place(provider, credential.token_uri, "token_uri")
            scopes = provider.scopes or _GOOGLE_SCOPES
            form = partial(asyncio.to_thread, _signed_form, credential, uri, scopes)
            hidden = credentials.secrets_of(credential)
            what = "Google's token endpoint"
        elif isinstance(credential, EntraClient):
            place = token_place(provider, credential.authority, "authority")
            uri = entra_uri(place, credential.tenant_id)
            scopes = provider.scopes
            form = partial(_ready, entra_form(credential, scopes))
            hidden = credentials.secrets_of(credential)
            what = "Entra's token endpoint"
        else:
            raise ValueError(f"A string is no credential for {kind}.")
        fetch = partial(self._exchange, uri, form, hidden)
        source = _digest(credential, uri, scopes)
        return BearerToken(self._tokens.of(key_id, source, what, fetch).get)

    async def _exchange(
        self, uri: str, form: Callable[[], Awaitable[bytes]], hidden: tuple[str, ...]
    ) -> Token:
        """A token from an endpoint. Raises ExchangeFailed."""
        if self._origins and origin_of(uri) not in self._origins:
            raise ExchangeFailed(f"is none of UPSTREAM_ORIGINS ({origin_of(uri)})")
        if self._pool is None:
            raise ExchangeFailed("cannot be asked from here")
        try:
            content = await form()
        except BadCredential as exc:
            raise ExchangeFailed(f"cannot be asked: {exc}") from exc
        status, body = await post_form(self._pool, uri, content)
        return token_of(status, body, time(), hidden)

    def _of_environment(
        self,
        provider: AuthOfProvider,
        address: Address,
        key_id: UUID,
        kind: str,
        credential: FromEnvironment,
    ) -> Presenter:
        if not self._ambient:
            raise ValueError(AMBIENT_OFF)
        of = partial(self._tokens.of, key_id, shared=False)
        if kind == "aws-sigv4":
            service = service_of(provider)
            region = credential.region or region_in(address.origin.host)
            token = of(
                f"aws {region}", "AWS's identity of this server", partial(ambient.aws, region)
            )
            return Signature(_TemporaryKey(token.get, service).get)
        scopes = provider.scopes or _GOOGLE_SCOPES
        fetch = ambient.google if kind == "google" else ambient.entra
        what = f"{kind.capitalize()}'s identity of this server"
        return BearerToken(of(f"{kind} {' '.join(scopes)}", what, partial(fetch, scopes)).get)


class _TemporaryKey:
    """What signs with a role's key, for as long as that is the same."""

    def __init__(self, text: Callable[[], Awaitable[str]], service: str) -> None:
        self._text = text
        self._service = service
        self._from = ""
        self._key: SigningKey | None = None

    async def get(self) -> SigningKey:
        """The key of now. Raises UpstreamAuthUnavailable."""
        text = await self._text()
        if self._key is None or text != self._from:
            self._key = signing_key(msgspec.json.decode(text, type=AwsKey), self._service)
            self._from = text
        return self._key


def signing_key(key: AwsKey, service: str) -> SigningKey:
    """What signs with an access key."""
    return SigningKey(
        key.access_key_id,
        key.secret_access_key,
        region=key.region,
        service=service,
        session_token=key.session_token,
    )


def region_in(host: str) -> str:
    """The region that a host of AWS names, as `bedrock-runtime.us-east-1.amazonaws.com`; or ''."""
    labels = host.split(".")
    if len(labels) < 4 or not {"amazonaws", "api"} & {*labels}:
        return ""
    return labels[1] if labels[1].count("-") >= 2 else ""


def _of_string(kind: str, secret: str) -> Presentation:
    name, _, field = kind.partition(":")
    if name == "query":
        return Presentation(b"", QueryKey(field, secret))
    line = field_line(kind, secret)
    if name == "header" and may_cross_upstream(field.encode("ascii")):
        return Presentation(b"", ReplacingField(line))
    return Presentation(line)


def _signed_form(account: ServiceAccount, uri: str, scopes: tuple[str, ...]) -> bytes:
    return google_form(account, uri, scopes, time())


async def _ready(value: T) -> T:
    return value


def _digest(credential: Credential, uri: str, scopes: tuple[str, ...]) -> str:
    """Of what a token is fetched with, so that one for something else is never taken for it."""
    text = msgspec.json.encode((credential, uri, scopes))
    return hashlib.sha256(text).hexdigest()
