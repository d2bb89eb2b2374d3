"""`/admin/requests`: the log of what was let in. Prompts and answers are not in it."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, get_args
from uuid import UUID

from sanic import HTTPResponse

from admin.components import live_tail, lookups
from admin.components.live_tail import Viewer
from admin.components.refusals import explained
from admin.components.tables import Table, between, chosen_id, log
from admin.web import event_stream
from admin.web.errors import NotFound
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext, RequestContext
from models import Refusal, RequestLog, UpstreamKey
from models.labels import BadLabel, parse_tag
from models.queries import lists
from models.queries.lists import ListedOutcome
from models.refusal_words import REASONS, reason
from models.reports.refusal_report import Refusing

pages = Pages()
_STATUS: Final = re.compile("[0-9]{3}")

#: What lists refusals, in place of an outcome.
REFUSED: Final = "refused"
OUTCOMES: Final[tuple[str, ...]] = get_args(ListedOutcome)


@pages.get("/requests")
async def index(ctx: AuthenticatedContext) -> HTTPResponse:
    """The list, newest first: of requests that were let in, or where it is asked for, refused."""
    wanted = filters(ctx)
    found: Table[RequestLog] | Table[Refusal]
    if wanted["outcome"] == REFUSED:
        # What the proxy answered itself has no upstream's code, and no labels.
        for name in ("outcome", "upstream_code", "tag", "end_user"):
            del wanted[name]
        refusals = lists.refusals(code=ctx.query.get("code"), **wanted)
        found = await log(ctx, partial(lists.page, refusals))
    else:
        found = await log(ctx, partial(lists.page, lists.requests(**wanted)))
    return await ctx.render(
        "requests/index.html",
        partial="requests/_table.html",
        log=found,
        is_refused=ctx.query.get("outcome") == REFUSED,
        reasons=REASONS,
        names=await names_of(found.rows),
        projects=await lookups.project_choices(),
        outcomes=OUTCOMES,
        query=ctx.query,
    )


async def names_of(rows: Sequence[RequestLog | Refusal]) -> dict[UUID, str]:
    """What the projects and tokens of `rows` are called, as far as they were known."""
    return await lookups.names(
        {row.project_id for row in rows if row.project_id is not None},
        {row.token_id for row in rows if row.token_id is not None},
    )


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
        "upstream_code": query.get("upstream_code"),
        "tag": _tag(query.get("tag")),
        "end_user": query.get("end_user"),
        **between(ctx),
    }


def _tag(text: str | None) -> str | None:
    try:
        return None if text is None else "=".join(parse_tag(text))
    except BadLabel:
        return None


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
        refusal = await Refusal.get_or_none(id=request_id)
        if refusal is not None:
            return await _show_refusal(ctx, refusal)
        raise NotFound("There is no request with this id, or the log does not go back that far.")
    return await ctx.render(
        "requests/show.html",
        partial="requests/_detail.html",
        row=row,
        names=await names_of([row]),
        accounts=await _accounts(row),
        why=None if row.refusal_code is None else reason(row.refusal_code),
    )


async def _show_refusal(ctx: AuthenticatedContext, row: Refusal) -> HTTPResponse:
    """One that was not let in."""
    (why,) = await explained(
        ctx, [Refusing(row.project_id, row.token_id, row.code, 1, row.at, row.at)]
    )
    return await ctx.render(
        "requests/show.html",
        partial="requests/_refusal.html",
        detail="requests/_refusal.html",
        row=row,
        why=why,
    )


async def _accounts(row: RequestLog) -> dict[str, str]:
    """What the accounts that were tried are called, as far as they are still there."""
    ids = {str(row.key_id), *(attempt["key_id"] for attempt in row.attempts or ())} - {"None"}
    keys = await UpstreamKey.filter(id__in=list(ids)).only("id", "label", "hint")
    return {str(key.id): key.label or key.hint for key in keys}
