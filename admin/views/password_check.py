"""The one place where a typed password is compared: throttled, bounded, audited.

An unknown name is hashed, counted and answered as a known one.
"""

from typing import Literal
from uuid import UUID

from admin.views.known_browser import known_browser
from admin.web.errors import HASHES_RETRY_SECONDS
from admin.web.request import RequestContext
from config.client_address import network_of
from models import AdminUser
from models.errors import DatabaseUnavailable, TooManyHashes
from web.refusal_audit import Refusal


class TriesHeldBack(Exception):
    """The password was not looked at; it may be tried again in `wait` seconds.

    `busy` where that is because others' passwords wait, and not because this client guesses.
    """

    def __init__(self, wait: int, *, busy: bool = False) -> None:
        super().__init__(wait)
        self.wait = wait
        self.busy = busy


async def authenticate(
    ctx: RequestContext,
    username: str,
    password: str,
    action: Literal["admin.sign_in", "admin.password"],
) -> AdminUser | None:
    """The account with this name and password. Raises TriesHeldBack, DatabaseUnavailable.

    A wrong one is in the audit trail as a failed `action`.
    """
    throttle = ctx.service.throttle
    browser = known_browser(ctx, username)
    client = network_of(ctx.address) if browser is None else f"browser {browser}"
    suspicion = throttle.suspicion(client) - (browser is not None)
    wait = throttle.begin(client, username)
    if wait:
        raise TriesHeldBack(wait)
    try:
        user = await AdminUser.authenticate(username, password, client=client, suspicion=suspicion)
    except TooManyHashes as exc:
        throttle.take_back(client, username)
        raise TriesHeldBack(HASHES_RETRY_SECONDS, busy=True) from exc
    except DatabaseUnavailable:
        throttle.take_back(client, username)
        raise
    if user is None:
        await _record_failure(ctx, username, action)
        await throttle.failed(username)
        return None
    throttle.succeeded(client, username)
    return user


async def _record_failure(ctx: RequestContext, username: str, action: str) -> None:
    """An unknown name may be a password typed into the wrong field: it is not kept."""

    async def account() -> UUID | None:
        user = await AdminUser.get_or_none(username=username)
        return None if user is None else user.id

    refusal = Refusal(action=action, target_type="admin", target=account, outcome="failed")
    await ctx.service.refusals.stranger(ctx.actor, refusal)
