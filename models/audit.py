"""The audit trail: who did what to what, written in the transaction of the change itself.

Rows are only ever added. Secrets, digests and key material never get in: domain methods name the
fields they show.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import msgspec
from tortoise import Model, fields

from models.ids import new_id
from models.text import clean_text, in_stored_order

#: `ok`: done. `refused`: understood and not allowed. `failed`: credentials that were wrong.
AuditOutcome: TypeAlias = Literal["ok", "refused", "failed"]

#: One field of `changes`: before and after.
Changes: TypeAlias = Mapping[str, tuple[Any, Any]]

_LONGEST: Final = 200


class Actor(msgspec.Struct, frozen=True):
    """Who acts: `management`, `management:NAME`, `admin:NAME`, `cli:OS_USER`, `system`."""

    name: str
    ip: str | None = None
    request_id: str | None = None


class AuditEvent(Model):
    """One line of the trail."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=200)
    action = fields.CharField(max_length=64)
    target_type = fields.CharField(max_length=32)
    target_id = fields.CharField(max_length=200, null=True)
    changes = fields.JSONField[dict[str, Any]](default=dict)
    ip = fields.CharField(max_length=64, null=True)
    request_id = fields.CharField(max_length=64, null=True)
    outcome = fields.CharField(max_length=16)

    class Meta:
        table = "audit_event"
        indexes = (("actor", "id"), ("action", "id"), ("target_id", "id"))


async def record(
    by: Actor,
    action: str,
    target_type: str,
    target_id: UUID | str | None,
    changes: Changes | None = None,
    *,
    outcome: AuditOutcome = "ok",
    event_id: UUID | None = None,
) -> None:
    """Add a line, within the caller's transaction if there is one.

    `action` reads `noun.verb` (`token.revoke`). `changes` maps a field to (before, after).
    `event_id` is for what may happen once only: tortoise's IntegrityError the second time.
    """
    await AuditEvent.create(
        id=event_id or new_id(),
        at=datetime.now(UTC),
        actor=clean_text(by.name, limit=_LONGEST),
        action=action,
        target_type=target_type,
        target_id=None if target_id is None else clean_text(str(target_id), limit=_LONGEST),
        changes=in_stored_order(
            {name: [_plain(old), _plain(new)] for name, (old, new) in (changes or {}).items()}
        ),
        ip=None if by.ip is None else clean_text(by.ip, limit=64),
        request_id=None if by.request_id is None else clean_text(by.request_id, limit=64),
        outcome=outcome,
    )


def _plain(value: Any) -> Any:
    """`value` as JSON can hold it, and as every database stores it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str):
        return clean_text(value, limit=4096)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return in_stored_order({str(name): _plain(item) for name, item in value.items()})
    return value
