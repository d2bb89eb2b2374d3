"""`/admin/requests`: the log of what was let in. Prompts and answers are not in it."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, get_args
from uuid import UUID

from sanic import HTTPResponse

from admin.components import live_tail, lookups
from admin.components.live_tail import Viewer
from admin.components.tables import between, chosen_id, log
from admin.web import event_stream
from admin.web.errors import NotFound
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext, RequestContext
from models import RequestLog, UpstreamKey
from models.entry import Outcome
from models.queries import lists

pages = Pages()
_STATUS: Final = re.compile("[0-9]{3}")

OUTCOMES: Final[tuple[str, ...]] = get_args(Outcome)


@pages.get("/requests")
async def index(ctx: AuthenticatedContext) -> HTTPResponse:
    """The list, newest first."""
    found = await log(ctx, partial(lists.page, lists.requests(**filters(ctx))))
    return await ctx.render(
        "requests/index.html",
        partial="requests/_table.html",
        log=found,
        names=await names_of(found.rows),
        projects=await lookups.project_choices(),
        outcomes=OUTCOMES,
        query=ctx.query,
    )


async def names_of(rows: Sequence[RequestLog]) -> dict[UUID, str]:
    """What the projects and tokens of `rows` are called."""
    return await lookups.names({row.project_id for row in rows}, {row.token_id for row in rows})


def filters(ctx: RequestContext) -> dict[str, Any]:
    """What the address asks for; what cannot be meant is left out."""
    query = ctx.query
    status = query.get("status", "")
    return {
        "project_id": chosen_id(ctx, "project"),
        "token_id": chosen_id(ctx, "token"),
        "model": query.get("model"),
        "status": int(status) if _STATUS.fullmatch(status) else None,
        "outcome": query.get("outcome"),
        **between(ctx),
    }


@pages.get("/requests/tail")
async def tail(ctx: AuthenticatedContext) -> Any:
    """What is added to the list, as it is: a stream that `static/tail.js` reads."""
    viewer = Viewer(ctx.session.id, live_tail.wanted(filters(ctx)))
    response = await ctx.request.respond(
        content_type=event_stream.CONTENT_TYPE,
        # A buffering proxy in front would hold the rows back.
        headers={"x-accel-buffering": "no"},
    )
    with ctx.service.tail.watched_by(viewer, ctx.request.app.ext.environment):
        await response.send(event_stream.OPENED)
        async for event in viewer.events():
            await response.send(event)
    await response.eof()


@pages.get("/requests/{request_id}")
async def show(ctx: AuthenticatedContext, request_id: UUID) -> HTTPResponse:
    """One request: a page, or the drawer beside the list."""
    row = await RequestLog.get_or_none(id=request_id)
    if row is None:
        raise NotFound("There is no request with this id, or the log does not go back that far.")
    return await ctx.render(
        "requests/show.html",
        partial="requests/_detail.html",
        row=row,
        names=await names_of([row]),
        accounts=await _accounts(row),
    )


async def _accounts(row: RequestLog) -> dict[str, str]:
    """What the accounts that were tried are called, as far as they are still there."""
    ids = {str(row.key_id), *(attempt["key_id"] for attempt in row.attempts or ())} - {"None"}
    keys = await UpstreamKey.filter(id__in=list(ids)).only("id", "label", "hint")
    return {str(key.id): key.label or key.hint for key in keys}
