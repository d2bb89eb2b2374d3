"""Finding what an argument names."""

from uuid import UUID

from cli.errors import NotFound, WrongUsage
from models import Destination, Project, Token, UpstreamKey


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
        found = await Project.find(id_)
    if found is None and (other := await Project.get_or_none(live_name=named)) is not None:
        found = await Project.find(other.id)
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
    """The token with this id. Raises NotFound."""
    id_ = as_id(named)
    found = None if id_ is None else await Token.find(id_)
    if found is None:
        raise NotFound(f"There is no token with the id {named}.")
    return found


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
