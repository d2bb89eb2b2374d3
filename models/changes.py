"""The fields of a row at once: set, read again, and what really changed, for the audit trail."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tortoise import Model


def apply(row: Model, wanted: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Set the fields that differ; what they were and are now, by name. Does not save."""
    changed: dict[str, tuple[Any, Any]] = {}
    for name, value in wanted.items():
        before = getattr(row, name)
        if before != value:
            setattr(row, name, value)
            changed[name] = (before, value)
    return changed


def take_over(row: Model, fresh: Model) -> None:
    """Give the row what it holds in the database now, as `fresh` was read."""
    for name in row._meta.fields_db_projection:
        setattr(row, name, getattr(fresh, name))


def created(row: Model, *names: str) -> dict[str, tuple[Any, Any]]:
    """The fields of a new row, as the audit trail shows them."""
    return {name: (None, getattr(row, name)) for name in names}


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)
