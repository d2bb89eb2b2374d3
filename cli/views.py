"""Rows as the API shows them: through its own schemas."""

from typing import Any, Final

from manage.schemas.schema import Schema

KEY_COLUMNS: Final = (
    "id", "label", "hint", "is_active", "weight", "priority", "state", "resting_until",
    "last_error", "created_at",
)  # fmt: skip


def plain(view: Schema) -> dict[str, Any]:
    """A view as JSON has it; fields that it was not given are not in it."""
    return view.model_dump(mode="json", exclude_unset=True)
