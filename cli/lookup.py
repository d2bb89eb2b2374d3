"""Finding what an argument names."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from cli.errors import CommandError, NotFound, WrongUsage
from models import Destination, Project, Token, UpstreamKey, secrets
from models.queries import token_names

#: Of several that are called alike.
_SHOWN: Final = 5


def as_id(text: str) -> UUID | None:
    """`text` as an id, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None


async def project(named: str) -> Project:
    """The living project with this id or name. Raises NotFound."""
    found = None
    if (id_ := as_id(named)) is not None:
        found = await Project.find_row(id_)
    if id_ is None and (other := await Project.get_or_none(live_name=named)) is not None:
        found = await Project.find_row(other.id)
    if found is None:
        raise NotFound(f"There is no project with the id or name {named}.")
    return found


async def project_id(named: str | None) -> UUID | None:
    """The id to filter by; one that is deleted still has its history. Raises NotFound."""
    if named is None:
        return None
    id_ = as_id(named)
    if id_ is not None and await Project.exists(id=id_):
        return id_
    return (await project(named)).id


async def token(named: str) -> Token:
    """The token with this id, else with this name, else with this hint, else with an id that
    begins so. Raises NotFound, and CommandError where that is said of several."""
    return await _token(named, Token.find)


async def token_row(named: str) -> Token:
    """The same with nothing beside its row, to revoke it."""
    return await _token(named, Token.find_row)


async def _token(named: str, find: Callable[[UUID], Awaitable[Token | None]]) -> Token:
    id_ = await _only_token(named)
    found = None if id_ is None else await find(id_)
    if found is None:
        if named.startswith(secrets.TOKEN_PREFIX) and "…" not in named:
            raise NotFound("No token has this hint, and none is looked for by its secret.")
        raise NotFound(f"There is no token with the id, name or hint {named}.")
    return found


async def _only_token(named: str) -> UUID | None:
    """The id of the one token that is called so. Raises CommandError where there are several."""
    rows = await token_names.called(named, most=_SHOWN + 1)
    if len(rows) > 1:
        ids = ", ".join(str(row.id) for row in rows[:_SHOWN])
        more = " and more" if len(rows) > _SHOWN else ""
        raise CommandError(f"{named} may be any of several tokens: give an id of {ids}{more}.")
    return rows[0].id if rows else None


async def token_id(named: str | None) -> UUID | None:
    """The id to filter by. Raises NotFound."""
    return None if named is None else (await token(named)).id


async def key(named: str) -> UpstreamKey:
    """The upstream key with this id, and its project. Raises NotFound."""
    id_ = as_id(named)
    found = None
    if id_ is not None:
        found = await UpstreamKey.get_or_none(id=id_).select_related("project")
    if found is None:
        raise NotFound(f"There is no key with the id {named}.")
    return found


async def destination(named: str) -> Destination:
    """The destination with this id or name. Raises NotFound."""
    found = None
    if (id_ := as_id(named)) is not None:
        found = await Destination.get_or_none(id=id_)
    if found is None:
        found = await Destination.get_or_none(name=named)
    if found is None:
        raise NotFound(f"There is no destination with the id or name {named}.")
    return found


def cursor(text: str | None) -> UUID | None:
    """The id that a page ended with. Raises WrongUsage."""
    id_ = None if text is None else as_id(text)
    if text is not None and id_ is None:
        raise WrongUsage("--cursor: not a cursor that this list gave out.")
    return id_
