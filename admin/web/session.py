"""The cookies: a session's secret once signed in, and before that one for the sign-in form alone.

Over https they carry `__Host-`, which binds them to this host; over plain http browsers drop such
cookies, so there the plain name is used.
"""

from secrets import token_urlsafe
from typing import Final

from sanic import HTTPResponse

from models.administrators import SESSION_LIFETIME

SESSION: Final = "llm_proxy_session"
BEFORE_SIGN_IN: Final = "llm_proxy_sign_in"
_PREFIX: Final = "__Host-"
#: How long a sign-in form may stay open, in seconds.
_FORM_SECONDS: Final = 12 * 3600


def cookie_name(name: str, *, secure: bool) -> str:
    """`name` as this connection's browser keeps it."""
    return _PREFIX + name if secure else name


def remember(response: HTTPResponse, secret: str, *, secure: bool) -> None:
    """Sign the browser in."""
    keep(response, SESSION, secret, int(SESSION_LIFETIME.total_seconds()), secure=secure)
    response.cookies.delete_cookie(BEFORE_SIGN_IN, secure=secure, host_prefix=secure)


def forget(response: HTTPResponse, *, secure: bool) -> None:
    """Sign the browser out."""
    response.cookies.delete_cookie(SESSION, secure=secure, host_prefix=secure)


def prepare_sign_in(response: HTTPResponse, secret: str, *, secure: bool) -> None:
    """Let the form that `response` shows be sent."""
    keep(response, BEFORE_SIGN_IN, secret, _FORM_SECONDS, secure=secure)


def new_secret() -> str:
    """What a sign-in form is bound to."""
    return token_urlsafe(32)


def keep(response: HTTPResponse, name: str, value: str, seconds: int, *, secure: bool) -> None:
    """Set a cookie that no script reads, for this host alone where that can be said."""
    response.add_cookie(
        name,
        value,
        max_age=seconds,
        httponly=True,
        samesite="Lax",
        secure=secure,
        host_prefix=secure,
    )
