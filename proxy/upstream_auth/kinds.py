"""Which kind of authentication a key has, and the kinds that are a header field."""

from __future__ import annotations

import base64
from typing import Final, Protocol

from models.credentials import Credential, Family, FromEnvironment, family

FAMILIES: Final[tuple[Family, ...]] = ("aws-sigv4", "google", "entra")
#: What a plain string is to a provider whose own kind is more than a string: the API key of that
#: cloud, as its own SDKs send it.
_STRING_OF: Final[dict[str, str]] = {
    "aws-sigv4": "bearer",
    "google": "header:x-goog-api-key",
    "entra": "api-key",
}


class AuthOfProvider(Protocol):
    """What a provider says of authentication."""

    @property
    def auth(self) -> str: ...

    @property
    def service(self) -> str: ...

    @property
    def token_uris(self) -> tuple[str, ...]: ...

    @property
    def scopes(self) -> tuple[str, ...]: ...


def kind_of(provider: AuthOfProvider, auth: str | None, credential: Credential) -> str:
    """The kind of a key, as `Provider.auth` names it: its own, else what its text says.

    Raises ValueError where key and kind do not go together.
    """
    wanted = auth or provider.auth
    if wanted == "none":
        return wanted
    if isinstance(credential, str):
        return _STRING_OF.get(wanted, wanted)
    found = family(credential)
    if isinstance(credential, FromEnvironment):
        found = wanted if wanted in FAMILIES else _family_of(provider)
    if found is None:
        raise ValueError(
            "neither the provider's file (auth, service, scopes) nor the key's auth says which"
            " cloud's identity of the server it is."
        )
    if auth is not None and auth != found:
        raise ValueError(f"the key's auth is {auth}, and its JSON is a credential for {found}.")
    return found


def _family_of(provider: AuthOfProvider) -> Family | None:
    if provider.service:
        return "aws-sigv4"
    if any(scope.endswith("/.default") for scope in provider.scopes):
        # What Entra's client credentials are asked for, and nobody else's.
        return "entra"
    return "google" if provider.scopes or provider.token_uris else None


def field_line(kind: str, secret: str) -> bytes:
    """The header line that presents a string; b"" for `none`, and for one that is no field."""
    text = secret.encode("latin-1")
    if kind == "bearer":
        return b"Authorization: Bearer %b\r\n" % text
    if kind == "basic":
        # A name without a password, where there is no colon.
        pair = text if b":" in text else text + b":"
        return b"Authorization: Basic %b\r\n" % base64.b64encode(pair)
    if kind in ("x-api-key", "api-key"):
        return b"%b: %b\r\n" % (kind.encode("ascii"), text)
    name, _, field = kind.partition(":")
    return b"%b: %b\r\n" % (field.encode("ascii"), text) if name == "header" else b""
