"""A browser that has signed in before, known by a cookie: others' guessing does not slow it down.

Its tries are counted for itself and not for its address, and its password is hashed before those of
strangers. The cookie signs no one in: a stolen one gives as many tries as any other client has.
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

from typing import Final
from uuid import UUID

from sanic import HTTPResponse

from admin.web import session
from admin.web.request import RequestContext
from models.errors import CorruptCiphertext, UnknownEncryptionKey
from models.ids import new_id

_COOKIE: Final = "llm_proxy_browser"
_SECONDS: Final = 180 * 86_400
_LONGEST: Final = 2000
#: In the place of a row's id: what is encrypted for a row is no such cookie, nor the reverse.
_PURPOSE: Final = UUID("6d0f7c7e-0b52-4b53-9c6e-7a4f6c1d2b90")


def known_browser(ctx: RequestContext, username: str) -> str | None:
    """The id of this browser, where `username` has signed in with it before."""
    name = session.cookie_name(_COOKIE, secure=ctx.secure)
    value = ctx.request.cookies.get(name)
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    try:
        text = ctx.service.ring.decrypt(value.strip('"').replace("~", "="), _PURPOSE)
    except (CorruptCiphertext, UnknownEncryptionKey):
        return None
    browser, _, known = text.partition(" ")
    return browser if known == username else None


def remember(ctx: RequestContext, response: HTTPResponse, username: str) -> None:
    """Know this browser from now on, by the id that it has already if it has one."""
    known = known_browser(ctx, username) or str(new_id())
    value = ctx.service.ring.encrypt(f"{known} {username}", _PURPOSE).replace("=", "~")
    session.keep(response, _COOKIE, value, _SECONDS, secure=ctx.secure)
