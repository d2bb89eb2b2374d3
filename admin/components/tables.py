"""Lists whose filters, sort and place stand in the address.

Newest first, a list may be of any length: it goes on by `before`, as `models.queries.lists.page`
does.
By another column it is sorted here, so there it is the newest thousand that fit; what can be that
long is searched for rather than leafed through.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Generic, Protocol, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from admin.web.request import RequestContext
from models.queries.log_tail import LIST_PAGE
from models.rules import parse_id

M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)

PER_PAGE: Final = 25
_MOST_SORTED: Final = 1000


class Fetch(Protocol[M_co]):
    """`models.queries.lists.page` of some rows."""

    def __call__(
        self, *, limit: int, before: UUID | None = None
    ) -> Awaitable[tuple[Sequence[M_co], UUID | None]]: ...


#: What a row is sorted by; None sorts last, whichever way round.
Key = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[M]):
    """Part of a list, and the addresses of its other parts."""

    rows: Sequence[M]
    path: str
    query: Mapping[str, str]
    sort: str = ""
    descending: bool = True
    back: str | None = None
    on: str | None = None
    #: Whether only the newest that fit were sorted.
    is_cut: bool = False

    def sorted_by(self, key: str) -> str:
        """The address of the list by another column, or the other way round."""
        turned = key == self.sort and not self.descending
        wanted = f"-{key}" if turned or (key == "created" and self.sort != key) else key
        return address(self.path, self.query, sort=wanted, page="", before="")


async def table(ctx: RequestContext, fetch: Fetch[M], keys: Mapping[str, Key]) -> Table[M]:
    """The part that the address asks for: newest first, unless it names one of `keys`."""
    wanted = ctx.query.get("sort", "")
    if wanted.removeprefix("-") not in keys:
        return await _newest_first(ctx, fetch, PER_PAGE)
    found, more = await fetch(limit=_MOST_SORTED)
    return sorted_table(ctx, found, keys, wanted, is_cut=more is not None)


async def log(ctx: RequestContext, fetch: Fetch[M]) -> Table[M]:
    """Part of a list that has no other order than newest first."""
    return await _newest_first(ctx, fetch, LIST_PAGE)


async def _newest_first(ctx: RequestContext, fetch: Fetch[M], limit: int) -> Table[M]:
    before = parse_id(ctx.query.get("before", ""))
    found, last = await fetch(limit=limit, before=before)
    path, query = ctx.request.path, {**ctx.query, "page": "", "sort": ""}
    return Table(
        rows=found,
        path=path,
        query=query,
        sort="created",
        back=None if before is None else address(path, query, before=""),
        on=None if last is None else address(path, query, before=str(last)),
    )


def sorted_table(
    ctx: RequestContext,
    rows: Sequence[M],
    keys: Mapping[str, Key],
    sort: str,
    *,
    is_cut: bool = False,
) -> Table[M]:
    """A page of `rows` by the column that `sort` names; out of range is the last one."""
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    key = keys[name]
    known = [row for row in rows if key(row) is not None]
    known.sort(key=key, reverse=descending)
    ordered = known + [row for row in rows if key(row) is None]
    pages = max(1, -(-len(ordered) // PER_PAGE))
    page = min(_number(ctx.query.get("page")), pages)
    path, query = ctx.request.path, {**ctx.query, "before": ""}
    return Table(
        rows=ordered[(page - 1) * PER_PAGE : page * PER_PAGE],
        path=path,
        query=query,
        sort=name,
        descending=descending,
        back=address(path, query, page=str(page - 1)) if page > 1 else None,
        on=address(path, query, page=str(page + 1)) if page < pages else None,
        is_cut=is_cut,
    )


def address(path: str, query: Mapping[str, str], **changed: str) -> str:
    """`path` with the parameters of `query`, some changed; an empty one is left out."""
    wanted = {name: value for name, value in {**query, **changed}.items() if value}
    return f"{path}?{urlencode(wanted)}" if wanted else path


def _number(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit()):
        return 1
    return max(1, int(text[:9]))


def chosen_id(ctx: RequestContext, name: str) -> UUID | None:
    """The id that a filter asks for, where it is one."""
    return parse_id(ctx.query.get(name, ""))


def between(ctx: RequestContext) -> dict[str, datetime | None]:
    """The range of time that the address asks for, in UTC."""
    return {"start": _moment(ctx.query.get("from")), "end": _moment(ctx.query.get("to"))}


def ends_problems(ctx: RequestContext) -> list[str]:
    """What is wrong with the range of time that the address asks for, in words."""
    return [
        f"{label} is no time: write it as 2026-11-30T14:00."
        for name, label in (("from", "From"), ("to", "To"))
        if ctx.query.get(name) and _moment(ctx.query[name]) is None
    ]


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return moment if 1970 <= moment.year < 9000 else None
