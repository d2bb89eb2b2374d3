"""Requests by how they ended and by their endpoint, quick for what is common and for what is rare.

A *kind* is a status and an outcome. Nearly all rows are of the usual one: an index by status or by
outcome would be work with each request and would tell these rows apart from few. So what is unusual
has an index by kind, in which a usual row is not. Should usual rows be rare among all others, they
are found by their endpoints: the index by endpoint is one of usual rows and one of all others.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from models.db.conditions import Condition, every, select
from models.db.database import dialect
from models.queries.scans import IndexScan, Merged, Rows, ScanStrategy, distinct


class _Index(NamedTuple):
    """One of those for which `holds`; it is written as the index has it, with values of ours in
    it, since SQLite compares the texts."""

    name: str
    holds: Condition

    @property
    def table(self) -> str:
        """As it stands behind FROM."""
        return f"request_log INDEXED BY {self.name}" if dialect() == "sqlite" else "request_log"

    async def names(self, most: int) -> list[str]:
        """The first endpoints that it has."""
        return await distinct("endpoint", self.table, self.holds, most=most)


_USUAL: Final = (200, "complete")
_IS_USUAL: Final = Condition("status = 200 AND outcome = 'complete'")
_IS_UNUSUAL: Final = Condition("status <> 200 OR outcome <> 'complete'")
#: By status, outcome and id.
_UNUSUAL_KINDS: Final = _Index("request_log_unusual", _IS_UNUSUAL)
#: By endpoint and id.
_USUAL_ENDPOINTS: Final = _Index("request_log_usual_endpoint", _IS_USUAL)
_UNUSUAL_ENDPOINTS: Final = _Index("request_log_unusual_endpoint", _IS_UNUSUAL)
#: Of more endpoints the usual rows are not walked along beside one another.
_MOST_ENDPOINTS: Final = 500
#: Upstreams choose the statuses: along more kinds a page would be a thousand statements.
_MOST_KINDS: Final = 64
#: More than any status.
_NO_STATUS: Final = 32_767


class Kinds(NamedTuple):
    """Statuses from `least` up to but not including `below`, with this outcome or with any."""

    least: int = 0
    below: int = _NO_STATUS
    outcome: str | None = None

    @property
    def has_usual(self) -> bool:
        """Whether nearly all requests may be of these."""
        status, outcome = _USUAL
        return self.least <= status < self.below and self.outcome in (None, outcome)

    @property
    def wanted(self) -> Condition:
        """That a row is of one of them."""
        of_statuses = Condition("status >= {} AND status < {}", (self.least, self.below))
        if self.outcome is None:
            return of_statuses
        return every([of_statuses, Condition("outcome = {}", (self.outcome,))])

    def within(self, least: int, below: int) -> "Kinds":
        """Those of them whose status is within these bounds, too."""
        return self._replace(least=max(self.least, least), below=min(self.below, below))


async def endpoints(*, most: int) -> list[str]:
    """The first of those that requests were made to, in order of their names."""
    known = {
        name for index in (_USUAL_ENDPOINTS, _UNUSUAL_ENDPOINTS) for name in await index.names(most)
    }
    return sorted(known)[:most]


class Walk(NamedTuple):
    """What rows are looked for along any of the indices."""

    filters: Sequence[Condition]
    most: int
    start: str | None
    before: str | None

    def along(self, index: _Index, at: Condition, *more: Condition) -> ScanStrategy:
        """Those at one place of it, in order of time."""
        return IndexScan(
            Rows(index.table),
            every([at, index.holds]),
            [*self.filters, *more],
            most=self.most,
            start=self.start,
            before=self.before,
        )


class ByEndpoint:
    """The way along the rows of an endpoint, for those for which `wanted` holds."""

    def __init__(self, endpoint: str, wanted: Sequence[Condition], start: str | None) -> None:
        self._at = _at_endpoint(endpoint)
        self._wanted = wanted
        self._start = start

    def __call__(self, rest: Sequence[Condition], *, most: int, before: str | None) -> ScanStrategy:
        walk = Walk([*self._wanted, *rest], most, self._start, before)
        indices = (_USUAL_ENDPOINTS, _UNUSUAL_ENDPOINTS)
        return Merged([walk.along(index, self._at) for index in indices], most=most)


class ByKind:
    """The way along the rows of some kinds, for those for which `wanted` holds.

    It leads to none where the usual kind is one of them and has too many endpoints: another way has
    to be there then.
    """

    def __init__(
        self,
        kinds: Kinds,
        endpoint: str | None,
        wanted: Sequence[Condition],
        start: str | None,
    ) -> None:
        self._kinds = kinds
        self._endpoint = endpoint
        self._wanted = wanted
        self._start = start

    def __call__(self, rest: Sequence[Condition], *, most: int, before: str | None) -> ScanStrategy:
        walk = Walk([*self._wanted, *rest], most, self._start, before)
        return SideBySide(lambda: self._parts(walk), most=most)

    async def _parts(self, walk: Walk) -> list[ScanStrategy] | None:
        at = [] if self._endpoint is None else [_at_endpoint(self._endpoint)]
        parts = await self._of_unusual(walk, at)
        if self._kinds.has_usual:
            if self._endpoint is None:
                names = await _USUAL_ENDPOINTS.names(_MOST_ENDPOINTS + 1)
                if len(names) > _MOST_ENDPOINTS:
                    return None
                at = [_at_endpoint(name) for name in names]
            parts += [walk.along(_USUAL_ENDPOINTS, endpoint) for endpoint in at]
        return parts

    async def _of_unusual(self, walk: Walk, at: Sequence[Condition]) -> list[ScanStrategy]:
        found = await _unusual(self._kinds)
        if len(found) > _MOST_KINDS:
            # Rows of so many kinds are not rare among all that are unusual, which are in order of
            # time by their endpoints.
            names = [] if at else await _UNUSUAL_ENDPOINTS.names(len(found))
            places = at or [_at_endpoint(name) for name in names]
            if len(places) < len(found):
                wanted = self._kinds.wanted
                return [walk.along(_UNUSUAL_ENDPOINTS, place, wanted) for place in places]
        return [walk.along(_UNUSUAL_KINDS, kind, *at) for kind in found]


class SideBySide:
    """Strategies beside one another that are looked for once they are wanted, if there are any."""

    def __init__(
        self, look: Callable[[], Awaitable[Sequence[ScanStrategy] | None]], *, most: int
    ) -> None:
        self.found: list[UUID] = []
        self._look = look
        self._most = most
        self._looked = False
        self._merged: Merged | None = None

    async def advance(self, window: int) -> bool:
        """Let them share `window`."""
        if not self._looked:
            parts = await self._look()
            self._merged = None if parts is None else Merged(parts, most=self._most)
            self._looked = True
        if self._merged is None:
            return False
        done = await self._merged.advance(window)
        self.found = self._merged.found
        return done


def _at_endpoint(name: str) -> Condition:
    return Condition("endpoint = {}", (name,))


async def _unusual(kinds: Kinds) -> list[Condition]:
    """Those of them that there are, but for the usual one; each is one step along their index."""
    table, holds = _UNUSUAL_KINDS.table, _IS_UNUSUAL.sql
    # Not by pairs in one step: SQLite walks along all rows of a status to the next pair.
    rows = await select(
        "WITH RECURSIVE known(status) AS ("  # noqa: S608
        f"SELECT min(status) FROM {table} WHERE ({holds}) AND status >= {{}} AND status < {{}}"
        f" UNION ALL SELECT (SELECT min(status) FROM {table} WHERE ({holds})"
        " AND status > known.status AND status < {}) FROM known WHERE known.status IS NOT NULL"
        "), kind(status, outcome) AS ("
        f"SELECT status, (SELECT min(outcome) FROM {table} WHERE ({holds})"
        " AND status = known.status) FROM known WHERE known.status IS NOT NULL"
        f" UNION ALL SELECT status, (SELECT min(outcome) FROM {table} WHERE ({holds})"
        " AND status = kind.status AND outcome > kind.outcome) FROM kind"
        " WHERE kind.outcome IS NOT NULL"
        ") SELECT status, outcome FROM kind WHERE outcome IS NOT NULL",
        [kinds.least, kinds.below, kinds.below],
    )
    return [
        Condition("status = {} AND outcome = {}", (row["status"], row["outcome"]))
        for row in rows
        if kinds.outcome in (None, row["outcome"])
    ]
