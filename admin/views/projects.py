"""`/admin/projects`"""

from collections import Counter
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sanic import HTTPResponse

from admin.components import audit_trail, charts, confirmation, filters, lookups
from admin.components.confirmation import Danger
from admin.components.provider_marks import marked
from admin.components.refusals import refused
from admin.components.spending import used_of
from admin.components.tables import Key, table
from admin.forms.form import Filled, fill
from admin.forms.overtaken import opened, overtaken
from admin.forms.projects import PROVIDERS, KeyCreation, ProjectChange, ProjectCreation, of_project
from admin.web import htmx
from admin.web.errors import NotFound
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext
from models import AuditEvent, Project, Token, UpstreamKey
from models.bindings import check_origin, place_of
from models.errors import (
    BaseUrlMissing,
    KeyMustBeGiven,
    KeyNotUsable,
    ModelError,
    NameTaken,
    OriginNotAllowed,
    ProviderNotUsable,
)
from models.project_fields import GivenKey
from models.queries import lists
from models.reports.key_use import last_used
from web import key_test
from web.key_test import Result

pages = Pages()
#: What a new project has unless it is said otherwise.
_BLANK: Final = {
    "provider": "openai", "unmetered": "allow", "isolation": "none", "end_user_from_body": "false",
    "cache_only": "deterministic",
}  # fmt: skip
_KEYS: dict[str, Key] = {
    "name": lambda row: row.name.casefold(),
    "created": lambda row: row.id,
}
_SHOWN_TOKENS = 8
_SHOWN_EVENTS = 10
_SHOWN_REFUSALS = 10


async def find(project_id: UUID) -> Project:
    """The living project with this id, and its keys. Raises NotFound."""
    return _found(await Project.find(project_id))


async def find_row(project_id: UUID) -> Project:
    """That project without its keys, to switch it off. Raises NotFound."""
    return _found(await Project.find_row(project_id))


def _found(project: Project | None) -> Project:
    if project is None:
        raise NotFound("There is no project with this id. It may have been deleted.")
    return project


@pages.get("/projects")
async def index(ctx: AuthenticatedContext) -> HTTPResponse:
    """The list."""
    state = {"active": True, "inactive": False}.get(ctx.query.get("state", ""))
    rows = lists.projects(q=ctx.query.get("q"), is_active=state)
    found = await table(ctx, partial(lists.page, rows), _KEYS)
    ids = [row.id for row in found.rows]
    return await ctx.render(
        "projects/index.html",
        partial="projects/_table.html",
        table=found,
        keys=Counter(
            key.project_id for key in await UpstreamKey.filter(project_id__in=ids, is_active=True)
        ),
        tokens=await lookups.active_tokens_by_project(*ids),
        usage=await lookups.usage_of_a_day(),
        query=ctx.query,
    )


@pages.get("/projects/new", role="admin")
async def new(ctx: AuthenticatedContext) -> HTTPResponse:
    """The form of a new project."""
    wanted = ctx.query.get("provider", "")
    known = {"provider": wanted} if wanted in ctx.service.providers else {}
    return await _form(ctx, Filled({**_BLANK, **known}))


@pages.post("/projects")
async def create(ctx: AuthenticatedContext) -> HTTPResponse:
    """A new project with its first key."""
    known = frozenset(ctx.service.providers)
    form = fill(ProjectCreation, ctx.sent, context={PROVIDERS: known})
    if form.valid is None:
        return await _form(ctx, form, status=422)
    failed = None if form.valid.untested else await _failed_test(ctx, form.valid)
    if failed is not None:
        return await _untested(ctx, form, failed)
    try:
        project = await Project.create_with_key(
            provider=form.valid.provider,
            api_key=form.valid.api_key,
            ring=ctx.service.ring,
            by=ctx.actor,
            upstreams=ctx.service.upstreams,
            **form.valid.fields(),
        )
    except NameTaken:
        return await _form(ctx, form.with_error("name", _TAKEN), status=422)
    except (BaseUrlMissing, OriginNotAllowed) as exc:
        return await _form(ctx, form.with_error("base_url", str(exc)), status=422)
    except KeyNotUsable as exc:
        return await _form(ctx, form.with_error("api_key", str(exc)), status=422)
    return ctx.redirect(f"/admin/projects/{project.id}", toast="The project was created.")


async def _failed_test(ctx: AuthenticatedContext, wanted: ProjectCreation) -> Result | None:
    """Why the key does not work; None where it does, or is refused for another reason anyway."""
    place = wanted.provider, wanted.base_url
    try:
        check_origin(ctx.service.upstreams, *place)
        ctx.service.upstreams.check_key(wanted.provider, None, wanted.api_key)
    except ModelError:
        return None
    if await Project.filter(live_name=wanted.name).exists():
        return None
    result = await key_test.ask_before_saving(
        ctx.service,
        wanted.api_key,
        provider=wanted.provider,
        base_url=wanted.base_url,
        v1_prefix=wanted.v1_prefix,
    )
    return None if result is None or result.works else result


async def _untested(
    ctx: AuthenticatedContext, form: Filled[ProjectCreation], failed: Result
) -> HTTPResponse:
    """The question whether to save it all the same. A script puts it into the form, which keeps
    the key that was typed; without one the key has to be entered again."""
    if not htmx.is_htmx(ctx.request):
        return await _form(ctx, form, status=422, failed=failed)
    return await ctx.render(
        "projects/_untested.html",
        partial="projects/_untested.html",
        status=422,
        headers={htmx.RETARGET: "#key-test", htmx.RESWAP: "outerHTML", htmx.RESELECT: "unset"},
        failed=failed,
    )


_TAKEN = "There is a project with this name already."
_ELSEWHERE = "Give the key for the new address. It replaces those entered for another one: "


@pages.get("/projects/{project_id}")
async def show(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """Everything about a project, on one page."""
    return await page(ctx, await find(project_id), Filled({"weight": "1"}))


async def page(
    ctx: AuthenticatedContext, project: Project, key_form: Filled[KeyCreation], *, status: int = 200
) -> HTTPResponse:
    """The project's page, with what stands in the form of a new key."""
    span, present = charts.chosen_span(ctx.query.get("span")), datetime.now(UTC)
    keys = sorted(project.keys, key=lambda key: key.id)
    targets = [str(project.id), *(str(key.id) for key in keys)]
    events = AuditEvent.filter(target_id__in=targets).order_by("-id").limit(_SHOWN_EVENTS)
    tokens = Token.filter(project_id=project.id)
    return await ctx.render(
        "projects/show.html",
        status=status,
        project=project,
        use=await used_of(ctx, project),
        provider=ctx.service.providers.get(project.provider),
        keys=keys,
        misplaced={key.id for key in keys if not _fits(ctx, project, key)},
        is_allowed=ctx.service.upstreams.allows(project.provider, project.base_url),
        key_form=key_form,
        key_providers=beside(ctx, project),
        tokens=(await lists.page(lists.tokens(project_id=project.id), limit=_SHOWN_TOKENS))[0],
        token_count=await tokens.count(),
        refused=await refused(
            ctx,
            present - charts.length_of(span),
            present,
            project_id=project.id,
            limit=_SHOWN_REFUSALS,
        ),
        used_by=await lookups.usage_of_keys(project.id),
        last_used=await last_used(project.id),
        usage=await charts.usage(span, project_id=project.id),
        spans=charts.SPANS,
        events=await audit_trail.shown(await events),
    )


def _fits(ctx: AuthenticatedContext, project: Project, key: UpstreamKey) -> bool:
    place = place_of(key, project.provider, project.base_url)
    return ctx.service.upstreams.fits(key.bound_to, *place)


def beside(ctx: AuthenticatedContext, project: Project) -> list[str]:
    """Other providers of which a key of the project may be: those with the same form of errors."""
    providers = ctx.service.providers
    ours = providers.get(project.provider)
    return [
        name
        for name, facts in providers.items()
        if ours is not None and name != project.provider and facts.error_shape == ours.error_shape
    ]


@pages.get("/projects/{project_id}/edit", role="admin")
async def edit(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """The form of what holds now."""
    project = await find(project_id)
    return await _form(ctx, opened(ProjectChange, of_project(project)), project)


@pages.post("/projects/{project_id}/edit")
async def change(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """Change it."""
    project = await find(project_id)
    # One that is not configured here any more may stay.
    known = {*ctx.service.providers, project.provider}
    form = fill(ProjectChange, ctx.sent, context={PROVIDERS: known})
    if form.valid is None:
        return await _form(ctx, form, project, status=422)
    again = overtaken(ProjectChange, form, of_project(project))
    if again is not None:
        return await _form(ctx, again, project, status=409)
    given = form.valid.api_key
    try:
        await project.change(
            by=ctx.actor,
            upstreams=ctx.service.upstreams,
            key=GivenKey(given, ctx.service.ring) if given else None,
            **form.valid.fields(),
        )
    except NameTaken:
        return await _form(ctx, form.with_error("name", _TAKEN), project, status=422)
    except (BaseUrlMissing, OriginNotAllowed) as exc:
        return await _form(ctx, form.with_error("base_url", str(exc)), project, status=422)
    except KeyNotUsable as exc:
        return await _form(ctx, form.with_error("api_key", str(exc)), project, status=422)
    except ProviderNotUsable as exc:
        return await _form(ctx, form.with_error("provider", str(exc)), project, status=422)
    except KeyMustBeGiven as exc:
        hints = ", ".join(hint for _, hint in exc.keys)
        return await _form(ctx, form.with_error("api_key", _ELSEWHERE + hints), project, status=422)
    return ctx.redirect(f"/admin/projects/{project_id}", toast="The project was changed.")


async def _form(
    ctx: AuthenticatedContext,
    form: Filled[Any],
    project: Project | None = None,
    *,
    status: int = 200,
    failed: Result | None = None,
) -> HTTPResponse:
    providers = [(name, facts.base_url) for name, facts in ctx.service.providers.items()]
    if project is not None and project.provider not in ctx.service.providers:
        providers.append((project.provider, "not configured here any more"))
    return await ctx.render(
        "projects/form.html",
        status=status,
        form=form,
        project=project,
        providers=providers,
        marks=[marked(name, base_url) for name, base_url in providers],
        failed=failed,
    )


@pages.post("/projects/{project_id}/activate")
async def activate(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """Let its tokens in again."""
    project = await find(project_id)
    await project.activate(by=ctx.actor)
    return ctx.redirect(f"/admin/projects/{project_id}", toast="The project is active again.")


@pages.get("/projects/{project_id}/deactivate", role="admin")
async def ask_deactivate(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """What will happen."""
    project = await find_row(project_id)
    tokens = await lookups.active_tokens(project_id).count()
    return await Danger(
        title=f"Deactivate {project.name}?",
        consequences=(
            f"{filters.plural(tokens, 'token')} of it will be refused until it is active again.",
            confirmation.running(ctx, project_id, whose="Its"),
        ),
        action=f"/admin/projects/{project_id}/deactivate",
        button="Deactivate",
        back=f"/admin/projects/{project_id}",
    ).ask(ctx)


@pages.post("/projects/{project_id}/deactivate")
async def deactivate(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """Refuse its tokens, and end their running requests."""
    project = await find_row(project_id)
    await project.deactivate(by=ctx.actor)
    return ctx.redirect(f"/admin/projects/{project_id}", toast="The project is inactive.")


async def _erasure(ctx: AuthenticatedContext, project: Project) -> Danger:
    tokens = await lookups.active_tokens(project.id).count()
    keys = await project.keys.all().count()
    return Danger(
        title=f"Delete {project.name}?",
        consequences=(
            f"{filters.plural(tokens, 'token')} will stop working, for good.",
            confirmation.running(ctx, project.id, whose="Its"),
            f"{filters.plural(keys, 'upstream key')} will be erased.",
            "Its usage, requests and audit trail stay.",
        ),
        action=f"/admin/projects/{project.id}/delete",
        button="Delete the project",
        back=f"/admin/projects/{project.id}",
        name=project.name,
    )


@pages.get("/projects/{project_id}/delete", role="admin")
async def ask_delete(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """What will happen, and the name to type."""
    return await (await _erasure(ctx, await find_row(project_id))).ask(ctx)


@pages.post("/projects/{project_id}/delete")
async def delete(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """Delete it: tokens revoked, keys erased, history kept."""
    project = await find_row(project_id)
    question = await _erasure(ctx, project)
    if not question.confirmed(ctx):
        return await question.ask(ctx, error="This is not the name of the project.")
    await project.erase(by=ctx.actor)
    return ctx.redirect("/admin/projects", toast=f"{project.name} was deleted.")


async def _revocation(ctx: AuthenticatedContext, project: Project) -> Danger:
    tokens = await lookups.active_tokens(project.id).count()
    return Danger(
        title=f"Revoke all tokens of {project.name}?",
        consequences=(
            f"{filters.plural(tokens, 'token')} will stop working, for good.",
            confirmation.running(ctx, project.id, whose="Their"),
        ),
        action=f"/admin/projects/{project.id}/revoke-tokens",
        button="Revoke all tokens",
        back=f"/admin/projects/{project.id}",
        name=project.name,
    )


@pages.get("/projects/{project_id}/revoke-tokens", role="admin")
async def ask_revoke_tokens(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """What will happen, and the name to type."""
    return await (await _revocation(ctx, await find_row(project_id))).ask(ctx)


@pages.post("/projects/{project_id}/revoke-tokens")
async def revoke_tokens(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """Revoke every token of it."""
    project = await find_row(project_id)
    question = await _revocation(ctx, project)
    if not question.confirmed(ctx):
        return await question.ask(ctx, error="This is not the name of the project.")
    counts = await project.revoke_tokens(by=ctx.actor)
    return ctx.redirect(
        f"/admin/projects/{project_id}",
        toast=f"{filters.plural(counts.revoked_count, 'token')} revoked.",
    )
