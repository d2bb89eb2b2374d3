"""`/manage/projects`"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from manage import pagination
from manage.errors import BeyondPolicy, Detail, InvalidRequest, NotFound
from manage.operations import Call, Resource
from manage.schemas.projects import (
    ProjectChange,
    ProjectCreation,
    ProjectQuery,
    ProjectView,
    RevocationView,
)
from manage.schemas.schema import Nothing, Page
from models import Project, key_states
from models.errors import (
    BaseUrlMissing,
    EndpointNotServed,
    KeyNotUsable,
    OriginNotAllowed,
    ProviderNotUsable,
)
from models.project_fields import GivenKey
from models.queries import lists

resource = Resource("projects")


async def find(project_id: UUID) -> Project:
    """The living project with this id and its keys. Raises NotFound."""
    return _found(await Project.find(project_id))


async def find_row(project_id: UUID) -> Project:
    """That project without its keys, to switch it off. Raises NotFound."""
    return _found(await Project.find_row(project_id))


def _found(project: Project | None) -> Project:
    if project is None:
        raise NotFound("There is no project with this id.")
    return project


@contextmanager
def policy_of_fields() -> Iterator[None]:
    """What the environment allows bounds fields, as the schemas' own bounds do."""
    try:
        yield
    except BaseUrlMissing as exc:
        detail = Detail("base_url", str(exc))
        raise InvalidRequest("A base URL is needed.", details=[detail]) from exc
    except ProviderNotUsable as exc:
        detail = Detail("provider", str(exc))
        raise InvalidRequest("The provider cannot be used here.", details=[detail]) from exc
    except EndpointNotServed as exc:
        detail = Detail("extra_endpoints", str(exc))
        raise InvalidRequest("An endpoint is not served here.", details=[detail]) from exc
    except OriginNotAllowed as exc:
        detail = Detail("base_url", str(exc))
        raise BeyondPolicy("The upstream is not allowed here.", details=[detail]) from exc
    except KeyNotUsable as exc:
        detail = Detail("api_key", str(exc))
        raise BeyondPolicy("The key cannot be used here.", details=[detail]) from exc


@resource.post("/projects", takes=ProjectCreation, returns=ProjectView, status=201)
async def create_project(call: Call[ProjectCreation]) -> ProjectView:
    """Create a project with its first upstream key."""
    with policy_of_fields():
        project = await Project.create_with_key(
            provider=call.given.provider,
            api_key=call.given.api_key,
            ring=call.service.ring,
            by=call.actor,
            upstreams=call.service.upstreams,
            **call.given.fields(),
        )
    (use,) = await call.service.used(project)
    return ProjectView.of(project, await project.current_keys(), use)


@resource.get("/projects", takes=ProjectQuery, returns=Page[ProjectView])
async def list_projects(call: Call[ProjectQuery]) -> Page[ProjectView]:
    """List projects, newest first."""
    rows = lists.projects(q=call.given.q, is_active=call.given.is_active)
    found, cursor = await pagination.page("projects", rows, call.given)
    await key_states.show([key for row in found for key in row.keys])
    uses = await call.service.used(*found)
    shown = [ProjectView.of(row, list(row.keys), use) for row, use in zip(found, uses, strict=True)]
    return Page(data=shown, next_cursor=cursor)


@resource.get("/projects/{project_id}", takes=Nothing, returns=ProjectView)
async def show_project(call: Call[Nothing]) -> ProjectView:
    """Show a project."""
    project = await find(call.ids["project_id"])
    (use,) = await call.service.used(project)
    return ProjectView.of(project, list(project.keys), use)


@resource.patch("/projects/{project_id}", takes=ProjectChange, returns=ProjectView)
async def change_project(call: Call[ProjectChange]) -> ProjectView:
    """Change a project. Deactivating it refuses its tokens and ends their running streams."""
    project = await find_row(call.ids["project_id"])
    given = call.given.api_key
    with policy_of_fields():
        await project.change(
            by=call.actor,
            upstreams=call.service.upstreams,
            key=GivenKey(given, call.service.ring) if given else None,
            **call.given.fields(),
        )
    (use,) = await call.service.used(project)
    return ProjectView.of(project, await project.current_keys(), use)


@resource.delete("/projects/{project_id}", takes=Nothing)
async def delete_project(call: Call[Nothing]) -> None:
    """Delete a project: its tokens are revoked, its keys erased, its history is kept."""
    project = await find_row(call.ids["project_id"])
    await project.erase(by=call.actor)


@resource.delete("/projects/{project_id}/cache", takes=Nothing)
async def purge_project_cache(call: Call[Nothing]) -> None:
    """Forget every answer that is kept for a project. Its setting stays."""
    project = await find_row(call.ids["project_id"])
    await project.purge_cache(by=call.actor)


@resource.post("/projects/{project_id}/tokens/revoke", takes=Nothing, returns=RevocationView)
async def revoke_project_tokens(call: Call[Nothing]) -> RevocationView:
    """Revoke every token of a project."""
    project = await find_row(call.ids["project_id"])
    counts = await project.revoke_tokens(by=call.actor)
    return RevocationView(
        revoked_count=counts.revoked_count,
        already_revoked_count=counts.already_revoked_count,
        total_tokens=counts.total_tokens,
    )
