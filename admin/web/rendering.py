"""Pages from templates: sanic-ext's Jinja, made strict, and what every template knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import jinja2
from sanic import HTTPResponse
from sanic_ext import render as render_template

from admin.web import csrf, toasts
from admin.web.assets import Assets
from config.version import VERSION
from models import text

if TYPE_CHECKING:
    from admin.web.request import RequestContext
    from admin.web.service import AdminServices

#: What a browser may do with our pages: nothing that does not come from us.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def prepare(
    environment: jinja2.Environment, assets: Assets, filters: Mapping[str, Callable[..., Any]]
) -> None:
    """Make sanic-ext's environment strict, and give it our words."""
    environment.autoescape = True
    environment.undefined = jinja2.StrictUndefined
    environment.finalize = _shown
    environment.trim_blocks = True
    environment.lstrip_blocks = True
    environment.globals["asset"] = assets.url
    environment.globals["version"] = VERSION
    environment.filters.update(filters)


def _shown(value: Any) -> Any:
    """Whatever a template writes: nothing in it goes unseen or turns the rest of the page round."""
    if not isinstance(value, str) or (value.isascii() and value.isprintable()):
        return value
    # Where it is markup, it stays markup: what is written out needs no escape.
    return type(value)(text.written_out(value))


async def render(
    ctx: RequestContext,
    template: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    partial: bool,
    context: dict[str, Any],
) -> HTTPResponse:
    """`template` with what every page shows beside its own `context`.

    `partial` where it is a part of a page. That a script asks does not make it one.
    """
    user = getattr(ctx, "user", None)
    note = None if partial else _note(ctx)
    common = {
        "user": user,
        "may_change": user is not None and user.role == "admin",
        "path": ctx.request.path,
        "here": ctx.request.path
        + (f"?{ctx.request.query_string}" if ctx.request.query_string else ""),
        "csrf_token": csrf.token(ctx.secret) if ctx.secret else "",
        "swap": partial,
        "service_state": None if partial or user is None else await _foot(ctx.service),
        "toast": note,
    }
    response = await render_template(
        template, status=status, headers=headers, app=ctx.request.app, context=common | context
    )
    if note is not None:
        toasts.take_away(response, secure=ctx.secure)
    return response


def _note(ctx: RequestContext) -> str | None:
    if ctx.secret is None:
        return None
    return toasts.read(ctx.secret, ctx.request.cookies.get(toasts.COOKIE))


_WORDS: Final = {
    "ok": "working",
    "away": "away, waiting for it",
    "read-only": "read-only, nothing can be changed or counted",
    "blocked": "blocked, writes wait for a lock or the disk",
    "degraded": "behind, catching up",
    "full": "full, refusing requests",
}
_LIMITS: Final = {"ok": "counted", "degraded": "cannot be counted, limited tokens are refused"}
_LEVELS: Final = {
    "ok": "fine",
    "away": "warning",
    "read-only": "warning",
    "blocked": "warning",
    "degraded": "warning",
}


async def _foot(service: AdminServices) -> dict[str, str]:
    """The foot of the sidebar: all is well only where nothing needs anybody."""
    line = status_line(service)
    if line["level"] != "fine":
        return line
    found = await service.attention.look(service.spending, service.upstreams)
    if found is None:
        return line | {"level": "warning", "word": "Degraded"}
    return line | {"level": "warning", "word": "Needs attention"} if found.things else line


def status_line(service: AdminServices) -> dict[str, str]:
    """How the service itself stands: a level, and why."""
    checks = service.checks()
    worst = checks.draining or not checks.reached or checks.journal == "full"
    fine = checks.database == checks.limits == checks.journal == "ok"
    level = "bad" if worst else "fine" if fine else "warning"
    database = _WORDS.get(checks.database, "") if checks.reached else "not reached yet"
    word = "Not serving" if worst else "All is well" if fine else "Degraded"
    return {
        "level": level,
        "word": "Shutting down" if checks.draining else word,
        "database": f"{service.database}: {database}",
        "limits": f"Limits: {_LIMITS.get(checks.limits, checks.limits)}",
        "journal": f"Journal: {_WORDS.get(checks.journal, checks.journal)}",
        "database_level": _LEVELS.get(checks.database, "bad") if checks.reached else "bad",
        "limits_level": _LEVELS.get(checks.limits, "bad"),
        "journal_level": _LEVELS.get(checks.journal, "bad"),
    }
