"""`/manage/projects/{id}/keys`"""

from collections.abc import Mapping
from uuid import UUID

from manage.errors import NotFound
from manage.operations import Call, Resource
from manage.schemas.keys import KeyChange, KeyCreation, KeyTestView, KeyView
from manage.schemas.schema import Nothing
from manage.views import projects
from models import UpstreamKey, key_states

resource = Resource("keys")


async def _find(ids: Mapping[str, UUID]) -> UpstreamKey:
    project = await projects.find_row(ids["project_id"])
    key = await UpstreamKey.get_or_none(id=ids["key_id"], project_id=project.id)
    if key is None:
        raise NotFound("The project has no key with this id.")
    return key


@resource.post("/projects/{project_id}/keys", takes=KeyCreation, returns=KeyView, status=201)
async def add_key(call: Call[KeyCreation]) -> KeyView:
    """Add an upstream key. It takes its share of the project's tokens at once."""
    project = await projects.find_row(call.ids["project_id"])
    with projects.policy_of_fields():
        key = await project.add_key(
            api_key=call.given.api_key,
            ring=call.service.ring,
            by=call.actor,
            upstreams=call.service.upstreams,
            label=call.given.label or "",
            weight=call.given.weight,
            priority=call.given.priority,
            **call.given.place(),
        )
    return KeyView.of(key)


@resource.patch("/projects/{project_id}/keys/{key_id}", takes=KeyChange, returns=KeyView)
async def change_key(call: Call[KeyChange]) -> KeyView:
    """Change a key, or take it out of use. One that is suspended is tested at once."""
    key = await _find(call.ids)
    with projects.policy_of_fields():
        await key.change(
            by=call.actor,
            upstreams=call.service.upstreams,
            ring=call.service.ring,
            **call.given.fields(),
        )
    await key_states.show([key])
    return KeyView.of(key)


@resource.post(
    "/projects/{project_id}/keys/{key_id}/test", takes=Nothing, returns=KeyTestView, status=200
)
async def test_key(call: Call[Nothing]) -> KeyTestView:
    """Ask the upstream whether it takes a key, by the free request that its provider names."""
    key = await _find(call.ids)
    project = await projects.find(call.ids["project_id"])
    result = await call.service.test_key(project, key)
    if result.works:
        await key_states.release(key.id)
    return KeyTestView(works=result.works, message=result.message)


@resource.delete("/projects/{project_id}/keys/{key_id}", takes=Nothing)
async def remove_key(call: Call[Nothing]) -> None:
    """Remove a key and erase its material."""
    key = await _find(call.ids)
    await key.remove(by=call.actor)
