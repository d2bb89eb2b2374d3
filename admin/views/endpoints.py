"""`/admin/projects/{id}/endpoints`: a provider's list with a switch each, and what is added."""

from typing import Any, Final, get_args
from uuid import UUID

from pydantic import ValidationError
from sanic import HTTPResponse

from admin.components.filters import plural
from admin.components.switches import additions, areas, offered
from admin.forms.endpoints import (
    NOTHING_ON,
    Changes,
    EndpointsChange,
    allowed_of,
    extra_of,
    of_project,
)
from admin.forms.form import Filled, fill
from admin.forms.overtaken import opened, overtaken
from admin.views.projects import find
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext
from models import Project
from models.endpoint_rules import METHODS, Usage
from models.errors import EndpointNotServed
from web.providers import Endpoint

pages = Pages()
_METHODS: Final = [(method, "any" if method == "*" else method) for method in METHODS]
_USAGES: Final = [
    (usage, {"generic": "as the answer has it", "none": "none is told"}.get(usage, usage))
    for usage in get_args(Usage)
]


@pages.get("/projects/{project_id}/endpoints")
async def show(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """What is let through now."""
    project = await find(project_id)
    return await _page(ctx, project, opened(Changes, of_project(project, _lines(ctx, project))))


@pages.post("/projects/{project_id}/endpoints")
async def change(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """Switch lines off and on, and add to them."""
    project = await find(project_id)
    lines = _lines(ctx, project)
    form = fill(EndpointsChange, ctx.sent)
    if form.valid is None:
        return await _page(ctx, project, form, status=422)
    again = overtaken(Changes, form, of_project(project, lines))
    if again is not None:
        return await _page(ctx, project, again, status=409)
    allowed = None if "all" in ctx.sent else allowed_of(form.valid, lines)
    if allowed == []:
        return await _page(ctx, project, form.with_error("form", NOTHING_ON), status=422)
    try:
        extra = extra_of(form.valid)
        await project.change(
            by=ctx.actor,
            upstreams=ctx.service.upstreams,
            allowed_endpoints=allowed,
            extra_endpoints=extra,
        )
    except ValidationError as exc:
        said = str(exc.errors(include_url=False, include_input=False)[0]["msg"])
        return await _page(ctx, project, form.with_error("path", said), status=422)
    except (ValueError, EndpointNotServed) as exc:
        return await _page(ctx, project, form.with_error("path", str(exc)), status=422)
    return ctx.redirect(f"/admin/projects/{project_id}/endpoints", toast=_told(project, lines))


def _lines(ctx: AuthenticatedContext, project: Project) -> list[Endpoint]:
    """Of a provider that is not configured here any more there are none."""
    provider = ctx.service.providers.get(project.provider)
    return [] if provider is None else list(provider.endpoints)


def _told(project: Project, lines: list[Endpoint]) -> str:
    values = of_project(project, lines)
    groups = areas(
        lines, values.value("switches").splitlines(), values.value("patterns").splitlines()
    )
    on = sum(area.on for area in groups)
    added = len(project.extra_endpoints or ())
    besides = f", and {plural(added, 'endpoint')} besides" if added else ""
    return f"{on} of {plural(len(lines), 'endpoint')} of the list are on{besides}."


async def _page(
    ctx: AuthenticatedContext, project: Project, form: Filled[Any], *, status: int = 200
) -> HTTPResponse:
    lines = _lines(ctx, project)
    on, patterns = (form.value(name).splitlines() for name in ("switches", "patterns"))
    groups = areas(lines, map(str.strip, on), [line.strip() for line in patterns if line.strip()])
    provider = ctx.service.providers.get(project.provider)
    now = of_project(project, lines).value("extra_endpoints").splitlines()
    kept = {line.strip() for line in form.value("extra_endpoints").splitlines()}
    extra = [line for line in dict.fromkeys((*now, *sorted(kept))) if line.count(" ") == 2]
    return await ctx.render(
        "projects/endpoints.html",
        status=status,
        project=project,
        is_known=provider is not None,
        form=form,
        areas=groups,
        on=sum(area.on for area in groups),
        count=len(lines),
        extra=additions(extra, kept),
        off=offered(provider.off if provider else (), extra, ctx.service.upstreams.roots),
        methods=_METHODS,
        usages=_USAGES,
    )
