"""`/admin/`, `/admin/login`, `/admin/logout`"""

from typing import Final

from sanic import HTTPResponse
from sanic.response import redirect

from admin.forms.accounts import SignIn
from admin.forms.form import Filled, fill
from admin.views import known_browser
from admin.views.password_check import TriesHeldBack, authenticate
from admin.web import session
from admin.web.page_table import Pages
from admin.web.request import SignedIn, Visit, local_path
from models import AdminSession, AdminUser, audit

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
    try:
        user = await authenticate(visit, username, filled.valid.password, "admin.sign_in")
    except TriesHeldBack as exc:
        return await _form(visit, filled, status=429, held_back=exc)
    if user is None:
        return await _form(visit, filled.wrong("password", _WRONG), status=422)
    return await _open(visit, user)


_WRONG: Final = "The name or the password is wrong."


async def _open(visit: Visit, user: AdminUser) -> HTTPResponse:
    agent = visit.request.headers.get("user-agent", "")
    by = audit.Actor(f"admin:{user.username}", ip=visit.address, request_id=str(visit.id))
    # The answer first: a session whose secret no browser gets would only lie there.
    response = redirect(local_path(visit.fields.get("next")), status=303)
    _, secret = await AdminSession.open(user, by=by, user_agent=agent)
    session.remember(response, secret, secure=visit.secure)
    known_browser.remember(visit, response, user.username)
    if isinstance(visit, SignedIn):
        await visit.session.delete()
    return response


@pages.post("/logout", role="viewer")
async def sign_out(visit: SignedIn) -> HTTPResponse:
    """End this session."""
    await visit.session.revoke(by=visit.actor)
    response = redirect("/admin/login", status=303)
    session.forget(response, secure=visit.secure)
    return response


async def _form(
    visit: Visit,
    filled: Filled[SignIn],
    *,
    status: int = 200,
    held_back: TriesHeldBack | None = None,
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
    response = await shown.render(
        "account/login.html",
        status=status,
        headers={"retry-after": str(held_back.wait)} if held_back else None,
        form=filled,
        held_back=held_back,
        is_first=not await AdminUser.filter(last_login_at__isnull=False).exists(),
    )
    if fresh is not None:
        session.prepare_sign_in(response, fresh, secure=visit.secure)
    return response
