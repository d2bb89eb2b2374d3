"""`/admin/dashboard`: is it healthy, and who is spending what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias, cast, get_args
from uuid import UUID

from sanic import HTTPResponse

from admin.components import lookups, timeline
from admin.components.attention import shown
from admin.components.refusals import refused
from admin.components.spending import used_up
from admin.components.stat_tiles import course_rows, figures
from admin.components.tables import address, between
from admin.web import htmx, rendering
from admin.web.page_table import Pages
from admin.web.request import AuthenticatedContext
from models import Project
from models.reports import dashboard, label_leaders, time_ranges
from models.reports.dashboard import GroupBy, Measure, ProviderState, TimeSeries, TopConsumer
from models.reports.time_ranges import TIME_RANGE_NAMES, TimeRange, TimeRangeName
from models.reports.usage_report import TAG

pages = Pages()

By: TypeAlias = Literal["outcome", "project", "token", "model"]
Top: TypeAlias = Literal["project", "token"]
RANGES: Final[tuple[tuple[TimeRangeName, str], ...]] = (
    ("1h", "1 h"),
    ("today", "Today"),
    ("24h", "24 h"),
    ("7d", "7 d"),
    ("30d", "30 d"),
)
_BEFORE: Final[dict[str, str]] = {
    "1h": "the hour before",
    "today": "yesterday until this time",
    "24h": "the 24 hours before",
    "7d": "the 7 days before",
    "30d": "the 30 days before",
    "custom": "as long a time before",
}
_PERIOD: Final[dict[str, str]] = {
    "1h": "last hour",
    "24h": "last 24 hours",
    "7d": "last 7 days",
    "30d": "last 30 days",
    "custom": "chosen range",
}
_MOST_LEADERS: Final = 8
_LABELS: Final = {label_leaders.END_USER: "End users"}
_MOST_REFUSED: Final = 8
#: Seconds from one look for something new to the next.
_OFTEN, _SELDOM = 4, 20
#: Failures that may be an upstream's outage.
_MANY: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the address asks for."""

    range: str
    span: TimeRange
    show: Measure
    by: By
    top: Top


def _wanted(ctx: AuthenticatedContext, present: datetime) -> Wanted:
    query = ctx.query
    ends = between(ctx)
    if query.get("range") == "custom" and ends["start"] is not None:
        name, span = "custom", time_ranges.chosen(ends["start"], ends["end"] or present, present)
    else:
        name = query["range"] if query.get("range") in TIME_RANGE_NAMES else "24h"
        span = time_ranges.named(cast(TimeRangeName, name), present)
    return Wanted(
        range=name,
        span=span,
        show=cast(Measure, _one_of(query.get("show"), get_args(Measure))),
        by=cast(By, _one_of(query.get("by"), get_args(By))),
        top=cast(Top, _one_of(query.get("top"), get_args(Top))),
    )


def _one_of(text: str | None, known: Sequence[str]) -> str:
    return text if text is not None and text in known else known[0]


@pages.get("/dashboard")
async def index(ctx: AuthenticatedContext) -> HTTPResponse:
    """The page; for the script that keeps it fresh, its live part, or 204 while nothing is new."""
    present = datetime.now(UTC)
    status = rendering.status_line(ctx.service)
    # The range moves on with the minute, whether there were requests or not.
    service = ctx.service
    needed = await service.attention.look(service.spending, service.upstreams)
    attention = needed.version if needed else ""
    count = await dashboard.version()
    seen = f"{count}-{attention}-{present:%j%H%M}-{status['level']}"
    if htmx.wants_partial(ctx.request) and ctx.query.get("seen") == seen:
        return HTTPResponse(status=204)
    wanted = _wanted(ctx, present)
    query = {name: value for name, value in ctx.query.items() if name != "seen"}
    return await ctx.render(
        "dashboard/index.html",
        partial="dashboard/_live.html",
        wanted=wanted,
        query=query,
        state=status,
        fresh=address(ctx.request.path, query, seen=seen),
        seconds=(_OFTEN if wanted.span.by_minute else _SELDOM) if wanted.span.running else 0,
        before=_BEFORE[wanted.range],
        period=_PERIOD.get(wanted.range),
        ranges=RANGES,
        link=lambda **changed: address(ctx.request.path, query, **changed),
        attention=needed,
        matters=shown(needed.matters if needed else (), may_change=ctx.may_change),
        used_up=used_up(needed.budgets if needed else ()),
        refused=await refused(ctx, wanted.span.start, wanted.span.end, limit=_MOST_REFUSED),
        **await _content(wanted, present),
        **await _labels(wanted, ctx.query.get("label")),
    )


async def _content(wanted: Wanted, present: datetime) -> dict[str, Any]:
    """The figures, the same for both roles."""
    course = await dashboard.time_series(wanted.span)
    groups: list[GroupBy] = [wanted.top, "model"]
    if wanted.by not in ("outcome", *groups):
        groups.append(cast(GroupBy, wanted.by))
    leaders = await dashboard.top_consumers(wanted.span, groups, wanted.show, limit=_MOST_LEADERS)
    names = await _names(leaders)
    return {
        "course": course,
        "figures": figures(course),
        "course_rows": course_rows(wanted.span, course),
        "timeline": await _timeline(wanted, course, leaders, names),
        "leaders": leaders,
        "names": names,
        "providers": await dashboard.provider_states(present),
        "level_of": _level,
        "is_new": not course.total.requests and not await Project.exists(),
    }


async def _labels(wanted: Wanted, label: str | None) -> dict[str, Any]:
    """What each tag or end user used; nothing where no request ever had any."""
    known = await label_leaders.groups()
    if not known:
        return {"labels": ()}
    chosen = _one_of(label, known)
    rows = await label_leaders.top(wanted.span, chosen, wanted.show, limit=_MOST_LEADERS)
    return {
        "labels": [(group, _LABELS.get(group, group.removeprefix(TAG))) for group in known],
        "label": chosen,
        "labelled": rows,
    }


async def _timeline(
    wanted: Wanted,
    course: TimeSeries,
    leaders: Mapping[GroupBy, Sequence[TopConsumer]],
    names: Mapping[UUID | str, str],
) -> timeline.Timeline:
    if wanted.by == "outcome":
        return timeline.by_outcome(wanted.span, course, wanted.show)
    largest = timeline.largest(leaders[wanted.by], wanted.show)
    groups = await dashboard.group_series(wanted.span, wanted.by, wanted.show, largest)
    named = [(group, names[group], values) for group, values in groups.items()]
    return timeline.by_group(wanted.span, course, wanted.show, wanted.by, named)


async def _names(leaders: Mapping[GroupBy, Sequence[TopConsumer]]) -> dict[UUID | str, str]:
    groups = [share.group for shares in leaders.values() for share in shares]
    ids = [group for group in groups if isinstance(group, UUID)]
    # What is not found was removed since; its id is all that is left of it.
    names: dict[UUID | str, str] = {group: str(group) or "No model named" for group in groups}
    names.update((await lookups.names(ids, ids)).items())
    return names


def _level(state: ProviderState) -> str:
    """Like the dot of the status line."""
    if not state.failed:
        return "fine"
    # One of two is no outage yet.
    is_many = state.failed >= _MANY and state.failed * 4 >= state.requests
    return "bad" if is_many else "warning"
