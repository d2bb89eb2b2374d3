"""`/admin/management-tokens`: who may call `/manage`, and as what."""

from functools import partial
from typing import Final
from uuid import UUID

from sanic import HTTPResponse

from admin.components import one_time_secret
from admin.components.confirmation import Danger
from admin.components.tables import Key, table
from admin.forms.form import Filled, fill
from admin.forms.management_tokens import ManagementTokenCreation
from admin.web.errors import NotFound
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext
from models import ManagementToken
from models.errors import NameTaken
from models.queries import lists

pages = Pages()
_AT: Final = "/management-tokens/{management_token_id}"
_LIST: Final = "/admin/management-tokens"
_KEYS: Final[dict[str, Key]] = {
    "name": lambda row: row.name.casefold(),
    "used": lambda row: row.last_used_at,
    "created": lambda row: row.id,
}


async def _find(management_token_id: UUID) -> ManagementToken:
    found = await ManagementToken.get_or_none(id=management_token_id)
    if found is None:
        raise NotFound("There is no management token with this id.")
    return found


@pages.get("/management-tokens")
async def index(ctx: AuthenticatedContext) -> HTTPResponse:
    """The list, revoked ones too."""
    found = await table(ctx, partial(lists.page, lists.management_tokens()), _KEYS)
    return await ctx.render("management_tokens/index.html", table=found)


@pages.get("/management-tokens/new", role="admin")
async def new(ctx: AuthenticatedContext) -> HTTPResponse:
    """The form of a new one."""
    return await ctx.render("management_tokens/new.html", form=Filled({"scope": "read"}))


@pages.post("/management-tokens")
async def create(ctx: AuthenticatedContext) -> HTTPResponse:
    """A new token; its secret is shown on the page that follows."""
    form = fill(ManagementTokenCreation, ctx.sent)
    if form.valid is None:
        return await ctx.render("management_tokens/new.html", status=422, form=form)
    try:
        token, secret = await ManagementToken.issue(
            name=form.valid.name, scope=form.valid.scope, by=ctx.actor
        )
    except NameTaken as exc:
        # Revoked ones keep their names, which the list shows.
        taken = form.with_error("name", str(exc))
        return await ctx.render("management_tokens/new.html", status=422, form=taken)
    return one_time_secret.hand_over(ctx, token, secret)


@pages.get(f"{_AT}/secret", role="admin")
async def show_secret(ctx: AuthenticatedContext, management_token_id: UUID) -> HTTPResponse:
    """The secret, once; reloaded, the list."""
    token = await _find(management_token_id)
    handed_over = one_time_secret.receive(ctx, token)
    # A HEAD has no body to show it in.
    if handed_over is None or ctx.request.method != "GET":
        return ctx.redirect(_LIST)
    response = await ctx.render(
        "management_tokens/secret.html",
        token=token,
        secret=handed_over.secret,
        base_url=ctx.base_url,
    )
    if not await token.note_shown(handed_over.ticket, by=ctx.actor):
        return ctx.redirect(_LIST)
    one_time_secret.take_away(ctx, response, token)
    return response


@pages.get(f"{_AT}/revoke", role="admin")
async def ask_revoke(ctx: AuthenticatedContext, management_token_id: UUID) -> HTTPResponse:
    """What will happen."""
    token = await _find(management_token_id)
    return await Danger(
        title=f"Revoke {token.name}?",
        consequences=(
            "Calls of the management API with it are refused from now on, for good.",
            "Its name is not free again: the audit trail speaks of it.",
        ),
        action=f"{_LIST}/{token.id}/revoke",
        button="Revoke the token",
        back=_LIST,
    ).ask(ctx)


@pages.post(f"{_AT}/revoke")
async def revoke(ctx: AuthenticatedContext, management_token_id: UUID) -> HTTPResponse:
    """End it."""
    token = await _find(management_token_id)
    await token.revoke(by=ctx.actor)
    return ctx.redirect(_LIST, toast=f"{token.name} was revoked.")
