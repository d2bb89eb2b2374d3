"""What a token is worth now: the first of its states that holds, for pages of tokens and for one.

Revocation and expiry are the token's own. The others lie beside it, in its project, in what it has
used and in the keys of the project, and are read for all tokens of a page at once.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias, get_args
from uuid import UUID

from models.db.conditions import Condition, select
from models.db.database import dialect

TokenStatus: TypeAlias = Literal[
    "revoked", "expired", "project_inactive", "exhausted", "no_upstream_key", "active"
]
#: In the order in which they are looked for.
STATUSES: Final[tuple[TokenStatus, ...]] = get_args(TokenStatus)


class Circumstances(NamedTuple):
    """What lies beside a token's row."""

    project_is_active: bool = True
    #: It has used up its requests, or a hard `total` budget of its own or of its project is spent.
    is_exhausted: bool = False
    #: Its project has a key that is active and not suspended.
    has_key: bool = True


USUAL: Final = Circumstances()


class Stands(Protocol):
    """A token, which knows this module."""

    id: UUID
    project_id: UUID
    circumstances: Circumstances


def status_of(
    revoked_at: datetime | None,
    expires_at: datetime | None,
    circumstances: Circumstances,
    present: datetime,
) -> TokenStatus:
    """The first that holds."""
    if revoked_at is not None:
        return "revoked"
    if expires_at is not None and expires_at <= present:
        return "expired"
    if not circumstances.project_is_active:
        return "project_inactive"
    if circumstances.is_exhausted:
        return "exhausted"
    return "active" if circumstances.has_key else "no_upstream_key"


# The same for one token or a list of them: `{project}` stands for its project's id.

#: Of a project that is inactive, or will be once its row is free.
_INACTIVE: Final = (
    "EXISTS (SELECT 1 FROM project p WHERE p.id = {project} AND NOT p.is_active)"
    " OR EXISTS (SELECT 1 FROM revocation r WHERE r.subject_id = {project})"
)
_SPENT: Final = "EXISTS (SELECT 1 FROM exhausted e WHERE e.subject_id = {subject})"
#: Of a project that has a key in use.
_HAS_KEY: Final = (
    "EXISTS (SELECT 1 FROM upstream_key k WHERE k.project_id = {project} AND k.in_use"
    " AND NOT EXISTS (SELECT 1 FROM key_state s"
    " WHERE s.key_id = k.id AND s.suspended_at IS NOT NULL)"
    " AND NOT EXISTS (SELECT 1 FROM revocation r WHERE r.subject_id = k.id))"
)


def end() -> str:
    """A token's end, as the migration `lists` has it in its indices: none is later than all."""
    return f"COALESCE(expires_at, '{'9' if dialect() == 'sqlite' else 'infinity'}')"


def is_inactive(project: str) -> Condition:
    """That the project whose id this column holds is inactive."""
    return Condition(_INACTIVE.format(project=project))


def is_exhausted(subject: str) -> Condition:
    """That the token or project whose id this column holds has used up what it may."""
    return Condition(_SPENT.format(subject=subject))


def has_key(project: str) -> Condition:
    """That the project whose id this column holds has a key that is active and not suspended."""
    return Condition(_HAS_KEY.format(project=project))


async def show(tokens: Iterable[Stands]) -> None:
    """Make tokens that were read say how they stand. Raises DatabaseUnavailable."""
    found = list(tokens)
    if not found:
        return
    projects = sorted({str(token.project_id) for token in found})
    subjects = [*projects, *(str(token.id) for token in found)]
    exhausted = {
        UUID(str(row["subject_id"]))
        for row in await select(
            f"SELECT subject_id FROM exhausted WHERE subject_id IN ({_places(subjects)})",  # noqa: S608
            subjects,
        )
    }
    standing = {
        UUID(str(row["id"])): (bool(row["inactive"]), bool(row["has_key"]))
        for row in await select(
            f"SELECT id, ({is_inactive('project.id').sql}) AS inactive,"  # noqa: S608
            f" ({has_key('project.id').sql}) AS has_key"
            f" FROM project WHERE id IN ({_places(projects)})",
            projects,
        )
    }
    for token in found:
        inactive, key = standing.get(token.project_id, (False, True))
        spent = token.id in exhausted or token.project_id in exhausted
        token.circumstances = Circumstances(not inactive, spent, key)


def _places(values: Sequence[str]) -> str:
    return ", ".join("{}" for _ in values)
