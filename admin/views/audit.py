"""`/admin/audit`: who did what to what, to be read and to be taken along as CSV."""

import json
from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import Any, Final

from sanic import HTTPResponse

from admin.components import csv_files
from admin.components.tables import address, between, log
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext, RequestContext
from models import AuditEvent
from models.queries import lists

pages = Pages()
#: What people look for; any other action can be asked for by its name in the address.
ACTIONS: Final = (
    "token.create", "token.update", "token.rotate", "token.revoke", "token.show_secret",
    "token.test",
    "project.create", "project.update", "project.activate", "project.deactivate",
    "project.revoke_tokens", "project.delete",
    "key.add", "key.update", "key.remove",
    "admin.sign_in", "admin.sign_out", "admin.create", "admin.update", "admin.password",
    "admin.remove", "admin.refuse", "management.refuse",
    "management_token.create", "management_token.revoke", "management_token.show_secret",
)  # fmt: skip
_HEAD: Final = (
    "at", "actor", "action", "outcome", "target_type", "target_id", "changes", "ip", "request_id",
)  # fmt: skip
_PER_PART: Final = 1000


@pages.get("/audit")
async def index(ctx: AuthenticatedContext) -> HTTPResponse:
    """The list, newest first."""
    return await ctx.render(
        "audit/index.html",
        partial="audit/_table.html",
        log=await log(ctx, partial(lists.page, lists.audit_events(**_filters(ctx)))),
        actions=ACTIONS,
        query=ctx.query,
        export=address("/admin/audit/export", ctx.query, before=""),
    )


def _filters(ctx: RequestContext) -> dict[str, Any]:
    query = ctx.query
    return {
        "actor": query.get("actor"),
        "action": query.get("action"),
        "target_id": query.get("target"),
        **between(ctx),
    }


@pages.get("/audit/export")
async def export(ctx: AuthenticatedContext) -> Any:
    """The same list as a file, all of it."""
    rows = _parts(_filters(ctx))
    await csv_files.send(ctx, "llm-proxy-audit.csv", _HEAD, rows)


async def _parts(filters: dict[str, Any]) -> AsyncIterator[Iterable[Iterable[object]]]:
    before = None
    while True:
        found, before = await lists.page(
            lists.audit_events(**filters), limit=_PER_PART, before=before
        )
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
