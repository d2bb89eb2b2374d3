"""`/admin/projects/{id}/keys`: upstream keys, which are sent here and never come back."""

from typing import Final
from uuid import UUID

from sanic import HTTPResponse

from admin.components import filters
from admin.components.confirmation import Danger
from admin.forms.form import Filled, fill
from admin.forms.overtaken import opened, overtaken
from admin.forms.projects import PROVIDERS, KeyChange, KeyCreation, of_key
from admin.views import projects
from admin.web import htmx
from admin.web.errors import NotFound
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext
from models import Project, UpstreamKey, key_states
from models.errors import (
    BaseUrlMissing,
    KeyMustBeGiven,
    KeyNotUsable,
    OriginNotAllowed,
    ProviderNotUsable,
)
from web import key_test

pages = Pages()
#: Which field a refusal is about.
_FIELDS: Final[dict[type[Exception], str]] = {
    BaseUrlMissing: "base_url",
    KeyMustBeGiven: "base_url",
    KeyNotUsable: "api_key",
    OriginNotAllowed: "base_url",
    ProviderNotUsable: "provider",
}
_KEY = "/projects/{project_id}/keys/{key_id}"


async def _find(project_id: UUID, key_id: UUID) -> tuple[Project, UpstreamKey]:
    return await projects.find(project_id), await _find_row(project_id, key_id)


async def _find_row(project_id: UUID, key_id: UUID) -> UpstreamKey:
    await projects.find_row(project_id)
    key = await UpstreamKey.get_or_none(id=key_id, project_id=project_id)
    if key is None:
        raise NotFound("The project has no key with this id. It may have been removed.")
    return key


@pages.post("/projects/{project_id}/keys")
async def add(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """One more key, in use at once."""
    project = await projects.find(project_id)
    form = fill(KeyCreation, ctx.sent, context={PROVIDERS: frozenset(ctx.service.providers)})
    if form.valid is None:
        return await projects.page(ctx, project, form, status=422)
    try:
        await project.add_key(
            api_key=form.valid.api_key,
            ring=ctx.service.ring,
            by=ctx.actor,
            upstreams=ctx.service.upstreams,
            label=form.valid.label,
            weight=form.valid.weight,
            priority=form.valid.priority,
            **form.valid.place(),
        )
    except tuple(_FIELDS) as exc:
        wrong = form.with_error(_FIELDS[type(exc)], str(exc))
        return await projects.page(ctx, project, wrong, status=422)
    return ctx.redirect(f"/admin/projects/{project_id}#keys", toast="The key was added.")


@pages.get(f"{_KEY}/edit", role="admin")
async def edit(ctx: AuthenticatedContext, project_id: UUID, key_id: UUID) -> HTTPResponse:
    """Its label and weight."""
    project, key = await _find(project_id, key_id)
    return await _form(ctx, project, key, opened(KeyChange, of_key(key)))


async def _form(
    ctx: AuthenticatedContext,
    project: Project,
    key: UpstreamKey,
    form: Filled[KeyChange],
    *,
    status: int = 200,
) -> HTTPResponse:
    providers = projects.beside(ctx, project)
    if key.provider is not None and key.provider not in providers:
        providers.append(key.provider)
    return await ctx.render(
        "projects/key.html", status=status, project=project, key=key, form=form, providers=providers
    )


@pages.post(f"{_KEY}/edit")
async def change(ctx: AuthenticatedContext, project_id: UUID, key_id: UUID) -> HTTPResponse:
    """Change them."""
    project, key = await _find(project_id, key_id)
    # One that is not configured here any more may stay.
    form = fill(KeyChange, ctx.sent, context={PROVIDERS: {*ctx.service.providers, key.provider}})
    if form.valid is None:
        return await _form(ctx, project, key, form, status=422)
    again = overtaken(KeyChange, form, of_key(key))
    if again is not None:
        return await _form(ctx, project, key, again, status=409)
    try:
        await key.change(
            by=ctx.actor,
            upstreams=ctx.service.upstreams,
            ring=ctx.service.ring,
            **form.valid.fields(),
        )
    except tuple(_FIELDS) as exc:
        field = _FIELDS[type(exc)]
        # It has no field for the key, which stays as it is.
        wrong = form.with_error("auth" if field == "api_key" else field, str(exc))
        return await _form(ctx, project, key, wrong, status=422)
    return ctx.redirect(f"/admin/projects/{project_id}#keys", toast="The key was changed.")


@pages.post(f"{_KEY}/enable")
async def enable(ctx: AuthenticatedContext, project_id: UUID, key_id: UUID) -> HTTPResponse:
    """Take it into use again."""
    key = await _find_row(project_id, key_id)
    await key.change(by=ctx.actor, is_active=True)
    return ctx.redirect(f"/admin/projects/{project_id}#keys", toast="The key is in use again.")


@pages.post(f"{_KEY}/disable")
async def disable(ctx: AuthenticatedContext, project_id: UUID, key_id: UUID) -> HTTPResponse:
    """Take it out of use."""
    key = await _find_row(project_id, key_id)
    await key.change(by=ctx.actor, is_active=False)
    return ctx.redirect(f"/admin/projects/{project_id}#keys", toast="The key is out of use.")


@pages.get(f"{_KEY}/remove", role="admin")
async def ask_remove(ctx: AuthenticatedContext, project_id: UUID, key_id: UUID) -> HTTPResponse:
    """What will happen."""
    project, key = await _find(project_id, key_id)
    others = sum(other.is_active for other in project.keys if other.id != key_id)
    left = (
        f"Requests go on with {filters.plural(others, 'other key')}."
        if others
        else "No key is left in use: requests will be refused with no_upstream_key."
    )
    return await Danger(
        title=f"Remove the key {key.label or key.hint}?",
        consequences=("Its material is erased here, and cannot be shown or restored.", left),
        action=f"/admin/projects/{project_id}/keys/{key_id}/remove",
        button="Remove the key",
        back=f"/admin/projects/{project_id}",
    ).ask(ctx)


@pages.post(f"{_KEY}/remove")
async def remove(ctx: AuthenticatedContext, project_id: UUID, key_id: UUID) -> HTTPResponse:
    """Remove it, and erase its material."""
    key = await _find_row(project_id, key_id)
    await key.remove(by=ctx.actor)
    return ctx.redirect(f"/admin/projects/{project_id}#keys", toast="The key was removed.")


@pages.post(f"{_KEY}/test")
async def test(ctx: AuthenticatedContext, project_id: UUID, key_id: UUID) -> HTTPResponse:
    """Ask the upstream for its models with this key."""
    project, key = await _find(project_id, key_id)
    result = await key_test.ask(ctx.service, project, key)
    if result.works:
        await key_states.release(key.id)
    if htmx.is_htmx(ctx.request):
        return await ctx.render("projects/_key_result.html", result=result)
    return ctx.redirect(f"/admin/projects/{project_id}#keys", toast=result.message)
