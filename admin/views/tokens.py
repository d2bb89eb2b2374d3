"""`/admin/tokens`"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sanic import HTTPResponse

from admin.components import (
    audit_trail,
    charts,
    confirmation,
    filters,
    lookups,
    one_time_secret,
    trials,
)
from admin.components.confirmation import Danger
from admin.components.offers import Offer, offers_for
from admin.components.refusals import refused
from admin.components.snippets import snippets
from admin.components.spending import used_of
from admin.components.tables import Key, chosen_id, table
from admin.components.typical_models import UNKNOWN
from admin.forms.form import Filled, fill
from admin.forms.overtaken import opened
from admin.forms.tokens import (
    Rotation,
    TokenChange,
    TokenCreation,
    blank,
    expiries,
    limits_summary,
    of_token,
    overtaken_token,
)
from admin.web.errors import NotFound
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext
from models import AuditEvent, Project, Token, revocations
from models.errors import LifetimeTooLong, ProjectInactive, TokenRevoked
from models.queries import lists, request_lists
from models.rules import parse_id
from models.text import clean_text
from models.token_status import STATUSES

pages = Pages()
_KEYS: dict[str, Key] = {
    "name": lambda row: (row.name or row.hint).casefold(),
    "created": lambda row: row.id,
    "requests": lambda row: row.request_count,
    "expires": lambda row: row.expires_at,
    "used": lambda row: row.last_used_at,
}
_EXPIRING = (
    ("86400", "Ends within a day"),
    ("604800", "Ends within 7 days"),
    ("2592000", "Ends within 30 days"),
)
_SHOWN = 10
_MOST_AT_ONCE = 100
_LONGEST_MODEL = 200


async def find(token_id: UUID) -> Token:
    """The token with this id, and its project. Raises NotFound."""
    return _found(await Token.find(token_id))


def _found(token: Token | None) -> Token:
    if token is None:
        raise NotFound("There is no token with this id.")
    return token


@pages.get("/tokens")
async def index(ctx: AuthenticatedContext) -> HTTPResponse:
    """The list."""
    wanted = ctx.query.get("status")
    within = ctx.query.get("expiring_within", "")
    rows = lists.tokens(
        project_id=chosen_id(ctx, "project"),
        status=wanted if wanted in STATUSES else None,
        expiring_within=timedelta(seconds=int(within)) if within in dict(_EXPIRING) else None,
        q=ctx.query.get("q"),
    )
    found = await table(ctx, partial(lists.page, rows), _KEYS)
    return await ctx.render(
        "tokens/index.html",
        partial="tokens/_table.html",
        table=found,
        names=await lookups.names({row.project_id for row in found.rows}, ()),
        projects=await lookups.project_choices(chosen_id(ctx, "project")),
        query=ctx.query,
        expiring=_EXPIRING,
    )


@pages.get("/tokens/new", role="admin")
async def new(ctx: AuthenticatedContext) -> HTTPResponse:
    """The form of a new token, for the project that the address names."""
    chosen = str(chosen_id(ctx, "project") or "")
    return await _form(ctx, blank(ctx.service.longest_lifetime, chosen))


@pages.post("/tokens")
async def create(ctx: AuthenticatedContext) -> HTTPResponse:
    """A new token; its secret is on the page that follows, and nowhere else."""
    form = fill(TokenCreation, ctx.sent)
    if form.valid is None:
        return await _form(ctx, form, status=422)
    project = await Project.get_or_none(id=form.valid.project_id, deleted_at__isnull=True)
    if project is None:
        return await _form(ctx, form.with_error("project_id", "Choose a project."), status=422)
    longest = ctx.service.longest_lifetime
    try:
        token, secret = await Token.issue(
            project, by=ctx.actor, max_lifetime=longest, **form.valid.fields(longest)
        )
    except (LifetimeTooLong, ProjectInactive) as exc:
        field = "project_id" if isinstance(exc, ProjectInactive) else "expiry"
        return await _form(ctx, form.with_error(field, str(exc)), status=422)
    return one_time_secret.hand_over(ctx, token, secret)


@pages.get("/tokens/{token_id}/secret", role="admin")
async def show_secret(ctx: AuthenticatedContext, token_id: UUID) -> HTTPResponse:
    """The secret, once; reloaded, the token's page."""
    token = await find(token_id)
    back = ctx.redirect(f"/admin/tokens/{token_id}")
    handed_over = one_time_secret.receive(ctx, token)
    # A HEAD has no body to show it in.
    if handed_over is None or ctx.request.method != "GET":
        return back
    offered = await _offers(ctx, token)
    response = await ctx.render(
        "tokens/secret.html",
        token=token,
        secret=handed_over.secret,
        snippets=snippets(ctx.base_url, handed_over.secret, token.project.provider, offered),
        left_open=list(dict.fromkeys(part for offer in offered for part in offer.left_open)),
    )
    if not await token.note_shown(handed_over.ticket, by=ctx.actor):
        return back
    one_time_secret.take_away(ctx, response, token)
    return response


@pages.get("/tokens/{token_id}")
async def show(ctx: AuthenticatedContext, token_id: UUID) -> HTTPResponse:
    """Everything about a token, on one page."""
    token = await find(token_id)
    span, present = charts.chosen_span(ctx.query.get("span")), datetime.now(UTC)
    return await ctx.render(
        "tokens/show.html",
        token=token,
        use=await used_of(ctx, token),
        usage=await charts.usage(span, token_id=token_id),
        spans=charts.SPANS,
        refused=await refused(
            ctx, present - charts.length_of(span), present, token_id=token_id, limit=_SHOWN
        ),
        requests=(await lists.page(request_lists.requests(token_id=token_id), limit=_SHOWN))[0],
        events=await audit_trail.shown(
            await AuditEvent.filter(target_id=str(token_id)).order_by("-id").limit(_SHOWN)
        ),
    )


@pages.get("/tokens/{token_id}/edit", role="admin")
async def edit(ctx: AuthenticatedContext, token_id: UUID) -> HTTPResponse:
    """The form of what holds now."""
    token = await find(token_id)
    return await _form(ctx, opened(TokenChange, of_token(token)), token)


@pages.post("/tokens/{token_id}/edit")
async def change(ctx: AuthenticatedContext, token_id: UUID) -> HTTPResponse:
    """Change it."""
    token = await find(token_id)
    form = fill(TokenChange, ctx.sent)
    if form.valid is None:
        return await _form(ctx, form, token, status=422)
    again = overtaken_token(form, token)
    if again is not None:
        return await _form(ctx, again, token, status=409)
    longest = ctx.service.longest_lifetime
    try:
        await token.change(by=ctx.actor, max_lifetime=longest, **form.valid.fields(longest))
    except LifetimeTooLong as exc:
        return await _form(ctx, form.with_error("expiry", str(exc)), token, status=422)
    return ctx.redirect(f"/admin/tokens/{token_id}", toast="The token was changed.")


async def _form(
    ctx: AuthenticatedContext, form: Filled[Any], token: Token | None = None, *, status: int = 200
) -> HTTPResponse:
    chosen = parse_id(form.value("project_id"))
    projects = [] if token else await lookups.project_choices(chosen, active=True)
    return await ctx.render(
        "tokens/form.html",
        status=status,
        form=form,
        token=token,
        projects=projects,
        has_more=len(projects) >= lookups.MOST_CHOICES,
        expiries=expiries(ctx.service.longest_lifetime, keep=token is not None),
        summary=limits_summary(form),
    )


@pages.get("/tokens/{token_id}/rotate", role="admin")
async def ask_rotate(ctx: AuthenticatedContext, token_id: UUID) -> HTTPResponse:
    """How long the old secret shall still work."""
    return await _rotation(ctx, await find(token_id), Filled({"grace_seconds": "0"}))


@pages.post("/tokens/{token_id}/rotate")
async def rotate(ctx: AuthenticatedContext, token_id: UUID) -> HTTPResponse:
    """A new secret; the page that follows shows it."""
    token = await find(token_id)
    form = fill(Rotation, ctx.sent)
    if form.valid is None:
        return await _rotation(ctx, token, form, status=422)
    secret = await token.rotate(by=ctx.actor, grace_seconds=form.valid.grace_seconds)
    return one_time_secret.hand_over(ctx, token, secret)


async def _rotation(
    ctx: AuthenticatedContext, token: Token, form: Filled[Rotation], *, status: int = 200
) -> HTTPResponse:
    if token.revoked_at is not None:
        raise TokenRevoked(f"The token {token.hint} is revoked, which is for good.")
    return await ctx.render(
        "tokens/rotate.html",
        partial="tokens/_rotate.html",
        status=status,
        token=token,
        form=form,
    )


@pages.get("/tokens/{token_id}/test", role="admin")
async def ask_test(ctx: AuthenticatedContext, token_id: UUID) -> HTTPResponse:
    """What a test request would ask for."""
    token = await find(token_id)
    return await _test(ctx, token, await _offers(ctx, token), {})


@pages.post("/tokens/{token_id}/test")
async def test(ctx: AuthenticatedContext, token_id: UUID) -> HTTPResponse:
    """Ask as the token would; what comes of it stands above the form."""
    token = await find(token_id)
    offers = await _offers(ctx, token)
    chosen = next((one for one in offers if one.api == ctx.fields.get("api")), None)
    model = clean_text(ctx.fields.get("model", ""), limit=_LONGEST_MODEL).strip()
    if not offers or not model:
        return await _test(ctx, token, offers, ctx.fields, status=422)
    asked = (chosen or offers[0])._replace(model=model)
    outcome = await trials.tried(
        token, asked, ctx.service.ask_as_token, by=ctx.actor, address=ctx.address
    )
    return await _test(ctx, token, offers, ctx.fields, outcome)


async def _offers(ctx: AuthenticatedContext, token: Token) -> list[Offer]:
    return await offers_for(token, ctx.service.providers.get(token.project.provider))


async def _test(
    ctx: AuthenticatedContext,
    token: Token,
    offers: list[Offer],
    fields: dict[str, str],
    outcome: trials.Outcome | None = None,
    *,
    status: int = 200,
) -> HTTPResponse:
    if token.revoked_at is not None:
        raise TokenRevoked(f"The token {token.hint} is revoked, which is for good.")
    known = next((one.model for one in offers if one.model != UNKNOWN), "")
    errors = {"model": "Name a model."} if status == 422 else {}
    return await ctx.render(
        "tokens/test.html",
        partial="tokens/_test.html",
        status=status,
        token=token,
        form=Filled({"model": known, **fields}, errors),
        offers=offers,
        choices=[(one.api, f"POST {one.pattern}") for one in offers],
        outcome=outcome,
    )


@pages.get("/tokens/{token_id}/revoke", role="admin")
async def ask_revoke(ctx: AuthenticatedContext, token_id: UUID) -> HTTPResponse:
    """What will happen."""
    token = _found(await Token.find_row(token_id))
    return await Danger(
        title=f"Revoke {token.name or token.hint}?",
        consequences=(
            "It stops working at once, in every worker and on every machine, for good.",
            confirmation.running(ctx, token_id, whose="Its"),
        ),
        action=f"/admin/tokens/{token_id}/revoke",
        button="Revoke the token",
        back=f"/admin/tokens/{token_id}",
    ).ask(ctx)


@pages.post("/tokens/{token_id}/revoke")
async def revoke(ctx: AuthenticatedContext, token_id: UUID) -> HTTPResponse:
    """End it."""
    token = _found(await Token.find_row(token_id))
    await token.revoke(by=ctx.actor)
    return ctx.redirect(f"/admin/tokens/{token_id}", toast="The token was revoked.")


async def _ticked(texts: list[str]) -> list[Token]:
    ids = [found for text in texts[:_MOST_AT_ONCE] if (found := parse_id(text)) is not None]
    return await Token.filter(
        revocations.not_waiting(), id__in=ids, revoked_at__isnull=True
    ).order_by("-id")


@pages.get("/tokens/revoke", role="admin")
async def ask_revoke_several(ctx: AuthenticatedContext) -> HTTPResponse:
    """What will happen to the tokens that were ticked in the list."""
    tokens = await _ticked(ctx.request.args.getlist("ids", []))
    if not tokens:
        return ctx.redirect("/admin/tokens", toast="Tick the tokens to revoke first.")
    names = ", ".join(token.name or token.hint for token in tokens[:5])
    more = f" and {len(tokens) - 5:,} more" if len(tokens) > 5 else ""
    return await Danger(
        title=f"Revoke {filters.plural(len(tokens), 'token')}?",
        consequences=(
            f"{names}{more} will stop working, for good.",
            confirmation.running(ctx, *(token.id for token in tokens), whose="Their"),
        ),
        action="/admin/tokens/revoke",
        button=f"Revoke {filters.plural(len(tokens), 'token')}",
        back="/admin/tokens",
        ids=tuple(token.id for token in tokens),
    ).ask(ctx)


@pages.post("/tokens/revoke")
async def revoke_several(ctx: AuthenticatedContext) -> HTTPResponse:
    """End them."""
    tokens = await _ticked(ctx.sent.get("ids", []))
    for token in tokens:
        await token.revoke(by=ctx.actor)
    return ctx.redirect("/admin/tokens", toast=f"{filters.plural(len(tokens), 'token')} revoked.")
