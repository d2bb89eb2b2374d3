"""`/manage/refusals`"""

from manage import cursors
from manage.operations import Call, Resource
from manage.schemas.refusals import RefusalFilter, RefusalSumView
from manage.schemas.schema import Page
from models.reports import refusal_report
from models.reports.usage_report import Cursor

resource = Resource("refusals")


@resource.get("/refusals", takes=RefusalFilter, returns=Page[RefusalSumView])
async def report_refusals(call: Call[RefusalFilter]) -> Page[RefusalSumView]:
    """Count what the proxy answered itself, newest bucket first, within 2 seconds."""
    await call.service.catch_up()
    wanted = call.given
    # A cursor of another grouping would name a place that is not there.
    kind = f"refusals:{wanted.bucket}:{wanted.group_by}"
    after = None
    if wanted.cursor is not None:
        after = cursors.decode(kind, wanted.cursor, Cursor)
        if not refusal_report.is_cursor(after, wanted.group_by):
            raise cursors.refused()
    rows, last = await refusal_report.report(wanted.query(), limit=wanted.limit, after=after)
    return Page(
        data=[RefusalSumView.of(row, wanted.group_by) for row in rows],
        next_cursor=None if last is None else cursors.encode(kind, last),
    )
