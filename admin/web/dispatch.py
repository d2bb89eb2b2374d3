"""From a request to a view: session, role, and whether a post comes from our own page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from sanic import HTTPResponse, Request
from sanic.response import redirect

from admin.web import csrf, event_stream, htmx, session
from admin.web.errors import Forbidden, ForeignPost, MethodNotAllowed, NotFound
from admin.web.page_table import Page
from admin.web.request import (
    HOME,
    AuthenticatedContext,
    RequestContext,
    cookie,
    local_path,
    read_form,
)
from admin.web.service import AdminServices
from models import AdminSession
from models.ids import new_id
from web import client, routes
from web.refusal_audit import Refusal

_LOGIN: Final = "/admin/login"
#: The largest form: many patterns and ids. A name and a password are less.
_FORM_BYTES: Final = 1024 * 1024
_SIGN_IN_BYTES: Final = 64 * 1024


class PageDispatcher:
    """Answers every request under /admin that is not for a static file."""

    def __init__(self, service: AdminServices) -> None:
        self._service = service

    async def handle(
        self, request: Request[Any, Any], pages: Mapping[str, Page], texts: Mapping[str, str]
    ) -> HTTPResponse:
        """Call the view for the request's method; `texts` are the ids as the path has them.

        Raises AdminError, and what the data room raises.
        """
        page = routes.row_for(request, pages)
        ctx = await self._context_of(request)
        request.ctx.admin_context = ctx
        if not isinstance(ctx, AuthenticatedContext) and (page is None or page.role is not None):
            return _to_login(ctx)
        if page is None:
            raise _no_page(pages)
        if page.role == "admin":
            await self._require_admin(ctx, page)
        ids = routes.parse_ids(texts)
        if ids is None:
            raise NotFound("The address may be mistyped: nothing has this id.")
        if page.method == "POST":
            request.ctx.admin_context = ctx = await self._posted(request, ctx, page)
        return await page.view(ctx, **ids)

    async def _posted(
        self, request: Request[Any, Any], ctx: RequestContext, page: Page
    ) -> RequestContext:
        """`ctx` with its form, which is received only once all else has been looked at."""
        csrf.check_origin(request, ctx.host)
        most = _SIGN_IN_BYTES if page.role is None else _FORM_BYTES
        ctx = replace(ctx, sent=await read_form(request, max_bytes=most))
        csrf.check_token(ctx.secret, ctx.fields.get(csrf.FIELD, ""))
        if isinstance(ctx, AuthenticatedContext) and not await AdminSession.living(
            {ctx.session.id}
        ):
            # A form may take its time to arrive, and what it asks for is decided now.
            raise ForeignPost("Your session has ended since. Sign in again. Nothing was changed.")
        return ctx

    async def _context_of(self, request: Request[Any, Any]) -> RequestContext:
        trusted = self._service.trusted_proxies
        secure = client.is_secure(request, trusted)
        secret = cookie(request, session.SESSION, secure=secure)
        found = await AdminSession.presented(secret) if secret else None
        known: dict[str, Any] = {
            "request": request,
            "service": self._service,
            "id": new_id(),
            "address": client.address_of(request, trusted),
            "host": client.host_of(request, trusted),
            "secure": secure,
        }
        if found is not None and secret is not None:
            return AuthenticatedContext(**known, secret=secret, session=found)
        before = cookie(request, session.BEFORE_SIGN_IN, secure=secure)
        return RequestContext(**known, secret=before)

    async def _require_admin(self, ctx: RequestContext, page: Page) -> None:
        if isinstance(ctx, AuthenticatedContext) and ctx.may_change:
            return
        if page.method == "POST":
            await self._service.refusals.known(
                ctx.actor,
                Refusal(
                    action="admin.refuse",
                    target_type="page",
                    target=page.label,
                    outcome="refused",
                ),
            )
        raise Forbidden(
            "You are signed in as a viewer, who sees everything and changes nothing. "
            "Ask an administrator to do it, or for the role."
        )


def _no_page(pages: Mapping[str, Page]) -> NotFound | MethodNotAllowed:
    if not pages:
        return NotFound("The address may be mistyped, or what it led to is gone.")
    allowed = ", ".join(routes.allowed_methods(pages))
    return MethodNotAllowed("Open it from its link.", headers={"allow": allowed})


def _to_login(ctx: RequestContext) -> HTTPResponse:
    """Redirect to the sign-in, which returns to the page that was asked for."""
    request = ctx.request
    if request.method in ("GET", "HEAD") and not htmx.is_htmx(request):
        query = f"?{request.query_string}" if request.query_string else ""
        came_from = local_path(request.path + query)
    else:
        came_from = local_path(htmx.current_page(request))
    if event_stream.is_asked_for(request):
        return event_stream.gone()
    target = _LOGIN if came_from == HOME else f"{_LOGIN}?next={quote(came_from, safe='/')}"
    if htmx.is_htmx(request):
        return HTTPResponse(status=401, headers={htmx.REDIRECT: target})
    return redirect(target, status=303)
