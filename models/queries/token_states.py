"""Which indices lead to the tokens of a status, and to those that end soon.

What a token's row says of itself has indices of its own. A state that lies in its project is common
or rare with the projects that have it: either the walk along all tokens meets it soon, or there are
few such projects, whose tokens are walked along one project beside the other. What is used up has
rows of its own, in order of the token's id.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from tortoise.expressions import Q, Subquery

from models.db.conditions import Condition, every, select
from models.db.database import dialect
from models.exhaustion import Exhausted
from models.key_states import KeyState
from models.queries.scans import IndexScan, Merged, Rows, ScanStrategy
from models.revocations import Revocation
from models.token_status import TokenStatus, end, has_key, is_exhausted, is_inactive
from models.upstream_keys import UpstreamKey

#: Projects whose tokens are walked along side by side; those of more are sorted.
_BESIDE: Final = 32
#: Values in one statement.
_MOST_PROJECTS: Final = 10_000
#: Of no token: one that has ended ends no more.
NEVER: Final = Condition("1 = 0")
_UNREVOKED: Final = Condition("revoked_at IS NULL")


def compared(
    status: TokenStatus | None, within: timedelta | None, present: datetime
) -> list[Condition]:
    """What holds of the end of tokens that are not revoked."""
    if status == "expired":
        return [Condition(f"{end()} <= {{}}", (present,)), *([NEVER] if within else [])]
    ends_later = Condition(f"{end()} > {{}}", (present,))
    if within is None:
        return [ends_later]
    return [ends_later, Condition(f"{end()} <= {{}}", (present + within,))]


def beside(status: TokenStatus | None) -> list[Condition]:
    """What holds of the circumstances of a token of this status."""
    inactive = is_inactive("token.project_id")
    exhausted = Condition(
        f"{is_exhausted('token.id').sql} OR {is_exhausted('token.project_id').sql}"
    )
    key = has_key("token.project_id")
    if status == "project_inactive":
        return [inactive]
    if status == "exhausted":
        return [_not(inactive), exhausted]
    if status == "no_upstream_key":
        return [_not(inactive), _not(exhausted), _not(key)]
    if status == "active":
        return [_not(inactive), _not(exhausted), key]
    return []


def _not(condition: Condition) -> Condition:
    return Condition(f"NOT ({condition.sql})", condition.values)


def matching(status: TokenStatus | None, within: timedelta | None, present: datetime) -> Q:
    """The same, for the query builder."""
    if status == "revoked":
        found = Q(revoked_at__isnull=False)
        return found if within is None else found & Q(pk__in=[])
    if status is None and within is None:
        return Q()
    if status == "expired":
        found = Q(revoked_at__isnull=True, expires_at__lte=present)
        return found if within is None else found & Q(pk__in=[])
    found = Q(revoked_at__isnull=True)
    if within is None:
        found &= Q(expires_at__isnull=True) | Q(expires_at__gt=present)
    else:
        found &= Q(expires_at__gt=present, expires_at__lte=present + within)
    return found if status is None else found & _beside(status)


def _beside(status: TokenStatus) -> Q:
    waiting = Subquery(Revocation.all().values("subject_id"))
    inactive = Q(project__is_active=False) | Q(project_id__in=waiting)
    if status == "project_inactive":
        return inactive
    used_up = Subquery(Exhausted.all().values("subject_id"))
    exhausted = Q(id__in=used_up) | Q(project_id__in=used_up)
    if status == "exhausted":
        return ~inactive & exhausted
    suspended = Subquery(KeyState.filter(suspended_at__isnull=False).values("key_id"))
    in_use = UpstreamKey.filter(~Q(id__in=suspended), ~Q(id__in=waiting), is_active=True)
    key = Q(project_id__in=Subquery(in_use.values("project_id")))
    return ~inactive & ~exhausted & (key if status == "active" else ~key)


def sources(
    owner: UUID | None, status: TokenStatus | None, within: timedelta | None, present: datetime
) -> tuple[Callable[..., ScanStrategy], ...]:
    """Ways to them beside the indices of tokens."""
    if status not in ("active", "project_inactive", "exhausted", "no_upstream_key"):
        return ()
    known = [_UNREVOKED, *compared(status, within, present), *beside(status)]
    if status == "exhausted":
        return (partial(_exhausted, owner, known),)
    return (partial(_of_projects, _projects(status), owner, known),)


def _projects(status: TokenStatus) -> Condition:
    """What holds of the projects of such tokens."""
    living = Condition("project.deleted_at IS NULL")
    inactive = Condition(
        "NOT project.is_active OR project.id IN (SELECT subject_id FROM revocation)"
    )
    if status == "project_inactive":
        return every([living, inactive])
    key = has_key("project.id")
    usable = [key] if status == "active" else [_not(key)] if status == "no_upstream_key" else []
    if status == "exhausted":
        usable.append(is_exhausted("project.id"))
    return every([living, _not(inactive), *usable])


def _of_projects(
    projects: Condition,
    owner: UUID | None,
    known: Sequence[Condition],
    rest: Sequence[Condition],
    *,
    most: int,
    before: str | None,
) -> ScanStrategy:
    own = [] if owner is None else [Condition("project.id = {}", (str(owner),))]
    return TokensOfProjects(every([projects, *own]), [*known, *rest], most=most, before=before)


def _exhausted(
    owner: UUID | None,
    known: Sequence[Condition],
    rest: Sequence[Condition],
    *,
    most: int,
    before: str | None,
) -> ScanStrategy:
    own = [] if owner is None else [Condition("token.project_id = {}", (str(owner),))]
    joined = "exhausted JOIN token ON token.id = exhausted.subject_id"
    if dialect() == "sqlite":
        joined = joined.replace(" JOIN", " INDEXED BY idx_exhausted_listed CROSS JOIN")
    rows = Rows(joined, key="exhausted.subject_id", id="token.id")
    parts: list[ScanStrategy] = [
        IndexScan(
            rows,
            Condition("exhausted.kind = 'token' AND exhausted.why = {}", (why,)),
            [*own, *known, *rest],
            most=most,
            before=before,
        )
        for why in ("requests", "budget")
    ]
    projects = _projects("exhausted")
    parts.append(_of_projects(projects, owner, known, rest, most=most, before=before))
    return Merged(parts, most=most)


class TokensOfProjects:
    """The tokens of those projects for which something holds, while these are few."""

    def __init__(
        self,
        projects: Condition,
        filters: Sequence[Condition],
        *,
        most: int,
        before: str | None,
    ) -> None:
        self.found: list[UUID] = []
        self._projects = projects
        self._filters = filters
        self._most = most
        self._before = before
        self._side_by_side: Merged | None = None

    async def advance(self, window: int) -> bool:
        """Look at up to `window` projects, and then at as many of their tokens."""
        if self._side_by_side is None:
            owners = await select(
                f"SELECT id FROM project WHERE {self._projects.sql} LIMIT {{}}",  # noqa: S608
                [*self._projects.values, window + 1],
            )
            if len(owners) > min(window, _MOST_PROJECTS):
                return False
            ids = [str(row["id"]) for row in owners]
            if len(ids) > _BESIDE:
                return await self._sorted(ids, window)
            self._side_by_side = Merged([self._walk(one) for one in ids], most=self._most)
        done = await self._side_by_side.advance(window)
        self.found = self._side_by_side.found
        return done

    def _walk(self, owner: str) -> ScanStrategy:
        by = " INDEXED BY token_project_unrevoked" if dialect() == "sqlite" else ""
        indexed = every([Condition("project_id = {}", (owner,)), _UNREVOKED])
        rows = Rows(f"token{by}")
        return IndexScan(rows, indexed, self._filters, most=self._most, before=self._before)

    async def _sorted(self, owners: Sequence[str], window: int) -> bool:
        places = ", ".join("{}" for _ in owners)
        bounds = [] if self._before is None else [Condition("token.id < {}", (self._before,))]
        of_them = every(
            [Condition(f"token.project_id IN ({places})", tuple(owners)), _UNREVOKED, *bounds]
        )
        fits = every(self._filters)
        rows = await select(
            f"SELECT token.id AS id, ({fits.sql}) AS fits FROM token"  # noqa: S608
            f" WHERE {of_them.sql} LIMIT {{}}",
            [*fits.values, *of_them.values, window + 1],
        )
        if len(rows) > window:
            return False
        found = (UUID(str(row["id"])) for row in rows if row["fits"])
        self.found = sorted(found, reverse=True)[: self._most]
        return True
