"""A new token's secret, from the post that made it to the one page that shows it.

The post must lead to another page, or reloading would make a second token. So the secret travels
in a cookie: encrypted, out of scripts' reach, sent to that one address only, for a minute, and
taken away by the answer that shows it. Nothing of it is kept here.
"""

from typing import Final
from uuid import UUID

from sanic import HTTPResponse

from admin.visit import Visit
from models import Token
from models.errors import CorruptCiphertext, UnknownEncryptionKey

_COOKIE: Final = "llm_proxy_secret"
_SECONDS: Final = 60


def _path(token_id: UUID) -> str:
    return f"/admin/tokens/{token_id}/secret"


def hand_over(visit: Visit, token: Token, secret: str) -> HTTPResponse:
    """On to the page that shows `secret`."""
    response = visit.redirect(_path(token.id))
    response.add_cookie(
        _COOKIE,
        visit.service.ring.encrypt(secret, token.id).replace("=", "~"),
        path=_path(token.id),
        max_age=_SECONDS,
        httponly=True,
        samesite="Strict",
        secure=visit.secure,
    )
    return response


def receive(visit: Visit, token: Token) -> str | None:
    """The secret that was handed over, if it was, just now and to this browser."""
    value = visit.request.cookies.get(_COOKIE)
    if not isinstance(value, str):
        return None
    try:
        return visit.service.ring.decrypt(value.strip('"').replace("~", "="), token.id)
    except (CorruptCiphertext, UnknownEncryptionKey):
        return None


def take_away(visit: Visit, response: HTTPResponse, token: Token) -> None:
    """It was shown: once."""
    response.cookies.delete_cookie(_COOKIE, path=_path(token.id), secure=visit.secure)
