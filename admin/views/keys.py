"""`/admin/projects/{id}/keys`: upstream keys, which are sent here and never come back."""

from uuid import UUID

from sanic import HTTPResponse

from admin.components import filters
from admin.components.confirmation import Danger
from admin.forms.form import fill
from admin.forms.projects import KeyChange, KeyCreation, of_key
from admin.views import projects
from admin.web import htmx
from admin.web.errors import NotFound
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext
from models import Project, UpstreamKey, key_states
from models.errors import KeyMustBeGiven, KeyNotUsable, OriginNotAllowed
from web import key_test

pages = Pages()
_KEY = "/projects/{project_id}/keys/{key_id}"


async def _find(project_id: UUID, key_id: UUID) -> tuple[Project, UpstreamKey]:
    project = await projects.find(project_id)
    key = await UpstreamKey.get_or_none(id=key_id, project_id=project_id)
    if key is None:
        raise NotFound("The project has no key with this id. It may have been removed.")
    return project, key


@pages.post("/projects/{project_id}/keys")
async def add(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """One more key, in use at once."""
    project = await projects.find(project_id)
    form = fill(KeyCreation, ctx.sent)
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
    except OriginNotAllowed as exc:
        return await projects.page(ctx, project, form.with_error("base_url", str(exc)), status=422)
    except KeyNotUsable as exc:
        return await projects.page(ctx, project, form.with_error("api_key", str(exc)), status=422)
    return ctx.redirect(f"/admin/projects/{project_id}#keys", toast="The key was added.")


@pages.get(f"{_KEY}/edit", role="admin")
async def edit(ctx: AuthenticatedContext, project_id: UUID, key_id: UUID) -> HTTPResponse:
    """Its label and weight."""
    project, key = await _find(project_id, key_id)
    return await ctx.render("projects/key.html", project=project, key=key, form=of_key(key))


@pages.post(f"{_KEY}/edit")
async def change(ctx: AuthenticatedContext, project_id: UUID, key_id: UUID) -> HTTPResponse:
    """Change them."""
    project, key = await _find(project_id, key_id)
    form = fill(KeyChange, ctx.sent)
    if form.valid is None:
        return await ctx.render(
            "projects/key.html", status=422, project=project, key=key, form=form
        )
    try:
        await key.change(by=ctx.actor, upstreams=ctx.service.upstreams, **form.valid.fields())
    except (KeyMustBeGiven, OriginNotAllowed) as exc:
        wrong = form.with_error("base_url", str(exc))
        return await ctx.render(
            "projects/key.html", status=422, project=project, key=key, form=wrong
        )
    return ctx.redirect(f"/admin/projects/{project_id}#keys", toast="The key was changed.")


@pages.post(f"{_KEY}/enable")
async def enable(ctx: AuthenticatedContext, project_id: UUID, key_id: UUID) -> HTTPResponse:
    """Take it into use again."""
    _, key = await _find(project_id, key_id)
    await key.change(by=ctx.actor, is_active=True)
    return ctx.redirect(f"/admin/projects/{project_id}#keys", toast="The key is in use again.")


@pages.post(f"{_KEY}/disable")
async def disable(ctx: AuthenticatedContext, project_id: UUID, key_id: UUID) -> HTTPResponse:
    """Take it out of use."""
    _, key = await _find(project_id, key_id)
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
    _, key = await _find(project_id, key_id)
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
