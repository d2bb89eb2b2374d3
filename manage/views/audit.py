"""`/manage/audit`"""

from manage import pagination
from manage.operations import Call, Resource
from manage.schemas.audit import AuditQuery, AuditView
from manage.schemas.schema import Page
from models.queries import lists

resource = Resource("audit")


@resource.get("/audit", takes=AuditQuery, returns=Page[AuditView])
async def list_audit_events(call: Call[AuditQuery]) -> Page[AuditView]:
    """List who did what, newest first."""
    wanted = call.given
    rows = lists.audit_events(
        actor=wanted.actor,
        action=wanted.action,
        target_id=wanted.target_id,
        start=wanted.start,
        end=wanted.end,
    )
    found, cursor = await pagination.page("audit", rows, wanted)
    return Page(data=[AuditView.of(row) for row in found], next_cursor=cursor)
