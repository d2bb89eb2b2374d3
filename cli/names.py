"""What ids are called, beside them in lists that people read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from models import AdminUser, Destination, ManagementToken, Project, Token, UpstreamKey
from models.audit import AuditEvent

#: Fields that hold an id, and the columns that say what it is called.
_KINDS: Final = {"project_id": "project", "token_id": "token", "key_id": "key"}


async def add_names(items: Sequence[dict[str, Any]]) -> None:
    """Give each item a `project`, `token` and `key` where it has the id of one; that of one whose
    row is gone is its own name."""
    for field, kind in _KINDS.items():
        ids = {item[field] for item in items if item.get(field)}
        called = await _called(kind, ids)
        for item in items:
            if field in item:
                item[kind] = called.get(str(item[field]), item[field])


async def of_targets(events: Sequence[AuditEvent]) -> list[str | None]:
    """What each event's target is called; as its id says where it has no name."""
    called: dict[str, str] = {}
    for kind in ("project", "token", "key", "admin", "management_token", "destination"):
        ids = {event.target_id for event in events if event.target_type == kind}
        called |= await _called(kind, ids)
    return [called.get(event.target_id or "", event.target_id) for event in events]


async def name_projects(changes: Sequence[dict[str, Any]]) -> None:
    """Put a project's name in the place of its id, where an event of the audit set it."""
    told = [one for one in changes if isinstance(one.get("project_id"), list)]
    called = await _called("project", {after for one in told for after in one["project_id"]})
    for one in told:
        pair = one.pop("project_id")
        one["project"] = [called.get(str(id_), id_) for id_ in pair]


async def _called(kind: str, ids: Iterable[str | None]) -> Mapping[str, str]:
    known = [one for one in map(_as_id, ids) if one is not None]
    if not known:
        return {}
    rows: Iterable[tuple[UUID, str]]
    match kind:
        case "project":
            rows = await Project.filter(id__in=known).values_list("id", "name")
        case "token":
            found = await Token.filter(id__in=known).values_list("id", "name", "hint")
            rows = [(id_, name or hint) for id_, name, hint in found]
        case "key":
            found = await UpstreamKey.filter(id__in=known).values_list("id", "label", "hint")
            rows = [(id_, label or hint) for id_, label, hint in found]
        case "admin":
            rows = await AdminUser.filter(id__in=known).values_list("id", "username")
        case "destination":
            rows = await Destination.filter(id__in=known).values_list("id", "name")
        case _:
            rows = await ManagementToken.filter(id__in=known).values_list("id", "name")
    return {str(id_): name for id_, name in rows}


def _as_id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
