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
from admin.web.request import AuthenticatedContext, RequestContext, local_path
from models import AdminSession, AdminUser, audit

pages = Pages()
_HOME: Final = "/admin/dashboard"


@pages.get("/")
async def home(ctx: AuthenticatedContext) -> HTTPResponse:
    """The first page."""
    return ctx.redirect(_HOME)


@pages.get("/login", role=None)
async def login(ctx: RequestContext) -> HTTPResponse:
    """The form; an administrator who is signed in already is sent on."""
    if isinstance(ctx, AuthenticatedContext):
        return ctx.redirect(local_path(ctx.query.get("next")))
    return await _form(ctx, Filled({"next": ctx.query.get("next", "")}))


@pages.post("/login", role=None)
async def sign_in(ctx: RequestContext) -> HTTPResponse:
    """A new session under a new secret, whatever the browser held before."""
    filled = fill(SignIn, ctx.sent)
    if filled.valid is None:
        return await _form(ctx, filled, status=422)
    username = filled.valid.username
    try:
        user = await authenticate(ctx, username, filled.valid.password, "admin.sign_in")
    except TriesHeldBack as exc:
        return await _form(ctx, filled, status=429, held_back=exc)
    if user is None:
        return await _form(ctx, filled.with_error("password", _WRONG), status=422)
    return await _open(ctx, user)


_WRONG: Final = "The name or the password is wrong."


async def _open(ctx: RequestContext, user: AdminUser) -> HTTPResponse:
    agent = ctx.request.headers.get("user-agent", "")
    by = audit.Actor(f"admin:{user.username}", ip=ctx.address, request_id=str(ctx.id))
    # The answer first: a session whose secret no browser gets would only lie there.
    response = redirect(local_path(ctx.fields.get("next")), status=303)
    _, secret = await AdminSession.open(user, by=by, user_agent=agent)
    session.remember(response, secret, secure=ctx.secure)
    known_browser.remember(ctx, response, user.username)
    if isinstance(ctx, AuthenticatedContext):
        await ctx.session.delete()
    return response


@pages.post("/logout", role="viewer")
async def sign_out(ctx: AuthenticatedContext) -> HTTPResponse:
    """End this session."""
    await ctx.session.revoke(by=ctx.actor)
    response = redirect("/admin/login", status=303)
    session.forget(response, secure=ctx.secure)
    return response


async def _form(
    ctx: RequestContext,
    filled: Filled[SignIn],
    *,
    status: int = 200,
    held_back: TriesHeldBack | None = None,
) -> HTTPResponse:
    # The form is bound to a cookie of its own: another site could otherwise sign a browser in.
    fresh = None if ctx.secret else session.new_secret()
    shown = RequestContext(
        request=ctx.request,
        service=ctx.service,
        id=ctx.id,
        address=ctx.address,
        host=ctx.host,
        secure=ctx.secure,
        secret=ctx.secret or fresh,
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
        session.prepare_sign_in(response, fresh, secure=ctx.secure)
    return response
