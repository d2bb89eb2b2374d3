"""Whose requests are refused, why, how often, since when, and the page that mends it."""

from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from admin.components import lookups
from admin.web.request import AuthenticatedContext
from models import Project, Token
from models.refusal_words import Place, reason
from models.reports import refusal_report
from models.reports.refusal_report import Refusing
from models.reports.time_ranges import HOUR


class ShownRefusal(NamedTuple):
    """One reason for which one token, or nobody known, is refused. Addresses are of admin pages."""

    #: The token's name; None where none was known.
    token: str | None
    token_href: str | None
    project: str | None
    code: str
    says: str
    times: int
    since: datetime
    #: The end of the last hour in which it was; None while that runs.
    until: datetime | None
    mend: str
    mend_href: str
    log_href: str


async def refused(
    ctx: AuthenticatedContext,
    start: datetime,
    end: datetime,
    *,
    project_id: UUID | None = None,
    token_id: UUID | None = None,
    limit: int,
) -> Sequence[ShownRefusal]:
    """The most frequent first, in the hours from `start` to `end`."""
    found = await refusal_report.refusing(
        start, end, project_id=project_id, token_id=token_id, limit=limit
    )
    return await explained(ctx, found) if found else []


async def explained(ctx: AuthenticatedContext, found: Sequence[Refusing]) -> list[ShownRefusal]:
    """The same with names, words and addresses."""
    projects = {one.project_id for one in found if one.project_id is not None}
    tokens = {one.token_id for one in found if one.token_id is not None}
    names = await lookups.names(projects, tokens)
    living = Project.filter(id__in=list(projects), deleted_at__isnull=True)
    # What is gone has a name still, and no page.
    pages = {*(tokens & names.keys()), *await living.values_list("id", flat=True)}
    listed = Token.filter(id__in=list(tokens), allowed_endpoints__isnull=False)
    narrowed = set(await listed.values_list("id", flat=True))
    return [_shown(one, names, pages, narrowed, may_change=ctx.may_change) for one in found]


def _shown(
    one: Refusing,
    names: Mapping[UUID, str],
    pages: Set[object],
    narrowed: Set[object],
    *,
    may_change: bool,
) -> ShownRefusal:
    why = reason(one.code)
    log = log_address(one.code, project_id=one.project_id, token_id=one.token_id)
    whose = why.place
    if whose == "endpoints" and one.token_id in narrowed:
        whose = "token"
    place = _place(whose, one, pages, may_change=may_change)
    return ShownRefusal(
        token=None if one.token_id is None else names.get(one.token_id, str(one.token_id)),
        token_href=f"/admin/tokens/{one.token_id}" if one.token_id in pages else None,
        project=None if one.project_id is None else names.get(one.project_id),
        code=one.code,
        says=why.says,
        times=one.refusals,
        since=one.since,
        until=None if one.last + HOUR > datetime.now(UTC) else one.last + HOUR,
        mend=why.mend if place is not None else "See which",
        mend_href=place or log,
        log_href=log,
    )


def _place(place: Place, one: Refusing, pages: Set[object], *, may_change: bool) -> str | None:
    """The page that mends it; None where that is no page, or one of what is gone."""
    if place == "new token":
        of = f"?project={one.project_id}" if one.project_id in pages else ""
        return f"/admin/tokens/new{of}" if may_change else None
    if place == "token" and one.token_id in pages:
        return f"/admin/tokens/{one.token_id}{'/edit' * may_change}"
    if place in ("project", "keys") and one.project_id in pages:
        return f"/admin/projects/{one.project_id}"
    if place == "endpoints" and one.project_id in pages:
        return f"/admin/projects/{one.project_id}/endpoints"
    return None


def log_address(
    code: str = "", *, project_id: UUID | None = None, token_id: UUID | None = None
) -> str:
    """The refusals of the request log, as far as they are given."""
    wanted = {"outcome": "refused", "code": code}
    if token_id is not None:
        wanted["token"] = str(token_id)
    elif project_id is not None:
        wanted["project"] = str(project_id)
    return f"/admin/requests?{urlencode({name: value for name, value in wanted.items() if value})}"
