"""`/manage/events`"""

from manage import pagination
from manage.operations import Call, Resource
from manage.schemas.events import EventQuery, EventView
from manage.schemas.schema import Page
from models.queries import lists

resource = Resource("events")


@resource.get("/events", takes=EventQuery, returns=Page[EventView])
async def list_events(call: Call[EventQuery]) -> Page[EventView]:
    """List what happened and may have to be acted on, newest first.

    Requests that failed are rows of the request log.
    """
    wanted = call.given
    rows = lists.events(
        kind=wanted.kind,
        project_id=wanted.project_id,
        token_id=wanted.token_id,
        key_id=wanted.key_id,
        start=wanted.start,
        end=wanted.end,
    )
    found, cursor = await pagination.page("events", rows, wanted)
    return Page(data=[EventView.of(row) for row in found], next_cursor=cursor)
