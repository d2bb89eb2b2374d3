"""What events of the audit are about, by name: also what was removed, as far as the trail says."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.administrators import AdminUser
from models.audit import AuditEvent
from models.destinations import Destination
from models.management_tokens import ManagementToken
from models.projects import Project
from models.queries import lists
from models.rules import parse_id
from models.tokens import Token
from models.upstream_keys import UpstreamKey

#: Fields of what an event changed that hold an id, and what the id is of.
IDS: Final = {"project_id": "project", "token_id": "token", "key_id": "key"}
#: Events that say what something was called whose row is gone, the last one first.
NAMING: Final[Mapping[str, Sequence[str]]] = {
    "key": ("key.remove", "key.add"),
    "admin": ("admin.remove",),
    "destination": ("destination.delete",),
}
#: Fields that may hold a name, the best one first.
_NAMES: Final = ("name", "label", "username", "hint")
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})
_PAIR: Final = 2


class Difference(NamedTuple):
    """One thing that an event changed, in words; `before` is None where there was nothing."""

    field: str
    label: str
    before: Any
    after: Any


class Names(NamedTuple):
    """What ids stand for."""

    called: Mapping[str, str]
    """By id; also what is gone, where the trail or a row says its name."""
    living: frozenset[str]
    """Ids of what is still there."""


async def of_events(events: Sequence[AuditEvent]) -> Names:
    """Names of the events' targets, and of what they changed. Raises DatabaseUnavailable."""
    wanted: dict[str, set[str]] = {}
    for event in events:
        if event.target_id is not None:
            wanted.setdefault(event.target_type, set()).add(event.target_id)
        for field, kind in IDS.items():
            sides = _sides(event.changes.get(field))
            wanted.setdefault(kind, set()).update(one for one in sides if isinstance(one, str))
    names: dict[str, str] = {}
    living: set[str] = set()
    for kind, ids in wanted.items():
        found = await called(kind, ids)
        names |= found
        living |= found.keys()
        for id_ in sorted(ids - found.keys()):
            name = await _of_removed(kind, id_)
            if name is not None:
                names[id_] = name
    known = [id_ for id_ in wanted.get("project", ()) if id_ in names]
    # A project's row stays when it is deleted.
    deleted = await Project.filter(id__in=known, deleted_at__isnull=False).values_list(
        "id", flat=True
    )
    return Names(names, frozenset(living - set(map(str, deleted))))


async def called(kind: str, ids: Iterable[str | None]) -> Mapping[str, str]:
    """Names of what has a row, by id."""
    known = [one for one in (parse_id(id_ or "") for id_ in ids) if one is not None]
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
        case "management_token":
            rows = await ManagementToken.filter(id__in=known).values_list("id", "name")
        case _:
            return {}
    return {str(id_): name for id_, name in rows}


async def _of_removed(kind: str, id_: str) -> str | None:
    for action in NAMING.get(kind, ()):
        # By way of the list, which finds one event of a target soon even where it has a million.
        found, _ = await lists.page(lists.audit_events(target_id=id_, action=action), limit=1)
        names = names_in(found[0].changes) if found else []
        if names:
            return names[0]
    return None


def names_in(changes: Mapping[str, Any]) -> list[str]:
    """What an event says that its target is or was called, the best name first."""
    given = [one for name in _NAMES for one in reversed(_sides(changes.get(name)))]
    return [one for one in given if isinstance(one, str) and one]


def differences(changes: Mapping[str, Any], names: Mapping[str, str]) -> list[Difference]:
    """What an event changed: names in place of ids, and nothing that stayed as it was."""
    found = []
    for field, value in changes.items():
        sides = _sides(value)
        before, after = sides or (None, value)
        if before == after or (before in _EMPTY and after in _EMPTY):
            continue
        label = field.replace("_", " ")
        if field in IDS:
            label = IDS[field]
            before, after = (
                names.get(one, one) if isinstance(one, str) else one for one in (before, after)
            )
        found.append(Difference(field, label, None if before in _EMPTY else before, after))
    return found


def _sides(value: Any) -> list[Any]:
    return value if isinstance(value, list) and len(value) == _PAIR else []
