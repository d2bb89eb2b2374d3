"""A new secret, from the post that made it to the one page that shows it.

The post must lead to another page, or reloading would make a second one. So the secret travels
in a cookie: encrypted, out of scripts' reach, sent to that one address only, for a minute, and
taken away by the answer that shows it. With it goes a ticket that is good for one showing: a
cookie that was kept, or is sent twice, shows nothing. Nothing of the secret is kept here.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from sanic import HTTPResponse

from admin.web.request import RequestContext
from models import ManagementToken, Token
from models.errors import CorruptCiphertext, UnknownEncryptionKey
from models.ids import made_at, new_id
from models.rules import parse_id

_COOKIE: Final = "llm_proxy_secret"
_SECONDS: Final = 60


class HandedOver(NamedTuple):
    """A secret on its way to its page, and what it may be shown for."""

    ticket: UUID
    secret: str


class Owner(Protocol):
    """What a secret was made for."""

    @property
    def id(self) -> UUID: ...


def _path(owner: Owner) -> str:
    match owner:
        case Token():
            family = "tokens"
        case ManagementToken():
            family = "management-tokens"
        case _:
            family = "destinations"
    return f"/admin/{family}/{owner.id}/secret"


def hand_over(ctx: RequestContext, owner: Owner, secret: str) -> HTTPResponse:
    """Redirect to the page that shows `secret`, which goes along in an encrypted cookie."""
    response = ctx.redirect(_path(owner))
    response.add_cookie(
        _COOKIE,
        ctx.service.ring.encrypt(f"{new_id()} {secret}", owner.id).replace("=", "~"),
        path=_path(owner),
        max_age=_SECONDS,
        httponly=True,
        samesite="Strict",
        secure=ctx.secure,
    )
    return response


def receive(ctx: RequestContext, owner: Owner) -> HandedOver | None:
    """The secret that was handed over, if it was, just now and to this browser.

    It may be shown once the owner's `note_shown` has taken its ticket.
    """
    value = ctx.request.cookies.get(_COOKIE)
    if not isinstance(value, str):
        return None
    try:
        text = ctx.service.ring.decrypt(value.strip('"').replace("~", "="), owner.id)
    except (CorruptCiphertext, UnknownEncryptionKey):
        return None
    ticket_id, _, secret = text.partition(" ")
    ticket = parse_id(ticket_id)
    # The browser drops the cookie by then; a copy of it may still be sent.
    if ticket is None or datetime.now(UTC) - made_at(ticket) > timedelta(seconds=_SECONDS):
        return None
    return HandedOver(ticket, secret)


def take_away(ctx: RequestContext, response: HTTPResponse, owner: Owner) -> None:
    """Delete the cookie of a secret that was shown."""
    response.cookies.delete_cookie(_COOKIE, path=_path(owner), secure=ctx.secure)
