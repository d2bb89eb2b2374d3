"""The admin as a Sanic blueprint: routes, the headers of every answer, errors as pages."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sanic import Blueprint, HTTPResponse, Request, Sanic

from admin.components.filters import FILTERS
from admin.components.live_tail import Tail
from admin.components.providers import PriceList, ProviderFacts
from admin.views import (
    account,
    audit,
    dashboard,
    destinations,
    endpoints,
    events,
    keys,
    management_tokens,
    project_cache,
    projects,
    requests,
    sign_in,
    tokens,
    usage,
    users,
)
from admin.views import (
    providers as provider_pages,
)
from admin.web import htmx, rendering
from admin.web.assets import Assets
from admin.web.dispatch import PageDispatcher
from admin.web.errors import InternalError, translate
from admin.web.page_table import Pages
from admin.web.request import RequestContext
from admin.web.service import AdminServices, ReadinessChecks
from config import Settings
from models.bindings import Upstreams
from models.crypto import KeyRing
from models.destinations import DestinationPolicy
from models.ids import new_id
from models.spending import Spending
from web import routes
from web.causes import log_mistake
from web.destination_test import DestinationTester
from web.key_test import Presenting
from web.token_test import TokenAsking

FAMILIES: Final[tuple[Pages, ...]] = (
    sign_in.pages,
    account.pages,
    dashboard.pages,
    projects.pages,
    project_cache.pages,
    endpoints.pages,
    provider_pages.pages,
    keys.pages,
    tokens.pages,
    requests.pages,
    audit.pages,
    usage.pages,
    destinations.pages,
    events.pages,
    management_tokens.pages,
    users.pages,
)
_HEADERS: Final = {
    "content-security-policy": rendering.POLICY,
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_DATABASES: Final = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


def blueprint(
    settings: Settings,
    *,
    ring: KeyRing,
    providers: Mapping[str, ProviderFacts],
    prices: PriceList,
    upstreams: Upstreams,
    is_refused: Callable[[str], bool],
    present: Presenting,
    checks: Callable[[], ReadinessChecks],
    running: Callable[[UUID], int],
    spending: Spending,
    destination_tester: DestinationTester,
    ask_as_token: TokenAsking,
) -> Blueprint:
    """`/admin/*`, answered by this blueprint whatever is asked. Needs sanic-ext's templating."""
    longest = settings.token_max_lifetime
    service = AdminServices(
        ring=ring,
        providers=providers,
        prices=prices,
        upstreams=upstreams,
        database=_DATABASES[settings.database.dialect],
        trusted_proxies=settings.trusted_proxies,
        longest_lifetime=timedelta(seconds=longest) if longest else None,
        is_refused=is_refused,
        present=present,
        checks=checks,
        workers=settings.web_concurrency,
        running=running,
        spending=spending,
        destinations=DestinationPolicy.of(settings),
        destination_tester=destination_tester,
        ask_as_token=ask_as_token,
        tail=Tail(checks),
    )
    plane = Blueprint("admin", url_prefix="/admin")
    assets = Assets()
    assets.serve_from(plane)
    rows = [page for family in FAMILIES for page in family.rows]
    routes.add(plane, routes.by_path(rows), PageDispatcher(service).handle)
    plane.on_response(_secure)
    plane.exception(Exception)(_Respond(service))

    @plane.before_server_start
    async def prepare(app: Sanic[Any, Any]) -> None:
        rendering.prepare(app.ext.environment, assets, FILTERS)

    @plane.before_server_stop
    async def end(_: Sanic[Any, Any]) -> None:
        await service.tail.close()

    return plane


async def _secure(_: Request[Any, Any], response: HTTPResponse) -> None:
    """What every answer carries. Pages are never kept: they hold what only their reader may see."""
    for name, value in _HEADERS.items():
        response.headers[name] = value
    if "cache-control" not in response.headers:
        response.headers["cache-control"] = "no-store"
        response.headers["vary"] = "HX-Request, Cookie"


class _Respond:
    """The page for an error, or a toast where a script asked."""

    __name__ = "respond"

    def __init__(self, service: AdminServices) -> None:
        self._service = service

    async def __call__(self, request: Request[Any, Any], error: Exception) -> HTTPResponse:
        ctx = getattr(request.ctx, "admin_context", None) or self._stranger(request)
        refusal = translate(error)
        if isinstance(refusal, InternalError):
            log_mistake(request, error, ctx.id)
        headers = dict(refusal.headers)
        if htmx.is_htmx(request):
            headers |= {
                htmx.RETARGET: "#toasts",
                htmx.RESWAP: "beforeend",
                htmx.RESELECT: "unset",
            }
        return await ctx.render(
            "errors/error.html",
            partial="errors/_toast.html",
            status=refusal.status,
            headers=headers,
            error=refusal,
            request_id=ctx.id,
        )

    def _stranger(self, request: Request[Any, Any]) -> RequestContext:
        return RequestContext(
            request=request,
            service=self._service,
            id=new_id(),
            address="",
            host="",
            secure=False,
            secret=None,
        )
