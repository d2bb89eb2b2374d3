"""`/admin/requests`: the log of what was let in. Prompts and answers are not in it."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, get_args
from uuid import UUID

from sanic import HTTPResponse

from admin.components import csv_files, live_tail, lookups, request_filters
from admin.components.live_tail import Viewer
from admin.components.refusals import explained
from admin.components.tables import Table, address, chosen_id, log
from admin.web import event_stream
from admin.web.errors import InvalidRequest, NotFound
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext
from models import Refusal, RequestLog, UpstreamKey
from models.queries import lists, request_lists
from models.queries.request_lists import ListedOutcome
from models.refusal_words import REASONS, reason
from models.reports.refusal_report import Refusing

pages = Pages()
#: Models and endpoints that the fields suggest.
_SUGGESTED: Final = 200
_HEAD: Final = (
    "at", "id", "project_id", "project", "token_id", "token", "provider", "model", "method",
    "endpoint", "status", "outcome", "upstream_code", "usage", "prompt_tokens",
    "completion_tokens", "cached_tokens", "reasoning_tokens", "cost_usd", "duration_ms", "ttfb_ms",
    "overhead_ms", "tags", "end_user", "cached", "saved_usd",
)  # fmt: skip
_PER_PART: Final = 1000
_NANOS: Final = 10**9
_US_IN_MS: Final = 1000

#: What lists refusals, in place of an outcome.
REFUSED: Final = "refused"
OUTCOMES: Final[tuple[str, ...]] = get_args(ListedOutcome)


@pages.get("/requests")
async def index(ctx: AuthenticatedContext) -> HTTPResponse:
    """The list, newest first: of requests that were let in, or where it is asked for, refused."""
    is_refused = ctx.query.get("outcome") == REFUSED
    filters = await request_filters.read(ctx)
    found: Table[RequestLog] | Table[Refusal]
    if filters.problems:
        found = Table(rows=(), path=ctx.request.path, query=ctx.query)
    elif is_refused:
        # What the proxy answered itself has no upstream's code, and no labels.
        refusals = request_lists.refusals(code=ctx.query.get("code"), **filters.of_refusals)
        found = await log(ctx, partial(lists.page, refusals))
    else:
        found = await log(ctx, partial(lists.page, request_lists.requests(**filters.wanted)))
    return await ctx.render(
        "requests/index.html",
        partial="requests/_table.html",
        log=found,
        is_refused=is_refused,
        problems=filters.problems,
        reasons=REASONS,
        names=await names_of(found.rows),
        projects=await lookups.project_choices(chosen_id(ctx, "project")),
        models=await request_lists.names("model", most=_SUGGESTED),
        endpoints=await request_lists.names("endpoint", most=_SUGGESTED),
        outcomes=OUTCOMES,
        query=ctx.query,
        export=address("/admin/requests/export", ctx.query, before=""),
    )


async def names_of(rows: Sequence[RequestLog | Refusal]) -> dict[UUID, str]:
    """What the projects and tokens of `rows` are called, as far as they were known."""
    return await lookups.names(
        {row.project_id for row in rows if row.project_id is not None},
        {row.token_id for row in rows if row.token_id is not None},
    )


@pages.get("/requests/export")
async def export(ctx: AuthenticatedContext) -> Any:
    """The same list as a file, all of it; refusals are few enough to be read in the page."""
    filters = await request_filters.read(ctx)
    if filters.problems:
        raise InvalidRequest(" ".join(filters.problems))
    if ctx.query.get("outcome") == REFUSED:
        raise InvalidRequest("The newest refusals are listed, and not exported: usage counts them.")
    await csv_files.send(ctx, "llm-proxy-requests.csv", _HEAD, _parts(filters.wanted))


async def _parts(wanted: dict[str, Any]) -> AsyncIterator[Iterable[Iterable[object]]]:
    before = None
    while True:
        rows, before = await lists.page(
            request_lists.requests(**wanted), limit=_PER_PART, before=before
        )
        called = await names_of(rows)
        yield [_row(row, called) for row in rows]
        if before is None:
            return


def _row(row: RequestLog, called: Mapping[UUID, str]) -> tuple[object, ...]:
    return (
        f"{row.at:%Y-%m-%dT%H:%M:%S.%fZ}",
        str(row.id),
        str(row.project_id),
        called.get(row.project_id),
        str(row.token_id),
        called.get(row.token_id),
        row.provider,
        row.model,
        row.method,
        row.endpoint,
        row.status,
        row.outcome,
        row.upstream_code,
        row.usage,
        row.prompt_tokens,
        row.completion_tokens,
        row.cached_tokens,
        row.reasoning_tokens,
        None if row.cost_nanos is None else row.cost_nanos / _NANOS,
        row.duration_us / _US_IN_MS,
        None if row.ttfb_us is None else row.ttfb_us / _US_IN_MS,
        row.overhead_us / _US_IN_MS,
        ",".join(f"{key}={value}" for key, value in (row.tags or {}).items()),
        row.end_user,
        "yes" if row.cached else "no",
        None if row.saved_nanos is None else row.saved_nanos / _NANOS,
    )


@pages.get("/requests/tail")
async def tail(ctx: AuthenticatedContext) -> Any:
    """What is added to the list, as it is: a stream that `static/tail.js` reads."""
    viewer = Viewer(ctx.session.id, live_tail.wanted((await request_filters.read(ctx)).of_the_tail))
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
