"""`/manage/projects/{id}/objects`"""

from manage import cursors
from manage.errors import Detail, InvalidRequest
from manage.operations import Call, Resource
from manage.schemas.objects import (
    AdoptionView,
    MoveView,
    ObjectAdoption,
    ObjectMove,
    ObjectQuery,
    ObjectView,
)
from manage.schemas.schema import Page
from manage.views import projects
from models import adoption
from models.errors import NotOfTheProject

resource = Resource("objects")
_LIST = "objects"


@resource.get("/projects/{project_id}/objects", takes=ObjectQuery, returns=Page[ObjectView])
async def list_objects(call: Call[ObjectQuery]) -> Page[ObjectView]:
    """List the objects that are remembered of a project's accounts, in order of their ids."""
    wanted = call.given
    project = await projects.find(call.ids["project_id"])
    after = None if wanted.cursor is None else cursors.decode(_LIST, wanted.cursor, str)
    rows = await adoption.listed(project.id, limit=wanted.limit + 1, after=after, named=wanted.id)
    shown = rows[: wanted.limit]
    last = cursors.encode(_LIST, shown[-1].id) if len(rows) > len(shown) else None
    return Page(data=[ObjectView.of(row) for row in shown], next_cursor=last)


@resource.post(
    "/projects/{project_id}/objects", takes=ObjectAdoption, returns=AdoptionView, status=200
)
async def adopt_objects(call: Call[ObjectAdoption]) -> AdoptionView:
    """Say whose objects are that were made before they were remembered. Known ones stay."""
    project = await projects.find(call.ids["project_id"])
    given = call.given
    try:
        adopted = await adoption.adopt(
            project,
            given.ids,
            by=call.actor,
            key_id=given.key_id,
            token_id=given.token_id,
            kind=given.kind,
        )
    except NotOfTheProject as exc:
        detail = Detail(exc.field, str(exc))
        raise InvalidRequest("The objects cannot be adopted.", details=[detail]) from exc
    return AdoptionView(adopted=adopted.adopted, known=adopted.known)


@resource.post(
    "/projects/{project_id}/objects/move", takes=ObjectMove, returns=MoveView, status=200
)
async def move_objects(call: Call[ObjectMove]) -> MoveView:
    """Have another key of the same account know what a key knew that is gone."""
    project = await projects.find(call.ids["project_id"])
    given = call.given
    try:
        moved = await adoption.move(project, given.from_key_id, given.key_id, by=call.actor)
    except NotOfTheProject as exc:
        detail = Detail(exc.field, str(exc))
        raise InvalidRequest("The objects cannot be moved.", details=[detail]) from exc
    return MoveView(moved=moved)
