"""Where grants come from, as their cache sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from models.errors import ModelError
from models.generation import ChangeRecord
from models.grants import GrantRecord


class GrantSource(Protocol):
    """Where grants and their changes are read: the database, through `models`."""

    async def load(self, digests: list[str]) -> Mapping[str, GrantRecord | ModelError]:
        """Records by digest, or why one cannot be read; digests that no token has are missing."""
        ...

    async def is_cut_off(self, token_id: UUID) -> bool:
        """Whether the token was revoked or its project deactivated."""
        ...

    async def generation(self) -> int:
        """The generation of the last committed change."""
        ...

    def is_current(self, generation: int) -> bool:
        """Whether it is known without asking that nothing has changed after `generation`."""
        ...

    async def changes_since(self, generation: int) -> list[ChangeRecord] | None:
        """Changes after `generation`; None where that is too old and everything must be dropped."""
        ...
