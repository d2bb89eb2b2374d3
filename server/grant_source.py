"""Where the grant cache reads: the models."""

from collections.abc import Callable

from models import generation
from models.crypto import KeyRing
from models.errors import ModelError
from models.generation import ChangeRecord
from models.grants import GrantRecord, is_cut_off, load_grants
from models.polling import Polling


class ModelGrantSource:
    """Reads with the keys of this installation. `polled` is called after each poll for changes."""

    def __init__(self, ring: KeyRing, polling: Polling, polled: Callable[[], None]) -> None:
        self._ring = ring
        self._polling = polling
        self._polled = polled
        self.generation = generation.current
        self.is_current = polling.is_current
        self.is_cut_off = is_cut_off

    async def changes_since(self, generation: int) -> list[ChangeRecord] | None:
        """Changes after `generation`; None where that is too old and everything must be dropped."""
        changes = await self._polling.changes_since(generation)
        self._polled()
        return changes

    async def load(self, digests: list[str]) -> dict[str, GrantRecord | ModelError]:
        """What these tokens may do, or why nothing."""
        return await load_grants(digests, self._ring)
