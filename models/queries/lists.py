"""Lists, newest first, with the filters that every door offers.

Ids are in order of time, so a page is "the rows before this id" and a range of time is a range of
ids: both stay right, and cheap, while rows are added. Every filter has an index that ends in the
id, or one of its own kind; `scans` finds out which of them fills the page soonest.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar, cast
from uuid import UUID

from tortoise import Model
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from models import changes, revocations, token_status
from models.audit import AuditEvent
from models.db.conditions import ANY, Condition, between, every, select
from models.db.database import dialect
from models.destination_rules import Kind
from models.destinations import Destination
from models.events import Event
from models.ids import first_id_at
from models.management_tokens import ManagementToken
from models.projects import Project
from models.queries import search, token_states
from models.queries.scans import BoundedSort, IndexScan, Rows, ScanStrategy, newest
from models.queries.search import Searched
from models.token_status import TokenStatus
from models.tokens import Token

M = TypeVar("M", bound=Model)

_TOKEN_TEXT: Final = Searched("token", ("name", "hint"))
_PROJECT_TEXT: Final = Searched("project", ("name",))


class IndexPath(NamedTuple):
    """The condition that an index answers, and the filters that its rows are then checked for."""

    indexed: Condition
    rest: tuple[Condition, ...] = ()
    #: The order of an index that is not in order of the id.
    order: str | None = None
    #: Named to SQLite (`INDEXED BY`), which without statistics rates one column as highly as two.
    index_name: str | None = None


class CompositeIndex(NamedTuple):
    """One index over several columns, of rows for which `predicate` holds.

    Each value may be common, and the combination rare.
    """

    columns: tuple[str, ...]
    index_name: str | None = None
    predicate: Condition = ANY


class Source(Protocol):
    """Makes the strategy of a way, for rows for which `rest` holds as well."""

    def __call__(
        self, rest: Sequence[Condition], *, most: int, before: str | None
    ) -> ScanStrategy: ...


@dataclass(frozen=True, slots=True)
class Listing(Generic[M]):
    """What to list, as the indices lead to it. Each path leads to all of it."""

    #: The same rows, for doors that sort and count; it takes as long as there are rows.
    matching: QuerySet[M]
    paths: tuple[IndexPath, ...] = (IndexPath(ANY),)
    #: Part of a text, or the id.
    searched: tuple[Searched, str] | None = None
    start: datetime | None = None
    end: datetime | None = None
    #: Ways beside the paths, each to all of it.
    sources: tuple[Source, ...] = ()
    #: Relations that are read along.
    related: tuple[str, ...] = ()
    #: Of rows that were found, those that belong there; the indices do not know what waits for
    #: the lock of a row.
    shown: Callable[[M], bool] | None = None
    #: Rows beside those that the indices lead to, by the same filters.
    also: QuerySet[M] | None = None


async def page(
    rows: Listing[M], *, limit: int, before: UUID | None = None
) -> tuple[list[M], UUID | None]:
    """At most `limit` rows older than `before`, and what to pass for the next ones, if any.

    Raises DatabaseUnavailable.
    """
    ids = await _ids(rows, limit + 1, before)
    found = await (
        rows.matching.model.filter(pk__in=ids[:limit])
        .order_by("-id")
        .prefetch_related(*rows.related)
    )
    await _show_revocations(found)
    shown = [row for row in found if rows.shown is None or rows.shown(row)]
    return shown, ids[limit - 1] if len(ids) > limit else None


async def _show_revocations(found: Sequence[Model]) -> None:
    """What waits to be written into locked rows is in force, and so it is shown."""
    tokens = [row for row in found if isinstance(row, Token)]
    await revocations.show_tokens(tokens)
    await token_status.show(tokens)
    projects = [row for row in found if isinstance(row, Project)]
    await revocations.show_projects(projects)
    await revocations.hide_removed(key for project in projects for key in project.keys)


async def _ids(rows: Listing[M], most: int, before: UUID | None) -> list[UUID]:
    found = await _indexed(rows, most, before)
    if rows.also is None:
        return found
    also = rows.also if before is None else rows.also.filter(id__lt=before)
    ids = await also.order_by("-id").limit(most).values_list("id", flat=True)
    return sorted({*found, *cast(list[UUID], ids)}, reverse=True)[:most]


async def _indexed(rows: Listing[M], most: int, before: UUID | None) -> list[UUID]:
    table = rows.matching.model._meta.db_table
    start, end = _bounds(rows, before)
    span = between("id", start, end)
    if rows.searched is None:
        known = [_strategy(table, path, [], span, most) for path in rows.paths]
        known += [source([], most=most, before=end) for source in rows.sources]
        return await newest(known, most)
    where, q = rows.searched
    text = search.folded(q)
    contains = search.contains(where, text)
    strategies = [_strategy(table, path, [contains], span, most) for path in rows.paths]
    strategies += [source([contains], most=most, before=end) for source in rows.sources]
    rest = [rows.paths[0].indexed, *rows.paths[0].rest]
    strategies.append(await search.strategy(where, text, rest, before=before, most=most))
    found = await newest(strategies, most)
    named = await _named(table, q, [*rest, *span])
    return sorted({*found, *named}, reverse=True)[:most]


def _strategy(
    table: str, path: IndexPath, rest: Sequence[Condition], span: Sequence[Condition], most: int
) -> ScanStrategy:
    rest = [*path.rest, *rest]
    if path.order is None:
        if path.index_name is not None and dialect() == "sqlite":
            table = f"{table} INDEXED BY {path.index_name}"
        return IndexScan(Rows(table), every([path.indexed, *span]), rest, most=most)
    return BoundedSort(table, path.indexed, path.order, [*rest, *span], most=most)


async def _named(table: str, q: str, rest: Sequence[Condition]) -> list[UUID]:
    """The row whose id `q` is."""
    try:
        wanted = Condition("id = {}", (str(UUID(q)),))
    except ValueError:
        return []
    where = every([wanted, *rest])
    found = await select(f"SELECT id FROM {table} WHERE {where.sql}", where.values)  # noqa: S608
    return [UUID(str(row["id"])) for row in found]


def _bounds(rows: Listing[M], before: UUID | None) -> tuple[str | None, str | None]:
    start = None if rows.start is None else str(first_id_at(rows.start))
    end = None if rows.end is None else first_id_at(rows.end)
    ends = [bound for bound in (before, end) if bound is not None]
    return start, str(min(ends)) if ends else None


def projects(*, q: str | None = None, is_active: bool | None = None) -> Listing[Project]:
    """Living projects with their keys; `q` is part of the name, or the id."""
    living = Condition("deleted_at IS NULL")
    wanted = given(is_active=is_active)
    return Listing(
        Project.filter(_search(q, "name"), deleted_at__isnull=True, **wanted),
        (IndexPath(every([living, *equal(wanted).values()])),),
        searched=(_PROJECT_TEXT, q) if q else None,
        related=("keys",),
        shown=lambda row: row.deleted_at is None and is_active in (None, row.is_active),
        also=(
            Project.filter(_search(q, "name"), revocations.waits("project"), deleted_at=None)
            if is_active is False
            else None
        ),
    )


def tokens(
    *,
    project_id: UUID | None = None,
    status: TokenStatus | None = None,
    expiring_within: timedelta | None = None,
    q: str | None = None,
) -> Listing[Token]:
    """Tokens; `q` is part of the name or of the hint, or the id.

    Those that are `expiring_within` a time have neither ended yet nor been revoked.
    """
    owner = given(project_id=project_id)
    present = changes.now()
    wanted = token_states.matching(status, expiring_within, present)
    return Listing(
        Token.filter(_search(q, "name", "hint"), wanted, **owner),
        _by_status([*equal(owner).values()], status, expiring_within, present),
        searched=(_TOKEN_TEXT, q) if q else None,
        sources=token_states.sources(project_id, status, expiring_within, present),
        shown=lambda row: status is None or row.status == status,
        also=(
            Token.filter(_search(q, "name", "hint"), revocations.waits("token"), **owner)
            if status == "revoked" and expiring_within is None
            else None
        ),
    )


def destinations(
    *, kind: Kind | None = None, is_active: bool | None = None
) -> Listing[Destination]:
    """Destinations, of which there are few."""
    wanted = given(kind=kind, is_active=is_active)
    return Listing(Destination.filter(**wanted), (IndexPath(every(equal(wanted).values())),))


def management_tokens() -> Listing[ManagementToken]:
    """Tokens of the management API, revoked ones too."""
    return Listing(ManagementToken.all())


def audit_events(
    *,
    actor: str | None = None,
    action: str | None = None,
    target_id: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Listing[AuditEvent]:
    """The audit trail from `start` up to but not including `end`."""
    wanted = given(target_id=target_id, actor=actor, action=action)
    return logged(AuditEvent, wanted, start, end)


def events(
    *,
    kind: str | None = None,
    project_id: UUID | None = None,
    token_id: UUID | None = None,
    key_id: UUID | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Listing[Event]:
    """Events likewise; there are few enough to look through for what has no index."""
    wanted = given(kind=kind, project_id=project_id, token_id=token_id, key_id=key_id)
    return logged(Event, wanted, start, end)


def logged(
    model: type[M],
    wanted: Mapping[str, Any],
    start: datetime | None,
    end: datetime | None,
    pairs: Sequence[CompositeIndex] = (),
    *,
    without: Sequence[str] = (),
) -> Listing[M]:
    """A log, in which all that can be asked for but what is `without` has an index of its own."""
    conditions = equal(wanted)
    paths = []
    single = [CompositeIndex((name,)) for name in wanted if name not in without]
    for columns, index_name, predicate in (*pairs, *single):
        if not wanted.keys() >= set(columns):
            continue
        indexed = every([*(conditions[name] for name in columns), predicate])
        rest = [condition for name, condition in conditions.items() if name not in columns]
        paths.append(IndexPath(indexed, tuple(rest), index_name=index_name))
    matching = model.filter(**wanted, **id_span(start, end))
    every_row = IndexPath(ANY, tuple(conditions.values()))
    return Listing(matching, tuple(paths) or (every_row,), start=start, end=end)


def id_span(start: datetime | None, end: datetime | None) -> Mapping[str, Any]:
    """A range of time as one of ids."""
    return given(
        id__gte=None if start is None else first_id_at(start),
        id__lt=None if end is None else first_id_at(end),
    )


def given(**wanted: Any) -> Mapping[str, Any]:
    return {name: value for name, value in wanted.items() if value is not None}


def equal(wanted: Mapping[str, Any]) -> dict[str, Condition]:
    return {
        name: Condition(f"{name} = {{}}", (str(value) if isinstance(value, UUID) else value,))
        for name, value in wanted.items()
    }


def _by_status(
    owner: Sequence[Condition],
    status: TokenStatus | None,
    within: timedelta | None,
    present: datetime,
) -> tuple[IndexPath, ...]:
    if status is None and within is None:
        return (IndexPath(every(owner)),)
    if status == "revoked":
        ended = [] if within is None else [token_states.NEVER]
        return (IndexPath(every([*owner, *ended, Condition("revoked_at IS NOT NULL")])),)
    end = token_status.end()
    unrevoked = every([*owner, Condition("revoked_at IS NULL")])
    compared = token_states.compared(status, within, present)
    beside = token_states.beside(status)
    return (
        IndexPath(unrevoked, (*compared, *beside)),
        IndexPath(every([unrevoked, *compared]), tuple(beside), order=end),
    )


def _search(q: str | None, *columns: str) -> Q:
    if not q:
        return Q()
    alternatives = [Q(**{f"{column}__icontains": q}) for column in columns]
    with suppress(ValueError):
        alternatives.append(Q(id=UUID(q)))
    return Q(*alternatives, join_type=Q.OR)
