"""`/admin/users`: who may sign in, and as what."""

from typing import Any
from uuid import UUID

from sanic import HTTPResponse

from admin.components import audit_trail
from admin.components.confirmation import Danger
from admin.components.tables import Key, sorted_table
from admin.forms.accounts import PasswordReset, UserChange, UserCreation
from admin.forms.form import Filled, fill
from admin.web.errors import NotFound
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext
from models import AdminUser, AuditEvent
from models.errors import LastAdministrator, NameTaken

pages = Pages()
_KEYS: dict[str, Key] = {
    "name": lambda row: row.username.casefold(),
    "role": lambda row: (row.role, row.username.casefold()),
    "created": lambda row: row.created_at,
    "used": lambda row: row.last_login_at,
}
_MOST = 1000
_SHOWN = 10


async def _find(user_id: UUID) -> AdminUser:
    found = await AdminUser.get_or_none(id=user_id)
    if found is None:
        raise NotFound("There is no user with this id. It may have been removed.")
    return found


@pages.get("/users")
async def index(ctx: AuthenticatedContext) -> HTTPResponse:
    """The list."""
    wanted = ctx.query.get("sort", "")
    sort = wanted if wanted.removeprefix("-") in _KEYS else "name"
    found = await AdminUser.all().limit(_MOST)
    return await ctx.render("users/index.html", table=sorted_table(ctx, found, _KEYS, sort))


@pages.get("/users/new", role="admin")
async def new(ctx: AuthenticatedContext) -> HTTPResponse:
    """The form of a new account."""
    return await ctx.render("users/new.html", form=Filled({"role": "viewer"}))


@pages.post("/users")
async def create(ctx: AuthenticatedContext) -> HTTPResponse:
    """A new account."""
    form = fill(UserCreation, ctx.sent)
    if form.valid is None:
        return await ctx.render("users/new.html", status=422, form=form)
    try:
        await AdminUser.create_with_password(
            username=form.valid.username,
            password=form.valid.password,
            role=form.valid.role,
            by=ctx.actor,
        )
    except NameTaken as exc:
        taken = form.with_error("username", str(exc))
        return await ctx.render("users/new.html", status=422, form=taken)
    return ctx.redirect("/admin/users", toast=f"{form.valid.username} may sign in now.")


@pages.get("/users/{user_id}")
async def show(ctx: AuthenticatedContext, user_id: UUID) -> HTTPResponse:
    """An account, what may be changed on it, and what it did."""
    return await _page(ctx, await _find(user_id))


async def _page(
    ctx: AuthenticatedContext,
    account: AdminUser,
    *,
    role_form: Filled[UserChange] | None = None,
    password_form: Filled[PasswordReset] | None = None,
) -> HTTPResponse:
    events = AuditEvent.filter(actor=f"admin:{account.username}").order_by("-id").limit(_SHOWN)
    return await ctx.render(
        "users/show.html",
        status=422 if role_form or password_form else 200,
        account=account,
        role_form=role_form or Filled({"role": account.role}),
        password_form=password_form or Filled(),
        sessions=await account.sessions.all().count(),
        events=await audit_trail.shown(await events),
    )


@pages.post("/users/{user_id}/role")
async def change_role(ctx: AuthenticatedContext, user_id: UUID) -> HTTPResponse:
    """Change the role, which signs the administrator out."""
    account = await _find(user_id)
    form = fill(UserChange, ctx.sent)
    if form.valid is None:
        return await _page(ctx, account, role_form=form)
    try:
        await account.change(by=ctx.actor, role=form.valid.role)
    except LastAdministrator as exc:
        return await _page(ctx, await _find(user_id), role_form=form.with_error("role", str(exc)))
    return ctx.redirect(f"/admin/users/{user_id}", toast="The role was changed.")


@pages.post("/users/{user_id}/password")
async def reset_password(ctx: AuthenticatedContext, user_id: UUID) -> HTTPResponse:
    """A new password; every session of the account ends."""
    account = await _find(user_id)
    form = fill(PasswordReset, ctx.sent)
    if form.valid is None:
        return await _page(ctx, account, password_form=form)
    await account.set_password(form.valid.password, by=ctx.actor)
    return ctx.redirect(f"/admin/users/{user_id}", toast="The password was changed.")


@pages.post("/users/{user_id}/activate")
async def activate(ctx: AuthenticatedContext, user_id: UUID) -> HTTPResponse:
    """Let them sign in again."""
    account = await _find(user_id)
    await account.change(by=ctx.actor, is_active=True)
    return ctx.redirect(f"/admin/users/{user_id}", toast="The account is active again.")


@pages.post("/users/{user_id}/deactivate")
async def deactivate(ctx: AuthenticatedContext, user_id: UUID) -> HTTPResponse:
    """Let them sign in no more, and end their sessions. Raises LastAdministrator."""
    account = await _find(user_id)
    await account.change(by=ctx.actor, is_active=False)
    return ctx.redirect(f"/admin/users/{user_id}", toast="The account is inactive.")


def _removal(account: AdminUser) -> Danger:
    return Danger(
        title=f"Remove {account.username}?",
        consequences=(
            "The account is signed out everywhere and cannot sign in any more.",
            "What it did stays in the audit trail, under its name.",
        ),
        action=f"/admin/users/{account.id}/remove",
        button="Remove the account",
        back=f"/admin/users/{account.id}",
        name=account.username,
    )


@pages.get("/users/{user_id}/remove", role="admin")
async def ask_remove(ctx: AuthenticatedContext, user_id: UUID) -> HTTPResponse:
    """What will happen, and the name to type."""
    return await _removal(await _find(user_id)).ask(ctx)


@pages.post("/users/{user_id}/remove")
async def remove(ctx: AuthenticatedContext, user_id: UUID) -> Any:
    """Remove the account. Raises LastAdministrator."""
    account = await _find(user_id)
    question = _removal(account)
    if not question.confirmed(ctx):
        return await question.ask(ctx, error="This is not the name of the account.")
    await account.remove(by=ctx.actor)
    return ctx.redirect("/admin/users", toast=f"{account.username} was removed.")
