"""`/admin/destinations`: where events and requests are sent, and how that goes."""

from functools import partial
from typing import Final
from uuid import UUID

from sanic import HTTPResponse

from admin.components import audit_trail, filters, lookups, one_time_secret
from admin.components.confirmation import Danger
from admin.components.tables import Key, table
from admin.forms import destinations as forms
from admin.forms.destinations import KINDS, DestinationForm
from admin.forms.form import Filled, fill
from admin.forms.overtaken import opened, overtaken
from admin.web import htmx
from admin.web.errors import NotFound
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext
from models import AuditEvent, Destination, Event, OutboxItem, RequestLog
from models.destination_rules import Kind
from models.errors import (
    CorruptCiphertext,
    DestinationRefused,
    ModelError,
    NameTaken,
    OriginNotAllowed,
    SecretMustBeGiven,
    TooManyDestinations,
    UnknownEncryptionKey,
)
from models.event_kinds import EVENT_KINDS
from models.outbox import REQUEST, REQUEST_FAILED, waiting_items
from models.queries import lists
from models.reports.destinations import health
from models.rules import parse_id

pages = Pages()
_AT: Final = "/destinations/{destination_id}"
_KEYS: Final[dict[str, Key]] = {"name": lambda row: row.name.casefold()}
_SHOWN: Final = 10
_WAITING_SHOWN: Final = 20
#: Refusals of the model that belong to one field, or to the whole form.
_REFUSALS: Final = (
    DestinationRefused,
    NameTaken,
    OriginNotAllowed,
    SecretMustBeGiven,
    TooManyDestinations,
    UnknownEncryptionKey,
    CorruptCiphertext,
)


async def _find(destination_id: UUID) -> Destination:
    row = await Destination.get_or_none(id=destination_id)
    if row is None:
        raise NotFound("There is no destination with this id. It may have been deleted.")
    return row


@pages.get("/destinations")
async def index(ctx: AuthenticatedContext) -> HTTPResponse:
    """The list, with how deliveries go."""
    found = await table(ctx, partial(lists.page, lists.destinations()), _KEYS)
    states = dict(zip((row.id for row in found.rows), await health(found.rows), strict=True))
    return await ctx.render("destinations/index.html", table=found, states=states, kinds=KINDS)


@pages.get("/destinations/new", role="admin")
async def new(ctx: AuthenticatedContext) -> HTTPResponse:
    """Which kind, and then the form of that kind."""
    kind = ctx.query.get("kind", "")
    if kind not in KINDS:
        return await ctx.render("destinations/new.html", kinds=KINDS.values())
    return await _form(ctx, kind, forms.blank(kind))


async def _form(
    ctx: AuthenticatedContext,
    kind: Kind,
    form: Filled[DestinationForm],
    *,
    row: Destination | None = None,
    status: int = 200,
) -> HTTPResponse:
    only = form.value("project_id")
    projects = await lookups.project_choices(parse_id(only))
    if only and only not in dict(projects):
        # What is saved must not be told of every other one.
        projects.append((only, f"A deleted one ({only})"))
    return await ctx.render(
        "destinations/form.html",
        status=status,
        kind=KINDS[kind],
        form=form,
        destination=row,
        events=EVENT_KINDS,
        projects=projects,
    )


@pages.post("/destinations")
async def create(ctx: AuthenticatedContext) -> HTTPResponse:
    """A new destination; the secret that was made for it is shown on the page that follows."""
    kind = ctx.fields.get("kind", "")
    if kind not in KINDS:
        return await ctx.render("destinations/new.html", status=422, kinds=KINDS.values())
    form = fill(DestinationForm, ctx.sent)
    if form.valid is None:
        return await _form(ctx, kind, form, status=422)
    try:
        row, secret = await Destination.make(
            kind=kind,
            ring=ctx.service.ring,
            policy=ctx.service.destinations,
            by=ctx.actor,
            **form.valid.fields(kind),
        )
    except _REFUSALS as exc:
        return await _form(ctx, kind, _with_refusal(form, exc), status=422)
    if secret is not None:
        return one_time_secret.hand_over(ctx, row, secret)
    return ctx.redirect(f"/admin/destinations/{row.id}", toast=f"{row.name} is told from now on.")


def _with_refusal(form: Filled[DestinationForm], exc: ModelError) -> Filled[DestinationForm]:
    match exc:
        case DestinationRefused():
            return forms.refused(form, exc.problems)
        case SecretMustBeGiven():
            return form.with_error(exc.fields[0], str(exc))
        case NameTaken():
            return form.with_error("name", str(exc))
        case TooManyDestinations():
            return form.with_error("form", str(exc))
        case OriginNotAllowed():
            return form.with_error("url", str(exc))
        case _:
            return form.with_error(
                "secret", "What is kept cannot be decrypted: give secret and header fields anew."
            )


async def _told(items: list[OutboxItem]) -> dict[int, tuple[str, str]]:
    """What each item is, and the page of it; of one that is stored no longer, nothing."""
    ids = [item.item_id for item in items]
    kinds = dict(await Event.filter(id__in=ids).values_list("id", "kind"))
    logged = set(await RequestLog.filter(id__in=ids).values_list("id", flat=True))
    found: dict[int, tuple[str, str]] = {}
    for item in items:
        if item.item_id in kinds:
            found[item.id] = kinds[item.item_id], ""
        elif item.item_id in logged:
            name = "request" if item.kind == REQUEST else REQUEST_FAILED
            found[item.id] = name, f"/admin/requests/{item.item_id}"
    return found


@pages.get(_AT)
async def show(ctx: AuthenticatedContext, destination_id: UUID) -> HTTPResponse:
    """One destination: how deliveries go, what waits, what is set."""
    row = await _find(destination_id)
    (how,) = await health([row])
    waiting = await waiting_items(row.id, _WAITING_SHOWN)
    only = row.only or {}
    named = await lookups.names(
        [UUID(only["project_id"])] if "project_id" in only else [],
        [UUID(only["token_id"])] if "token_id" in only else [],
    )
    return await ctx.render(
        "destinations/show.html",
        destination=row,
        kind=KINDS[row.kind],
        how=how,
        waiting=waiting,
        told=await _told(waiting),
        only=only,
        names={str(id_): name for id_, name in named.items()},
        max_bytes=ctx.service.destinations.max_bytes,
        events=await audit_trail.shown(
            await AuditEvent.filter(target_id=str(row.id)).order_by("-id").limit(_SHOWN)
        ),
    )


@pages.get(f"{_AT}/secret", role="admin")
async def show_secret(ctx: AuthenticatedContext, destination_id: UUID) -> HTTPResponse:
    """The secret that was made, once; reloaded, the destination's page."""
    row = await _find(destination_id)
    back = ctx.redirect(f"/admin/destinations/{destination_id}")
    handed_over = one_time_secret.receive(ctx, row)
    # A HEAD has no body to show it in.
    if handed_over is None or ctx.request.method != "GET":
        return back
    response = await ctx.render(
        "destinations/secret.html", destination=row, secret=handed_over.secret
    )
    if not await row.note_shown(handed_over.ticket, by=ctx.actor):
        return back
    one_time_secret.take_away(ctx, response, row)
    return response


@pages.get(f"{_AT}/edit", role="admin")
async def edit(ctx: AuthenticatedContext, destination_id: UUID) -> HTTPResponse:
    """The form of its kind, with what is set but for secrets."""
    row = await _find(destination_id)
    form = opened(DestinationForm, forms.of_destination(row))
    return await _form(ctx, row.kind, form, row=row)


@pages.post(f"{_AT}/edit")
async def change(ctx: AuthenticatedContext, destination_id: UUID) -> HTTPResponse:
    """Change it; what failed is tried again at once."""
    row = await _find(destination_id)
    form = fill(DestinationForm, ctx.sent)
    if form.valid is None:
        return await _form(ctx, row.kind, form, row=row, status=422)
    again = overtaken(DestinationForm, form, forms.of_destination(row))
    if again is not None:
        return await _form(ctx, row.kind, again, row=row, status=409)
    wanted = form.valid.fields(row.kind, has_secret=row.has_secret, has_headers=row.has_headers)
    try:
        await row.change(
            ring=ctx.service.ring, policy=ctx.service.destinations, by=ctx.actor, **wanted
        )
    except _REFUSALS as exc:
        stored = await _find(destination_id)
        return await _form(ctx, row.kind, _with_refusal(form, exc), row=stored, status=422)
    return ctx.redirect(f"/admin/destinations/{row.id}", toast="The destination was changed.")


@pages.post(f"{_AT}/test")
async def test(ctx: AuthenticatedContext, destination_id: UUID) -> HTTPResponse:
    """Send one item that says that it is a test, now and once."""
    row = await _find(destination_id)
    tried = await ctx.service.destination_tester.test(row)
    await row.note_test(works=tried.ok, said=tried.message, by=ctx.actor)
    if htmx.is_htmx(ctx.request):
        return await ctx.render("destinations/_result.html", tried=tried)
    return ctx.redirect(f"/admin/destinations/{row.id}", toast=tried.message)


@pages.post(f"{_AT}/enable")
async def enable(ctx: AuthenticatedContext, destination_id: UUID) -> HTTPResponse:
    """Send again, what waits first."""
    row = await _find(destination_id)
    await row.change(ring=ctx.service.ring, by=ctx.actor, is_active=True)
    return ctx.redirect(f"/admin/destinations/{row.id}", toast=f"{row.name} is on again.")


@pages.post(f"{_AT}/disable")
async def disable(ctx: AuthenticatedContext, destination_id: UUID) -> HTTPResponse:
    """Send nothing more; what waits waits on."""
    row = await _find(destination_id)
    await row.change(ring=ctx.service.ring, by=ctx.actor, is_active=False)
    return ctx.redirect(f"/admin/destinations/{row.id}", toast=f"{row.name} is switched off.")


def _renewal(row: Destination) -> Danger:
    return Danger(
        title=f"Make a new secret for {row.name}?",
        consequences=(
            "From now on only the new one is signed with: the receiver has to know it.",
            "The one before cannot be brought back.",
        ),
        action=f"/admin/destinations/{row.id}/renew",
        button="Make a new secret",
        back=f"/admin/destinations/{row.id}",
    )


@pages.get(f"{_AT}/renew", role="admin")
async def ask_renew(ctx: AuthenticatedContext, destination_id: UUID) -> HTTPResponse:
    """What will happen."""
    return await _renewal(await _find(destination_id)).ask(ctx)


@pages.post(f"{_AT}/renew")
async def renew(ctx: AuthenticatedContext, destination_id: UUID) -> HTTPResponse:
    """Another secret of a webhook, shown on the page that follows."""
    row = await _find(destination_id)
    if row.kind != "webhook":
        raise NotFound("Only webhooks have a secret that is made here.")
    secret = await row.change(ring=ctx.service.ring, by=ctx.actor, secret=None)
    return one_time_secret.hand_over(ctx, row, secret or "")


@pages.get(f"{_AT}/delete", role="admin")
async def ask_delete(ctx: AuthenticatedContext, destination_id: UUID) -> HTTPResponse:
    """What will happen."""
    row = await _find(destination_id)
    (how,) = await health([row])
    lost = (
        f"What waits for it is not sent any more: {filters.plural(how.waiting, 'item')}."
        if how.waiting
        else "Nothing waits for it."
    )
    return await Danger(
        title=f"Delete {row.name}?",
        consequences=("Its secrets are erased, and cannot be shown or restored.", lost),
        action=f"/admin/destinations/{row.id}/delete",
        button="Delete the destination",
        back=f"/admin/destinations/{row.id}",
    ).ask(ctx)


@pages.post(f"{_AT}/delete")
async def delete(ctx: AuthenticatedContext, destination_id: UUID) -> HTTPResponse:
    """Delete it, and what waits for it."""
    row = await _find(destination_id)
    await row.remove(by=ctx.actor)
    return ctx.redirect("/admin/destinations", toast=f"{row.name} was deleted.")
