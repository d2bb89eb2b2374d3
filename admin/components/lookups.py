"""How many, and what they are called: look-ups that several pages make for the rows they show."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tortoise.expressions import Q
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from models import Project, Token, changes, revocations
from models.reports import usage_report
from models.reports.usage_report import UsageQuery, UsageRow

_MOST_GROUPS: Final = 10_000
MOST_CHOICES: Final = 1000


def active_tokens(*project_ids: UUID) -> QuerySet[Token]:
    """Tokens of these projects that work now."""
    lives_on = Q(expires_at__isnull=True) | Q(expires_at__gt=changes.now())
    return Token.filter(
        lives_on, revocations.not_waiting(), project_id__in=project_ids, revoked_at__isnull=True
    )


async def active_tokens_by_project(*project_ids: UUID) -> dict[UUID, int]:
    """How many each of them has."""
    counted = (
        await active_tokens(*project_ids)
        .annotate(number=Count("id"))
        .group_by("project_id")
        .values("project_id", "number")
    )
    return {UUID(str(row["project_id"])): row["number"] for row in counted}


async def usage_of_a_day() -> dict[Any, UsageRow]:
    """What each project used in the last 24 hours."""
    present = datetime.now(UTC)
    query = UsageQuery(start=present - timedelta(hours=24), end=present, group_by="project")
    rows, _ = await usage_report.report(query, limit=_MOST_GROUPS)
    return {row.group: row for row in rows}


async def usage_of_keys(project_id: UUID) -> dict[Any, UsageRow]:
    """What each of a project's keys did in the last 24 hours."""
    present = datetime.now(UTC)
    query = UsageQuery(
        start=present - timedelta(hours=24), end=present, group_by="key", project_id=project_id
    )
    rows, _ = await usage_report.report(query, limit=_MOST_GROUPS)
    return {row.group: row for row in rows}


async def project_choices(
    chosen: UUID | None = None, *, active: bool = False
) -> list[tuple[str, str]]:
    """Projects to choose from, by name, and the one that is chosen, whatever it is by now: where
    it is not among them, a browser shows another one as chosen, and sends that."""
    rows = Project.filter(deleted_at__isnull=True)
    if active:
        rows = rows.filter(is_active=True)
    found = await rows.order_by("name").limit(MOST_CHOICES).values_list("id", "name")
    choices = {str(identity): name for identity, name in found}
    if chosen is not None and str(chosen) not in choices:
        for project in await Project.filter(id=chosen):
            is_deleted = project.deleted_at is not None
            choices[str(chosen)] = f"A deleted one ({project.name})" if is_deleted else project.name
    return list(choices.items())


async def names(project_ids: Collection[UUID], token_ids: Collection[UUID]) -> dict[UUID, str]:
    """What these projects and tokens are called."""
    projects = await Project.filter(id__in=list(project_ids)).values_list("id", "name")
    found: dict[UUID, str] = dict(projects)
    for token in await Token.filter(id__in=list(token_ids)).only("id", "name", "hint"):
        found[token.id] = token.name or token.hint
    return found
