"""`/admin/projects`"""

from collections import Counter
from functools import partial
from typing import Any
from uuid import UUID

from sanic import HTTPResponse

from admin.components import charts, confirmation, filters, lookups
from admin.components.confirmation import Danger
from admin.components.tables import Key, table
from admin.forms.form import Filled, fill
from admin.forms.projects import PROVIDERS, KeyCreation, ProjectChange, ProjectCreation, of_project
from admin.web.errors import NotFound
from admin.web.page_table import Pages
from admin.web.request import SignedIn
from models import AuditEvent, Project, Token, UpstreamKey
from models.errors import KeyMustBeGiven, NameTaken, OriginNotAllowed
from models.projects import GivenKey
from models.queries import lists

pages = Pages()
_KEYS: dict[str, Key] = {
    "name": lambda row: row.name.casefold(),
    "created": lambda row: row.id,
}
_SHOWN_TOKENS = 8
_SHOWN_EVENTS = 10


async def find(project_id: UUID) -> Project:
    """The living project with this id, and its keys. Raises NotFound."""
    project = await Project.find(project_id)
    if project is None:
        raise NotFound("There is no project with this id. It may have been deleted.")
    return project


@pages.get("/projects")
async def index(visit: SignedIn) -> HTTPResponse:
    """The list."""
    state = {"active": True, "inactive": False}.get(visit.query.get("state", ""))
    rows = lists.projects(q=visit.query.get("q"), is_active=state)
    found = await table(visit, partial(lists.page, rows), _KEYS)
    ids = [row.id for row in found.rows]
    return await visit.render(
        "projects/index.html",
        partial="projects/_table.html",
        table=found,
        keys=Counter(
            key.project_id for key in await UpstreamKey.filter(project_id__in=ids, is_active=True)
        ),
        tokens=await lookups.active_tokens_by_project(*ids),
        usage=await lookups.usage_of_a_day(),
        query=visit.query,
    )


@pages.get("/projects/new", role="admin")
async def new(visit: SignedIn) -> HTTPResponse:
    """The form of a new project."""
    return await _form(visit, Filled({"provider": "openai", "unmetered": "allow"}))


@pages.post("/projects")
async def create(visit: SignedIn) -> HTTPResponse:
    """A new project with its first key."""
    known = frozenset(visit.service.providers)
    form = fill(ProjectCreation, visit.sent, context={PROVIDERS: known})
    if form.valid is None:
        return await _form(visit, form, status=422)
    try:
        project = await Project.create_with_key(
            provider=form.valid.provider,
            api_key=form.valid.api_key,
            ring=visit.service.ring,
            by=visit.actor,
            upstreams=visit.service.upstreams,
            **form.valid.fields(),
        )
    except NameTaken:
        return await _form(visit, form.wrong("name", _TAKEN), status=422)
    except OriginNotAllowed as exc:
        return await _form(visit, form.wrong("base_url", str(exc)), status=422)
    return visit.redirect(f"/admin/projects/{project.id}", toast="The project was created.")


_TAKEN = "There is a project with this name already."
_ELSEWHERE = "Give the key for the new address. It replaces those entered for another one: "


@pages.get("/projects/{project_id}")
async def show(visit: SignedIn, project_id: UUID) -> HTTPResponse:
    """Everything about a project, on one page."""
    return await page(visit, await find(project_id), Filled({"weight": "1"}))


async def page(
    visit: SignedIn, project: Project, key_form: Filled[KeyCreation], *, status: int = 200
) -> HTTPResponse:
    """The project's page, with what stands in the form of a new key."""
    span = charts.chosen_span(visit.query.get("span"))
    keys = sorted(project.keys, key=lambda key: key.id)
    targets = [str(project.id), *(str(key.id) for key in keys)]
    events = AuditEvent.filter(target_id__in=targets).order_by("-id").limit(_SHOWN_EVENTS)
    tokens = Token.filter(project_id=project.id)
    return await visit.render(
        "projects/show.html",
        status=status,
        project=project,
        provider=visit.service.providers.get(project.provider),
        keys=keys,
        misplaced={key.id for key in keys if not _fits(visit, project, key)},
        is_allowed=visit.service.upstreams.allows(project.provider, project.base_url),
        key_form=key_form,
        tokens=await tokens.order_by("-id").limit(_SHOWN_TOKENS),
        token_count=await tokens.count(),
        usage=await charts.usage(span, project_id=project.id),
        spans=charts.SPANS,
        events=await events,
    )


def _fits(visit: SignedIn, project: Project, key: UpstreamKey) -> bool:
    return visit.service.upstreams.fits(key.bound_to, project.provider, project.base_url)


@pages.get("/projects/{project_id}/edit", role="admin")
async def edit(visit: SignedIn, project_id: UUID) -> HTTPResponse:
    """The form of what holds now."""
    project = await find(project_id)
    return await _form(visit, of_project(project), project)


@pages.post("/projects/{project_id}/edit")
async def change(visit: SignedIn, project_id: UUID) -> HTTPResponse:
    """Change it."""
    project = await find(project_id)
    # One that is not configured here any more may stay.
    known = {*visit.service.providers, project.provider}
    form = fill(ProjectChange, visit.sent, context={PROVIDERS: known})
    if form.valid is None:
        return await _form(visit, form, project, status=422)
    given = form.valid.api_key
    try:
        await project.change(
            by=visit.actor,
            upstreams=visit.service.upstreams,
            key=GivenKey(given, visit.service.ring) if given else None,
            **form.valid.fields(),
        )
    except NameTaken:
        return await _form(visit, form.wrong("name", _TAKEN), project, status=422)
    except OriginNotAllowed as exc:
        return await _form(visit, form.wrong("base_url", str(exc)), project, status=422)
    except KeyMustBeGiven as exc:
        hints = ", ".join(hint for _, hint in exc.keys)
        return await _form(visit, form.wrong("api_key", _ELSEWHERE + hints), project, status=422)
    return visit.redirect(f"/admin/projects/{project_id}", toast="The project was changed.")


async def _form(
    visit: SignedIn, form: Filled[Any], project: Project | None = None, *, status: int = 200
) -> HTTPResponse:
    providers = [(name, facts.base_url) for name, facts in visit.service.providers.items()]
    if project is not None and project.provider not in visit.service.providers:
        providers.append((project.provider, "not configured here any more"))
    return await visit.render(
        "projects/form.html", status=status, form=form, project=project, providers=providers
    )


@pages.post("/projects/{project_id}/activate")
async def activate(visit: SignedIn, project_id: UUID) -> HTTPResponse:
    """Let its tokens in again."""
    project = await find(project_id)
    await project.activate(by=visit.actor)
    return visit.redirect(f"/admin/projects/{project_id}", toast="The project is active again.")


@pages.get("/projects/{project_id}/deactivate", role="admin")
async def ask_deactivate(visit: SignedIn, project_id: UUID) -> HTTPResponse:
    """What will happen."""
    project = await find(project_id)
    tokens = await lookups.active_tokens(project_id).count()
    return await Danger(
        title=f"Deactivate {project.name}?",
        consequences=(
            f"{filters.plural(tokens, 'token')} of it will be refused until it is active again.",
            confirmation.running(visit, project_id, whose="Its"),
        ),
        action=f"/admin/projects/{project_id}/deactivate",
        button="Deactivate",
        back=f"/admin/projects/{project_id}",
    ).ask(visit)


@pages.post("/projects/{project_id}/deactivate")
async def deactivate(visit: SignedIn, project_id: UUID) -> HTTPResponse:
    """Refuse its tokens, and end their running requests."""
    project = await find(project_id)
    await project.deactivate(by=visit.actor)
    return visit.redirect(f"/admin/projects/{project_id}", toast="The project is inactive.")


async def _erasure(visit: SignedIn, project: Project) -> Danger:
    tokens = await lookups.active_tokens(project.id).count()
    return Danger(
        title=f"Delete {project.name}?",
        consequences=(
            f"{filters.plural(tokens, 'token')} will stop working, for good.",
            confirmation.running(visit, project.id, whose="Its"),
            f"{filters.plural(len(project.keys), 'upstream key')} will be erased.",
            "Its usage, requests and audit trail stay.",
        ),
        action=f"/admin/projects/{project.id}/delete",
        button="Delete the project",
        back=f"/admin/projects/{project.id}",
        name=project.name,
    )


@pages.get("/projects/{project_id}/delete", role="admin")
async def ask_delete(visit: SignedIn, project_id: UUID) -> HTTPResponse:
    """What will happen, and the name to type."""
    return await (await _erasure(visit, await find(project_id))).ask(visit)


@pages.post("/projects/{project_id}/delete")
async def delete(visit: SignedIn, project_id: UUID) -> HTTPResponse:
    """Delete it: tokens revoked, keys erased, history kept."""
    project = await find(project_id)
    question = await _erasure(visit, project)
    if not question.confirmed(visit):
        return await question.ask(visit, error="This is not the name of the project.")
    await project.erase(by=visit.actor)
    return visit.redirect("/admin/projects", toast=f"{project.name} was deleted.")


async def _revocation(visit: SignedIn, project: Project) -> Danger:
    tokens = await lookups.active_tokens(project.id).count()
    return Danger(
        title=f"Revoke all tokens of {project.name}?",
        consequences=(
            f"{filters.plural(tokens, 'token')} will stop working, for good.",
            confirmation.running(visit, project.id, whose="Their"),
        ),
        action=f"/admin/projects/{project.id}/revoke-tokens",
        button="Revoke all tokens",
        back=f"/admin/projects/{project.id}",
        name=project.name,
    )


@pages.get("/projects/{project_id}/revoke-tokens", role="admin")
async def ask_revoke_tokens(visit: SignedIn, project_id: UUID) -> HTTPResponse:
    """What will happen, and the name to type."""
    return await (await _revocation(visit, await find(project_id))).ask(visit)


@pages.post("/projects/{project_id}/revoke-tokens")
async def revoke_tokens(visit: SignedIn, project_id: UUID) -> HTTPResponse:
    """Revoke every token of it."""
    project = await find(project_id)
    question = await _revocation(visit, project)
    if not question.confirmed(visit):
        return await question.ask(visit, error="This is not the name of the project.")
    lookups = await project.revoke_tokens(by=visit.actor)
    return visit.redirect(
        f"/admin/projects/{project_id}",
        toast=f"{filters.plural(lookups.revoked_count, 'token')} revoked.",
    )
