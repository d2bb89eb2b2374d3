"""`/admin/account`: one's own password and sessions."""

from uuid import UUID

from sanic import HTTPResponse

from admin.forms.accounts import PasswordChange
from admin.forms.form import Filled, fill
from admin.views.password_check import TriesHeldBack, authenticate
from admin.web import session, toasts
from admin.web.errors import NotFound
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext
from models import AdminSession, changes

pages = Pages()


async def _page(
    ctx: AuthenticatedContext,
    form: Filled[PasswordChange],
    *,
    status: int = 200,
    held_back: TriesHeldBack | None = None,
) -> HTTPResponse:
    rows = await AdminSession.filter(user_id=ctx.user.id, expires_at__gt=changes.now())
    rows.sort(key=lambda row: (row.id != ctx.session.id, -row.last_seen_at.timestamp()))
    return await ctx.render(
        "account/index.html",
        status=status,
        headers={"retry-after": str(held_back.wait)} if held_back else None,
        form=form,
        sessions=rows,
        current=ctx.session.id,
        held_back=held_back,
    )


@pages.get("/account")
async def account(ctx: AuthenticatedContext) -> HTTPResponse:
    """Who one is, and where one is signed in."""
    return await _page(ctx, Filled())


@pages.post("/account/password", role="viewer")
async def change_password(ctx: AuthenticatedContext) -> HTTPResponse:
    """A new password. Every session ends; this browser gets a new one."""
    form = fill(PasswordChange, ctx.sent)
    if form.valid is not None:
        try:
            known = await authenticate(ctx, ctx.user.username, form.valid.current, "admin.password")
        except TriesHeldBack as exc:
            return await _page(ctx, form, status=429, held_back=exc)
        if known is None:
            form = form.with_error("current", "This is not your password.")
    if form.valid is None:
        return await _page(ctx, form, status=422)
    await ctx.user.set_password(form.valid.password, by=ctx.actor)
    agent = ctx.request.headers.get("user-agent", "")
    _, secret = await AdminSession.open(ctx.user, by=ctx.actor, user_agent=agent)
    response = ctx.redirect("/admin/account")
    session.remember(response, secret, secure=ctx.secure)
    toasts.leave(
        response,
        secret,
        "Your password was changed. Other browsers are signed out.",
        secure=ctx.secure,
    )
    return response


@pages.post("/account/sessions/{session_id}/revoke", role="viewer")
async def revoke_session(ctx: AuthenticatedContext, session_id: UUID) -> HTTPResponse:
    """Sign another browser out."""
    found = await AdminSession.get_or_none(id=session_id, user_id=ctx.user.id)
    if found is None:
        raise NotFound("That session has ended already, or is not yours.")
    await found.revoke(by=ctx.actor)
    return ctx.redirect("/admin/account", toast="The session was ended.")
