"""Which field lines cross the proxy, in either direction, sans-io.

Names keep their case and lines their order; what is dropped is on the public contract's list.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from proxy.headers import RawHeaders

# RFC 9110 7.6.1: these describe one connection and must not cross us.
HOP_BY_HOP: Final = frozenset(
    (
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"transfer-encoding",
        b"upgrade",
    )
)
#: Where a client may present a token.
CREDENTIALS: Final = frozenset((b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key"))
# What else belongs to a client's own credential: the parts of a signature that was made with it,
# and gateways' keys.
CREDENTIAL_PARTS: Final = frozenset(
    (
        b"ocp-apim-subscription-key",
        b"x-amz-content-sha256",
        b"x-amz-date",
        b"x-amz-security-token",
    )
)
#: They name an account of the client's own, which the key that is used here does not belong to. A
#: provider may keep them.
KEEPABLE: Final = frozenset(
    (
        b"anthropic-organization-id",
        b"anthropic-workspace-id",
        b"chatgpt-account-id",
        b"openai-organization",
        b"openai-project",
        b"x-goog-user-project",
    )
)
# The client's own network, and cookies that were meant for us or for another site.
_PRIVATE: Final = frozenset(
    (
        b"cookie",
        b"expect",
        b"forwarded",
        b"host",
        b"true-client-ip",
        b"via",
        b"x-real-ip",
        b"x-request-start",
    )
)
# They have a server take the request for another one than was allowed.
_REWRITING: Final = frozenset(
    (
        b"x-http-method",
        b"x-http-method-override",
        b"x-method-override",
        b"x-original-url",
        b"x-rewrite-url",
    )
)
_PRIVATE_PREFIXES: Final = (b"x-forwarded-", b"cf-", b"x-llm-proxy-")
# They frame a message or say how to read it, which a trailer comes too late for.
_NEVER_TRAILERS: Final = frozenset(
    (b"content-encoding", b"content-length", b"content-range", b"content-type", b"trailer")
)
_NOT_UPSTREAM: Final = (
    HOP_BY_HOP | CREDENTIALS | CREDENTIAL_PARTS | _PRIVATE | _REWRITING | KEEPABLE
)
_NOT_DOWNSTREAM: Final = HOP_BY_HOP | {b"set-cookie", b"set-cookie2", b"x-llm-proxy-request-id"}


def for_upstream(headers: RawHeaders) -> RawHeaders:
    """The client's end-to-end fields, without credentials and what is private to its side."""
    crossing = [
        field
        for field in headers
        if (_crosses if len(field[0]) <= _REMEMBERED_BYTES else may_cross_upstream)(field[0])
    ]
    named = _named_by_connection(headers)
    return [field for field in crossing if field[0].lower() not in named] if named else crossing


def kept_for_upstream(headers: RawHeaders, names: frozenset[bytes]) -> RawHeaders:
    """The client's fields of these names, which a provider keeps."""
    named = _named_by_connection(headers)
    return [field for field in headers if (name := field[0].lower()) in names and name not in named]


def end_to_end(headers: RawHeaders) -> RawHeaders:
    """Without the fields that `Connection` names, and then without itself, which would name what is
    added later as well."""
    named = _named_by_connection(headers)
    if not named:
        return headers
    named = named | {b"connection"}
    return [field for field in headers if field[0].lower() not in named]


def may_cross_upstream(name: bytes) -> bool:
    """Whether a client's field of this name goes upstream, where `Connection` does not name it.

    CGI and WSGI turn `-` into `_`, so that servers behind them cannot tell a field of the list
    from its other spelling: neither crosses.
    """
    plain = name.lower()
    if b"_" in plain:
        plain = plain.replace(b"_", b"-")
        if plain in _NEVER_TRAILERS:
            return False
    return plain not in _NOT_UPSTREAM and not plain.startswith(_PRIVATE_PREFIXES)


#: Clients send the same few names again and again.
_crosses: Final = lru_cache(1024)(may_cross_upstream)
_REMEMBERED_BYTES: Final = 64


def for_downstream(headers: RawHeaders) -> RawHeaders:
    """The upstream's end-to-end fields."""
    named = _named_by_connection(headers)
    return [
        field
        for field in headers
        if (name := field[0].lower()) not in _NOT_DOWNSTREAM and name not in named
    ]


def may_cross_downstream(name: bytes) -> bool:
    """Whether an upstream's field of this name goes to the client, where `Connection` does not
    name it."""
    return name.lower() not in _NOT_DOWNSTREAM


def trailers_for_upstream(trailers: RawHeaders) -> RawHeaders:
    """The client's trailers that may cross: a server that merges them into the head must not
    learn there what a head would not have said (RFC 9110 6.5.1)."""
    return [field for field in for_upstream(trailers) if field[0].lower() not in _NEVER_TRAILERS]


def trailers_for_downstream(trailers: RawHeaders) -> RawHeaders:
    """The upstream's trailers that may cross."""
    return [field for field in for_downstream(trailers) if field[0].lower() not in _NEVER_TRAILERS]


def _named_by_connection(headers: RawHeaders) -> frozenset[bytes] | set[bytes]:
    """Fields that `Connection` declares to be its own (RFC 9110 7.6.1).

    Content-Length never is: dropping it would leave a body whose end is not known.
    """
    for name, value in headers:
        if len(name) == 10 and name.lower() == b"connection" and value not in PLAIN_CONNECTION:
            return {
                option.strip(b" \t")
                for line_name, line in headers
                if line_name.lower() == b"connection"
                for option in line.lower().split(b",")
            } - {b"content-length"}
    return frozenset()


#: Values of `Connection` that name no field.
PLAIN_CONNECTION: Final = (b"keep-alive", b"Keep-Alive", b"close")
