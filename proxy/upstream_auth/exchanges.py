"""Exchanging a credential for a short-lived token, sans-io: the form to post, the answer to read.

Google: https://developers.google.com/identity/protocols/oauth2/service-account (RFC 7523).
Entra: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
(RFC 6749 4.4).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from models.credentials import EntraClient, ServiceAccount, private_key
from models.text import clean_text
from proxy.decoding.json_reading import WRONG

#: Seconds that an assertion is good for; Google allows no more.
ASSERTION_SECONDS: Final = 3600
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST_TOKEN: Final = 32_768
_LONGEST_REASON: Final = 200
#: Seconds that a token lives of which its issuer does not say it, and at most.
_USUAL_LIFE: Final = 3600.0
_LONGEST_LIFE: Final = 86_400.0
_VISIBLE: Final = re.compile(r"[!-~]+")


class ExchangeFailed(Exception):
    """No token came of it; the message says why, without a secret.

    `detail` goes on where it does, for those who run the server.
    """

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class Token(NamedTuple):
    """What is presented for a while. `text` is what a header holds, or JSON where it signs."""

    text: str
    expires_at: float
    """Unix seconds."""

    def __repr__(self) -> str:
        # The default would print the token into whatever log it ends up in.
        return f"Token(expires_at={self.expires_at})"


def google_form(
    account: ServiceAccount, token_uri: str, scopes: Sequence[str], now: float
) -> bytes:
    """The form that asks for a token of a service account. Takes milliseconds: it signs.

    Raises models.credentials.BadCredential.
    """
    header = {"alg": "RS256", "typ": "JWT"}
    if account.private_key_id:
        header["kid"] = account.private_key_id
    claims = {
        "iss": account.client_email,
        "scope": " ".join(scopes),
        "aud": token_uri,
        "iat": int(now),
        "exp": int(now) + ASSERTION_SECONDS,
    }
    signed = b".".join(_base64(msgspec.json.encode(part)) for part in (header, claims))
    signature = private_key(account).sign(signed, PKCS1v15(), SHA256())
    assertion = signed + b"." + _base64(signature)
    return urlencode({"grant_type": _GRANT, "assertion": assertion.decode()}).encode()


def entra_form(client: EntraClient, scopes: Sequence[str]) -> bytes:
    """The form that asks for a token of an application."""
    return urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "scope": " ".join(scopes),
        }
    ).encode()


def entra_uri(authority: str, tenant_id: str) -> str:
    """Where a tenant's tokens are given out, below an authority or by a form of its whole URL."""
    tenant = quote(tenant_id, safe="")
    for place in ("{tenant_id}", "{tenant}"):
        if place in authority:
            return authority.replace(place, tenant)
    return f"{authority.rstrip('/')}/{tenant}/oauth2/v2.0/token"


def token_of(status: int, body: bytes, now: float, hidden: Sequence[str]) -> Token:
    """The token in an answer. Raises ExchangeFailed; what is `hidden` is not in its message."""
    said: dict[str, Any] = _object(body)
    if status != 200:
        raise ExchangeFailed(f"answered {status}", _reason(said, hidden))
    text, life = said.get("access_token"), said.get("expires_in")
    if not isinstance(text, str) or len(text) > _LONGEST_TOKEN or not _VISIBLE.fullmatch(text):
        raise ExchangeFailed("answered 200 without an access_token that a header can hold")
    if isinstance(life, str) and re.fullmatch(r"[0-9]{1,9}", life):
        life = int(life)
    if isinstance(life, bool) or not isinstance(life, int | float) or not life > 0:
        life = _USUAL_LIFE
    return Token(text, now + min(float(life), _LONGEST_LIFE))


def _reason(said: dict[str, Any], hidden: Sequence[str]) -> str:
    """What an endpoint says of its refusal: RFC 6749 5.2, or Google's own form of errors."""
    error: Any = said.get("error")
    text: Any = said.get("error_description")
    if isinstance(error, dict):
        text, error = error.get("message"), error.get("status")
    reason = "".join(
        f"{before}{part}" for before, part in ((": ", error), (", ", text)) if isinstance(part, str)
    )
    for secret in hidden:
        reason = reason.replace(secret, "(the secret)")
    return clean_text(reason, limit=_LONGEST_REASON)


def _object(body: bytes) -> dict[str, Any]:
    try:
        said: Any = msgspec.json.decode(body)
    except WRONG:
        return {}
    return dict(said) if isinstance(said, dict) else {}


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
