"""`/admin/events`: what happened and may have to be acted on, as destinations are told of it."""

from functools import partial
from typing import Any

from sanic import HTTPResponse

from admin.components.tables import between, chosen_id, log
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext
from models.event_kinds import EVENT_KINDS
from models.event_text import event_text
from models.queries import lists

pages = Pages()
#: Those are rows of the request log.
_KINDS = tuple(kind for kind in EVENT_KINDS if kind != "request.failed")


@pages.get("/events")
async def index(ctx: AuthenticatedContext) -> HTTPResponse:
    """The list, newest first."""
    wanted: dict[str, Any] = {
        "kind": ctx.query.get("kind"),
        "project_id": chosen_id(ctx, "project"),
        "token_id": chosen_id(ctx, "token"),
        **between(ctx),
    }
    rows = lists.events(**wanted)
    found = await log(ctx, partial(lists.page, rows))
    return await ctx.render(
        "events/index.html",
        partial="events/_table.html",
        log=found,
        said={event.id: event_text(event.kind, event.data) for event in found.rows},
        kinds=_KINDS,
        query=ctx.query,
    )
