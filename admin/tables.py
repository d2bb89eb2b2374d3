"""Lists whose sort and page stand in the address, for tables that fit being counted.

The request log and the audit trail do not: they go on by `before`, as `models.listing.page` does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from tortoise import Model
from tortoise.queryset import QuerySet

from admin.visit import Visit
from models import listing
from models.rules import parse_id

M = TypeVar("M", bound=Model)

PER_PAGE: Final = 25
_PER_LOG_PAGE: Final = 50
_MOST_PAGES: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[M]):
    """One page of a list, and the addresses of the others."""

    rows: list[M]
    total: int
    page: int
    sort: str
    descending: bool
    path: str
    query: Mapping[str, str]

    @property
    def pages(self) -> int:
        """How many there are, at least one."""
        return max(1, -(-self.total // PER_PAGE))

    @property
    def first(self) -> int:
        """The number of the first row."""
        return (self.page - 1) * PER_PAGE + 1

    @property
    def last(self) -> int:
        """The number of the last row."""
        return self.first + len(self.rows) - 1

    def at(self, page: int) -> str:
        """The address of another page of the same list."""
        return address(self.path, self.query, page=str(page))

    def sorted_by(self, key: str) -> str:
        """The address of the list by another column, or the other way round."""
        turned = key == self.sort and not self.descending
        return address(self.path, self.query, sort=f"-{key}" if turned else key, page="")


async def table(
    visit: Visit, rows: QuerySet[M], *, columns: Mapping[str, str], sort: str
) -> Table[M]:
    """The page of `rows` that the address asks for; a page out of range is the last one.

    `columns` maps what may be sorted by to the model's field; `sort` is what holds otherwise.
    """
    wanted = visit.query.get("sort", sort)
    if wanted.removeprefix("-") not in columns:
        wanted = sort
    key, descending = wanted.removeprefix("-"), wanted.startswith("-")
    total = await rows.count()
    page = min(_number(visit.query.get("page")), max(1, -(-total // PER_PAGE)))
    order = f"-{columns[key]}" if descending else columns[key]
    found = await rows.order_by(order, "-id").offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return Table(
        rows=found,
        total=total,
        page=page,
        sort=key,
        descending=descending,
        path=visit.request.path,
        query=visit.query,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Log(Generic[M]):
    """Part of a list that only grows, newest first."""

    rows: list[M]
    older: str | None
    newest: str | None


async def log(visit: Visit, rows: QuerySet[M]) -> Log[M]:
    """The rows before the one that the address names."""
    before = parse_id(visit.query.get("before", ""))
    found, last = await listing.page(rows, limit=_PER_LOG_PAGE, before=before)
    path = visit.request.path
    return Log(
        rows=found,
        older=None if last is None else address(path, visit.query, before=str(last)),
        newest=None if before is None else address(path, visit.query, before=""),
    )


def address(path: str, query: Mapping[str, str], **changed: str) -> str:
    """`path` with the parameters of `query`, some changed; an empty one is left out."""
    wanted = {name: value for name, value in {**query, **changed}.items() if value}
    return f"{path}?{urlencode(wanted)}" if wanted else path


def _number(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit()):
        return 1
    return max(1, min(int(text[:9]), _MOST_PAGES))


def chosen_id(visit: Visit, name: str) -> UUID | None:
    """The id that a filter asks for, where it is one."""
    return parse_id(visit.query.get(name, ""))
