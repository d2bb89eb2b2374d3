"""`/admin/`, `/admin/login`, `/admin/logout`"""

from typing import Final

from loguru import logger
from sanic import HTTPResponse
from sanic.response import redirect

from admin import session
from admin.forms.accounts import SignIn
from admin.forms.form import Filled, fill
from admin.pages import Pages
from admin.visit import SignedIn, Visit, local_path
from config.client_address import network_of
from models import AdminSession, AdminUser, audit
from models.errors import DatabaseUnavailable

pages = Pages()
_HOME: Final = "/admin/dashboard"


@pages.get("/")
async def home(visit: SignedIn) -> HTTPResponse:
    """The first page."""
    return visit.redirect(_HOME)


@pages.get("/login", role=None)
async def login(visit: Visit) -> HTTPResponse:
    """The form; whoever is signed in already goes on."""
    if isinstance(visit, SignedIn):
        return visit.redirect(local_path(visit.query.get("next")))
    return await _form(visit, Filled({"next": visit.query.get("next", "")}))


@pages.post("/login", role=None)
async def sign_in(visit: Visit) -> HTTPResponse:
    """A new session under a new secret, whatever the browser held before."""
    filled = fill(SignIn, visit.sent)
    if filled.valid is None:
        return await _form(visit, filled, status=422)
    username = filled.valid.username
    wait = visit.service.throttle.wait(visit.address, username)
    if wait:
        return await _form(visit, filled, status=429, wait=wait)
    user = await AdminUser.authenticate(username, filled.valid.password)
    if user is None:
        await _note_failure(visit, username)
        await visit.service.throttle.failed(visit.address, username)
        return await _form(visit, filled.wrong("password", _WRONG), status=422)
    visit.service.throttle.succeeded(visit.address, username)
    if isinstance(visit, SignedIn):
        await visit.session.delete()
    return await _open(visit, user)


_WRONG: Final = "The name or the password is wrong."


async def _open(visit: Visit, user: AdminUser) -> HTTPResponse:
    agent = visit.request.headers.get("user-agent", "")
    by = audit.Actor(f"admin:{user.username}", ip=visit.address, request_id=str(visit.id))
    _, secret = await AdminSession.open(user, by=by, user_agent=agent)
    response = redirect(local_path(visit.fields.get("next")), status=303)
    session.remember(response, secret, secure=visit.secure)
    return response


@pages.post("/logout", role="viewer")
async def sign_out(visit: SignedIn) -> HTTPResponse:
    """End this session."""
    await visit.session.revoke(by=visit.actor)
    response = redirect("/admin/login", status=303)
    session.forget(response, secure=visit.secure)
    return response


async def _form(
    visit: Visit, filled: Filled[SignIn], *, status: int = 200, wait: int = 0
) -> HTTPResponse:
    # The form is bound to a cookie of its own: another site could otherwise sign a browser in.
    fresh = None if visit.secret else session.new_secret()
    shown = Visit(
        request=visit.request,
        service=visit.service,
        id=visit.id,
        address=visit.address,
        host=visit.host,
        secure=visit.secure,
        secret=visit.secret or fresh,
    )
    headers = {"retry-after": str(wait)} if wait else None
    response = await shown.render(
        "account/login.html",
        status=status,
        headers=headers,
        form=filled,
        wait=wait,
        is_first=not await AdminUser.filter(last_login_at__isnull=False).exists(),
    )
    if fresh is not None:
        session.prepare_sign_in(response, fresh, secure=visit.secure)
    return response


async def _note_failure(visit: Visit, username: str) -> None:
    """In the audit trail, so bounded that a flood cannot fill the disk.

    A name that is nobody's may be a password typed into the wrong field: it is not kept.
    """
    held_back = visit.service.trickle.admit(network_of(visit.address))
    if held_back is None:
        return
    changes = {"suppressed": (None, held_back)} if held_back else {}
    try:
        user = await AdminUser.get_or_none(username=username)
        target = None if user is None else user.id
        await audit.record(visit.actor, "admin.sign_in", "admin", target, changes, outcome="failed")
    except DatabaseUnavailable:
        logger.warning("a failed sign-in could not be audited: database unavailable")
