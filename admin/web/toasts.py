"""The note after a change ("The token was revoked."), carried over the redirect by a cookie.

Signed with the session's secret, so that another site that sets cookies cannot write into pages.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final

from sanic import HTTPResponse

COOKIE: Final = "llm_proxy_toast"
_PATH: Final = "/admin"
_SECONDS: Final = 60
_LONGEST: Final = 300


def _signature(secret: str, text: bytes) -> str:
    return hmac.new(secret.encode(), b"toast" + text, hashlib.sha256).hexdigest()[:32]


def leave(response: HTTPResponse, secret: str, text: str, *, secure: bool) -> None:
    """Show `text` on the next page."""
    plain = text[:_LONGEST].encode("utf-8", "replace")
    value = f"{_signature(secret, plain)}.{base64.urlsafe_b64encode(plain).decode()}"
    response.add_cookie(
        COOKIE, value, path=_PATH, max_age=_SECONDS, httponly=True, samesite="Lax", secure=secure
    )


def read(secret: str, value: str | None) -> str | None:
    """The note that was left; None if its signature is wrong."""
    signature, _, encoded = (value or "").partition(".")
    try:
        plain = base64.urlsafe_b64decode(encoded)
    except (binascii.Error, ValueError):
        return None
    if not plain or not hmac.compare_digest(signature.encode(), _signature(secret, plain).encode()):
        return None
    return plain.decode("utf-8", "replace")


def take_away(response: HTTPResponse, *, secure: bool) -> None:
    """Delete the cookie of a note that was shown."""
    response.cookies.delete_cookie(COOKIE, path=_PATH, secure=secure)
