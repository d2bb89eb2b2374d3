"""`/admin/providers`: the kinds of upstreams that this installation knows."""

from sanic import HTTPResponse

from admin.components import providers
from admin.components.provider_marks import marked
from admin.web.errors import NotFound
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext
from models import Project

pages = Pages()
_MOST_PROJECTS = 20


@pages.get("/providers")
async def index(ctx: AuthenticatedContext) -> HTTPResponse:
    """All of them, or the one that the address names."""
    name = ctx.query.get("name")
    if name is not None:
        return await _show(ctx, name)
    return await ctx.render(
        "providers/index.html",
        providers=await providers.overview(ctx.service.providers, ctx.service.prices),
    )


async def _show(ctx: AuthenticatedContext, name: str) -> HTTPResponse:
    facts = ctx.service.providers.get(name)
    if facts is None:
        raise NotFound("There is no provider of this name here.")
    using = Project.filter(provider=name, deleted_at__isnull=True).order_by("name")
    return await ctx.render(
        "providers/show.html",
        partial="providers/_prices.html",
        provider=facts,
        mark=marked(name, facts.base_url),
        prices=await providers.price_page(ctx.service.prices, name, ctx.request.path, ctx.query),
        projects=await using.limit(_MOST_PROJECTS),
        project_count=await using.count(),
        query=ctx.query,
    )
