"""The audit by part of an actor's name, or of what a target is or was called.

Both are looked up first, and the trail is then read by the actors and ids that were found: a part
of a name has no index in a trail of a million events, and what it stands for has one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from models.administrators import AdminUser
from models.audit import AuditEvent
from models.db.conditions import ANY, Condition, select
from models.destinations import Destination
from models.ids import first_id_at
from models.management_tokens import ManagementToken
from models.projects import Project
from models.queries import audit_names, lists, search
from models.queries.lists import IndexPath, Listing
from models.queries.scans import IndexScan, Merged, Rows, ScanStrategy
from models.queries.search import Searched
from models.rules import parse_id
from models.tokens import Token
from models.upstream_keys import UpstreamKey

#: Actors or targets that one search follows.
MOST: Final = 50
#: Actors that are looked through for a part of a name: users, commands' users and tokens.
_MOST_ACTORS: Final = 1000
#: Events of each kind that are looked through for names of what is gone.
_MOST_NAMING: Final = 500
_NOTHING: Final = Condition("1 = 0")
_GRAMS: Final = ((Project, ("name",)), (Token, ("name", "hint")))
_FEW: Final = (
    (UpstreamKey, ("label", "hint")),
    (AdminUser, ("username",)),
    (Destination, ("name",)),
    (ManagementToken, ("name",)),
)


class Matched(NamedTuple):
    """Whose names hold a text."""

    values: tuple[str, ...]
    #: Whether there are more of them, of which those here are the newest.
    is_cut: bool = False
    #: False where no name holds it.
    is_known: bool = True


class _AnyOf:
    """The way along the events of each of several values of one column, for which `rest` holds."""

    def __init__(
        self, column: str, values: Sequence[str], rest: Sequence[Condition], start: str | None
    ) -> None:
        self._column = column
        self._values = values
        self._rest = rest
        self._start = start

    def __call__(self, rest: Sequence[Condition], *, most: int, before: str | None) -> ScanStrategy:
        filters = [*self._rest, *rest]
        return Merged(
            [
                IndexScan(
                    Rows("audit_event"),
                    Condition(f"{self._column} = {{}}", (value,)),
                    filters,
                    most=most,
                    start=self._start,
                    before=before,
                )
                for value in self._values
            ],
            most=most,
        )


async def actors(text: str) -> Matched:
    """Actors with `text` in their names; one that is called so alone, where there is one."""
    # From each actor to the next one by the index, however many events they have.
    rows = await select(
        "WITH RECURSIVE known(actor) AS (SELECT min(actor) FROM audit_event UNION ALL"
        " SELECT (SELECT min(actor) FROM audit_event WHERE actor > known.actor) FROM known"
        " WHERE known.actor IS NOT NULL)"
        " SELECT actor FROM known WHERE actor IS NOT NULL LIMIT {}",
        [_MOST_ACTORS],
    )
    known = [str(row["actor"]) for row in rows]
    if text in known:
        return Matched((text,))
    wanted = search.folded(text)
    found = [one for one in known if wanted in search.folded(one)]
    cut = len(found) > MOST or len(known) == _MOST_ACTORS
    return Matched(tuple(found[:MOST]), cut, bool(found))


async def targets(text: str) -> Matched:
    """Ids of what is or was called `text`, or has it in its name; or the id that `text` is."""
    exact = parse_id(text)
    if exact is not None:
        return Matched((str(exact),))
    ids: set[str] = set()
    for grammed, columns in _GRAMS:
        where = Searched(grammed._meta.db_table, columns)
        ids |= await _newest(Listing(grammed.all(), searched=(where, text)))
    for few, columns in _FEW:
        where = Searched(few._meta.db_table, columns)
        held = search.contains(where, search.folded(text))
        ids |= await _newest(Listing(few.all(), (IndexPath(ANY, (held,)),)))
    ids |= await _removed(text)
    found = sorted(ids, reverse=True)
    # What has no name is called by its id: a page, or an operation of the API.
    there = await select("SELECT 1 AS one FROM audit_event WHERE target_id = {} LIMIT 1", [text])
    known = bool(found) or bool(there)
    return Matched((text, *found[:MOST]), len(found) > MOST, known)


async def _newest(rows: Listing[Any]) -> set[str]:
    found, _ = await lists.page(rows, limit=MOST + 1)
    return {str(row.id) for row in found}


async def _removed(text: str) -> set[str]:
    """Ids of what is gone, as far as the newest events of that kind say its name."""
    wanted = search.folded(text)
    ids: set[str] = set()
    for action in (one for actions in audit_names.NAMING.values() for one in actions):
        rows = lists.audit_events(action=action)
        found, _ = await lists.page(rows, limit=_MOST_NAMING)
        ids |= {
            event.target_id
            for event in found
            if event.target_id is not None
            and any(wanted in search.folded(name) for name in audit_names.names_in(event.changes))
        }
    return ids


def events(
    *,
    actors: Sequence[str] | None = None,
    action: str | None = None,
    targets: Sequence[str] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Listing[AuditEvent]:
    """The trail of any of `actors` and about any of `targets`, as `lists.audit_events` has it."""
    given = {"actor": actors, "target_id": targets, "action": None if action is None else [action]}
    wanted = {column: values for column, values in given.items() if values is not None}
    conditions = {column: _any_of(column, values) for column, values in wanted.items()}
    first = None if start is None else str(first_id_at(start))
    paths = [IndexPath(ANY, tuple(conditions.values()))]
    sources = []
    for column, values in wanted.items():
        rest = [condition for name, condition in conditions.items() if name != column]
        if len(values) > 1:
            sources.append(_AnyOf(column, values, rest, first))
        else:
            paths.append(IndexPath(conditions[column], tuple(rest)))
    return Listing(
        # Nothing sorts or counts the trail by it.
        AuditEvent.all(),
        tuple(paths),
        start=start,
        end=end,
        sources=tuple(sources),
    )


def _any_of(column: str, values: Sequence[str]) -> Condition:
    if not values:
        return _NOTHING
    if len(values) == 1:
        return Condition(f"{column} = {{}}", (values[0],))
    return Condition(f"{column} IN ({', '.join(['{}'] * len(values))})", tuple(values))
