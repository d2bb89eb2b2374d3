"""`/admin/audit`: who did what to what, to be read and to be taken along as CSV."""

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from sanic import HTTPResponse

from admin.components import audit_trail, csv_files
from admin.components.tables import address, between, log
from admin.web.errors import NotFound
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext, RequestContext
from models import AuditEvent
from models.queries import audit_search, lists
from models.queries.lists import Listing

pages = Pages()
#: What people look for; any other action can be asked for by its name in the address.
ACTIONS: Final = (
    "token.create", "token.update", "token.rotate", "token.revoke", "token.show_secret",
    "token.test",
    "project.create", "project.update", "project.activate", "project.deactivate",
    "project.purge_cache", "project.revoke_tokens", "project.delete",
    "key.add", "key.update", "key.remove",
    "admin.sign_in", "admin.sign_out", "admin.create", "admin.update", "admin.password",
    "admin.remove", "admin.refuse", "management.refuse",
    "management_token.create", "management_token.revoke", "management_token.show_secret",
    "destination.create", "destination.update", "destination.test", "destination.show_secret",
    "destination.delete",
    "budget.reset", "object.adopt", "object.move",
    "database.backup", "database.restore", "database.export", "database.import",
)  # fmt: skip
_HEAD: Final = (
    "at", "actor", "action", "outcome", "target_type", "target_id", "changes", "ip", "request_id",
)  # fmt: skip
_PER_PART: Final = 1000


#: How an action is written. Any may be asked for, also one that only an older release made.
_ACTION: Final = re.compile(r"[a-z_]{1,32}+\.[a-z_]{1,32}+")


class Asked(NamedTuple):
    """What the address asks for."""

    rows: Listing[AuditEvent]
    problems: Mapping[str, str]
    """What could not be read, or is nowhere in the trail, by the filter's name."""


@pages.get("/audit")
async def index(ctx: AuthenticatedContext) -> HTTPResponse:
    """The list, newest first."""
    asked = await _asked(ctx)
    found = await log(ctx, partial(lists.page, asked.rows))
    return await ctx.render(
        "audit/index.html",
        partial="audit/_table.html",
        log=found,
        shown=await audit_trail.shown(found.rows),
        problems=asked.problems,
        actions=ACTIONS,
        query=ctx.query,
        export=address("/admin/audit/export", ctx.query, before=""),
    )


async def _asked(ctx: RequestContext) -> Asked:
    query, problems = ctx.query, dict[str, str]()
    found: dict[str, Sequence[str] | None] = {}
    for name, look_up, what in (
        ("actor", audit_search.actors, "Nobody in the trail"),
        ("target", audit_search.targets, "Nothing"),
    ):
        text = query.get(name)
        matched = None if text is None else await look_up(text)
        found[name] = None if matched is None else matched.values
        if matched is not None and matched.is_cut:
            problems[name] = (
                f"More than {audit_search.MOST} names hold “{text}”. "
                "What these show is of the first ones only: write more of the name."
            )
        elif matched is not None and not matched.is_known:
            problems[name] = f"{what} has “{text}” in its name."
    action = query.get("action")
    if action is not None and not _ACTION.fullmatch(action):
        problems["action"] = f"“{action}” is no action: one reads as token.revoke does."
    span = between(ctx)
    for name, bound in (("from", span["start"]), ("to", span["end"])):
        if query.get(name) and bound is None:
            problems[name] = (
                f"“{query[name]}” is no time, and is left out: 2026-11-23T14:30 is one."
            )
    start, end = span["start"], span["end"]
    if start is not None and end is not None and start >= end:
        problems["to"] = "The range ends before it begins, so that nothing is in it."
    rows = audit_search.events(
        actors=found["actor"], action=action, targets=found["target"], **span
    )
    return Asked(rows, problems)


@pages.get("/audit/{event_id}")
async def show(ctx: AuthenticatedContext, event_id: UUID) -> HTTPResponse:
    """One event: a page, or the drawer beside the list."""
    event = await AuditEvent.get_or_none(id=event_id)
    if event is None:
        raise NotFound("There is no event with this id in the audit.")
    (shown,) = await audit_trail.shown([event])
    return await ctx.render("audit/show.html", partial="audit/_detail.html", shown=shown)


@pages.get("/audit/export")
async def export(ctx: AuthenticatedContext) -> Any:
    """The same list as a file, all of it."""
    rows = _parts((await _asked(ctx)).rows)
    await csv_files.send(ctx, "llm-proxy-audit.csv", _HEAD, rows)


async def _parts(rows: Listing[AuditEvent]) -> AsyncIterator[Iterable[Iterable[object]]]:
    before = None
    while True:
        found, before = await lists.page(rows, limit=_PER_PART, before=before)
        yield [_row(event) for event in found]
        if before is None:
            return


def _row(event: AuditEvent) -> tuple[object, ...]:
    return (
        f"{event.at:%Y-%m-%dT%H:%M:%SZ}",
        event.actor,
        event.action,
        event.outcome,
        event.target_type,
        event.target_id,
        json.dumps(event.changes, ensure_ascii=False) if event.changes else "",
        event.ip,
        event.request_id,
    )
