"""Where the grant cache reads: the models."""

from models import generation
from models.crypto import KeyRing
from models.errors import ModelError
from models.grants import GrantRecord, is_cut_off, load_grants


class ModelGrantSource:
    """Reads with the keys of this installation."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self.generation = generation.current
        self.changes_since = generation.changes_since
        self.is_cut_off = is_cut_off

    async def load(self, digests: list[str]) -> dict[str, GrantRecord | ModelError]:
        """What these tokens may do, or why nothing."""
        return await load_grants(digests, self._ring)
