"""Lists, newest first, with the filters that every door offers.

Ids are in order of time, so a page is "the rows before this id" and a range of time is a range of
ids: both stay right, and cheap, while rows are added.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from tortoise import Model
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from models import changes
from models.audit import AuditEvent
from models.ids import first_id_at
from models.projects import Project
from models.request_log import RequestLog
from models.tokens import Token, TokenStatus

M = TypeVar("M", bound=Model)


async def page(
    rows: QuerySet[M], *, limit: int, before: UUID | None = None
) -> tuple[list[M], UUID | None]:
    """At most `limit` rows older than `before`, and what to pass for the next ones, if any."""
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = await rows.order_by("-id").limit(limit + 1)
    if len(found) <= limit:
        return found, None
    last: UUID = found[limit - 1].pk
    return found[:limit], last


def projects(*, q: str | None = None, is_active: bool | None = None) -> QuerySet[Project]:
    """Living projects; `q` is part of the name, or the id."""
    rows = Project.filter(deleted_at__isnull=True)
    if is_active is not None:
        rows = rows.filter(is_active=is_active)
    return rows.filter(_search(q, "name")) if q else rows


def tokens(
    *, project_id: UUID | None = None, status: TokenStatus | None = None, q: str | None = None
) -> QuerySet[Token]:
    """Tokens; `q` is part of the name or of the hint, or the id."""
    rows = Token.filter(**_given(project_id=project_id))
    if status is not None:
        rows = rows.filter(_has_status(status))
    return rows.filter(_search(q, "name", "hint")) if q else rows


def requests(
    *,
    project_id: UUID | None = None,
    token_id: UUID | None = None,
    model: str | None = None,
    status: int | None = None,
    outcome: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> QuerySet[RequestLog]:
    """The request log from `start` up to but not including `end`."""
    wanted = _given(
        project_id=project_id, token_id=token_id, model=model, status=status, outcome=outcome
    )
    return RequestLog.filter(**wanted, **_between(start, end))


def audit_events(
    *,
    actor: str | None = None,
    action: str | None = None,
    target_id: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> QuerySet[AuditEvent]:
    """The audit trail from `start` up to but not including `end`."""
    wanted = _given(actor=actor, action=action, target_id=target_id)
    return AuditEvent.filter(**wanted, **_between(start, end))


def _given(**wanted: Any) -> Mapping[str, Any]:
    return {name: value for name, value in wanted.items() if value is not None}


def _between(start: datetime | None, end: datetime | None) -> Mapping[str, Any]:
    return _given(
        id__gte=None if start is None else first_id_at(start),
        id__lt=None if end is None else first_id_at(end),
    )


def _has_status(status: TokenStatus) -> Q:
    if status == "revoked":
        return Q(revoked_at__isnull=False)
    present = changes.now()
    if status == "expired":
        return Q(revoked_at__isnull=True, expires_at__lte=present)
    return Q(revoked_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=present))


def _search(q: str, *columns: str) -> Q:
    alternatives = [Q(**{f"{column}__icontains": q}) for column in columns]
    with suppress(ValueError):
        alternatives.append(Q(id=UUID(q)))
    return Q(*alternatives, join_type=Q.OR)
