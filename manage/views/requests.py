"""`/manage/requests`"""

from manage import pagination
from manage.operations import Call, Resource
from manage.schemas.requests import RequestQuery, RequestView
from manage.schemas.schema import Page
from models.queries import request_lists

resource = Resource("requests")


@resource.get("/requests", takes=RequestQuery, returns=Page[RequestView])
async def list_requests(call: Call[RequestQuery]) -> Page[RequestView]:
    """List requests that were let in, newest first; with `outcome=refused`, those that were not."""
    await call.service.catch_up()
    wanted = call.given
    if wanted.outcome == "refused":
        refused = request_lists.refusals(
            project_id=wanted.project_id,
            token_id=wanted.token_id,
            model=wanted.model,
            status=wanted.status,
            code=wanted.refusal_code,
            start=wanted.start,
            end=wanted.end,
        )
        newest, cursor = await pagination.page("refused", refused, wanted)
        return Page(data=[RequestView.of_refusal(row) for row in newest], next_cursor=cursor)
    rows = request_lists.requests(
        project_id=wanted.project_id,
        token_id=wanted.token_id,
        model=wanted.model,
        status=wanted.status,
        outcome=wanted.outcome,
        upstream_code=wanted.upstream_code,
        tag=wanted.tag,
        end_user=wanted.end_user,
        cached=wanted.cached,
        start=wanted.start,
        end=wanted.end,
    )
    found, cursor = await pagination.page("requests", rows, wanted)
    return Page(data=[RequestView.of(row) for row in found], next_cursor=cursor)
