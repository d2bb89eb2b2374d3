"""Which kind of authentication a key has, and whether it can be presented to its provider.

Asked where a key is entered, and again where the data plane caches it: the provider's file may have
changed meanwhile.
"""

from typing import Final, Protocol

from models import credentials
from models.credentials import (
    BadCredential,
    Credential,
    EntraClient,
    Family,
    FromEnvironment,
    ServiceAccount,
    family,
)

FAMILIES: Final[tuple[Family, ...]] = ("aws-sigv4", "google", "entra")
#: What a plain string is to a provider whose own kind is more than a string: the API key of that
#: cloud, as its own SDKs send it.
_STRING_OF: Final[dict[str, str]] = {
    "aws-sigv4": "bearer",
    "google": "header:x-goog-api-key",
    "entra": "api-key",
}


#: Why `{"source": "environment"}` is refused.
AMBIENT_OFF: Final = (
    "it is the server's own identity, which UPSTREAM_AMBIENT_CREDENTIALS does not allow here."
)
_EXAMPLES: Final = {
    "aws-sigv4": '{"access_key_id": "AKIA…", "secret_access_key": "…", "region": "us-east-1"}',
    "google": "the file of a service account",
    "entra": '{"tenant_id": "…", "client_id": "…", "client_secret": "…"}',
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


def service_of(provider: AuthOfProvider) -> str:
    """The service that AWS's signatures are made for. Raises ValueError."""
    if not provider.service:
        raise ValueError(
            "the provider's file names no service for AWS's signatures, such as bedrock."
        )
    return provider.service


def token_place(provider: AuthOfProvider, wanted: str, member: str) -> str:
    """Where a token is fetched: what the key says, where the provider's file has it, or the first.

    Raises ValueError.
    """
    known = provider.token_uris
    if not known:
        raise ValueError("the provider's file names no token_uris, from which tokens could be had.")
    if not wanted:
        return known[0]
    if wanted.rstrip("/") not in (uri.rstrip("/") for uri in known):
        raise ValueError(
            f"its {member} is none of the provider's own token_uris: {', '.join(known)}."
        )
    return wanted


def check(provider: AuthOfProvider, auth: str | None, api_key: str, *, ambient: bool) -> None:
    """Whether a key can be presented. Raises BadCredential, which says why not."""
    credential = credentials.read(api_key)
    if isinstance(credential, str) and auth in FAMILIES:
        raise BadCredential(f"The auth {auth} takes a key that is JSON: {_EXAMPLES[auth]}.")
    try:
        kind = kind_of(provider, auth, credential)
        if kind == "none" or isinstance(credential, str):
            return
        if isinstance(credential, FromEnvironment) and not ambient:
            raise ValueError(AMBIENT_OFF)
        if kind == "aws-sigv4":
            service_of(provider)
        if isinstance(credential, ServiceAccount):
            token_place(provider, credential.token_uri, "token_uri")
        if isinstance(credential, EntraClient):
            token_place(provider, credential.authority, "authority")
    except ValueError as exc:
        raise BadCredential(f"This key cannot be used here: {exc}") from exc
