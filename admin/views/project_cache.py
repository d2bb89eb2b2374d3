"""`/admin/projects/{id}/purge-cache`"""

from uuid import UUID

from sanic import HTTPResponse

from admin.components.confirmation import Danger
from admin.views.projects import find
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext

pages = Pages()


@pages.get("/projects/{project_id}/purge-cache", role="admin")
async def ask_purge(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """What will happen."""
    project = await find(project_id)
    return await Danger(
        title=f"Forget the kept answers of {project.name}?",
        consequences=(
            "What is asked again is asked upstream again, and costs what it costs there.",
            "Answers go on being kept as the project says.",
        ),
        action=f"/admin/projects/{project_id}/purge-cache",
        button="Forget them",
        back=f"/admin/projects/{project_id}",
    ).ask(ctx)


@pages.post("/projects/{project_id}/purge-cache")
async def purge(ctx: AuthenticatedContext, project_id: UUID) -> HTTPResponse:
    """Forget every answer that is kept for it."""
    project = await find(project_id)
    await project.purge_cache(by=ctx.actor)
    return ctx.redirect(
        f"/admin/projects/{project_id}", toast="No answer that was kept so far is given any more."
    )
