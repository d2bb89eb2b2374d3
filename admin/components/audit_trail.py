"""Events of the audit as pages show them: by names, with the way to what they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from models.audit import AuditEvent
from models.queries import audit_names
from models.queries.audit_names import Difference, Names

#: Kinds of targets that have pages, and the family of each.
_PAGES: Final[Mapping[str, str]] = {
    "project": "projects",
    "token": "tokens",
    "destination": "destinations",
    "admin": "users",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEvent:
    """One event, and what it is about in words."""

    event: AuditEvent
    target: str | None
    """What it is about: its name, or its id where no name is known."""
    is_gone: bool
    """Whether it was removed, and its name is what the trail or its row still says."""
    page: str | None
    """Address of the target's own page, where it has one."""
    others: str | None
    """Address of all events about the target."""
    differences: Sequence[Difference]


async def shown(events: Sequence[AuditEvent]) -> list[ShownEvent]:
    """`events`, with names in place of ids. Raises DatabaseUnavailable."""
    names = await audit_names.of_events(events)
    return [_shown(event, names) for event in events]


def _shown(event: AuditEvent, names: Names) -> ShownEvent:
    target, family = event.target_id, _PAGES.get(event.target_type)
    return ShownEvent(
        event=event,
        target=None if target is None else names.called.get(target, target),
        is_gone=target in names.called and target not in names.living,
        page=f"/admin/{family}/{target}" if family and target in names.living else None,
        others=None if target is None else f"/admin/audit?{urlencode({'target': target})}",
        differences=audit_names.differences(event.changes, names.called),
    )
