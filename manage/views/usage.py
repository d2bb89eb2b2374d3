"""`/manage/usage`"""

from manage import cursors
from manage.operations import Call, Resource
from manage.schemas.schema import Page
from manage.schemas.usage import UsageFilter, UsageView
from models.reports import usage_report
from models.reports.usage_report import Cursor

resource = Resource("usage")


@resource.get("/usage", takes=UsageFilter, returns=Page[UsageView])
async def report_usage(call: Call[UsageFilter]) -> Page[UsageView]:
    """Add up what was used, newest bucket first. Shows a request within 2 seconds of its end."""
    await call.service.catch_up()
    wanted = call.given
    # A cursor of another grouping would name a place that is not there.
    kind = f"usage:{wanted.bucket}:{wanted.group_by}"
    after = None
    if wanted.cursor is not None:
        after = cursors.decode(kind, wanted.cursor, Cursor)
        if not usage_report.is_cursor(after, wanted.group_by):
            raise cursors.refused()
    rows, last = await usage_report.report(wanted.query(), limit=wanted.limit, after=after)
    return Page(
        data=[UsageView.of(row, wanted.group_by) for row in rows],
        next_cursor=None if last is None else cursors.encode(kind, last),
    )
