"""What ids are called, beside them in lists that people read."""

from collections.abc import Sequence
from typing import Any

from models.queries import audit_names


async def add_names(items: Sequence[dict[str, Any]]) -> None:
    """Give each item a `project`, `token` and `key` where it has the id of one; that of one whose
    row is gone is its own name."""
    for field, kind in audit_names.IDS.items():
        ids = {item[field] for item in items if item.get(field)}
        called = await audit_names.called(kind, ids)
        for item in items:
            if field in item:
                item[kind] = called.get(str(item[field]), item[field])
