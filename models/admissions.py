"""How often a token was let in until now, which a quota that is set anew begins to count at.

`request_count` follows the journals a second or two behind. What is true now is known as far as
this machine knows it: the entries in its journals that are not counted yet, and what the limits
engine has counted for the quota that held before, with the requests that still run. Journals of
other machines are not seen; what waits in them when a quota is set is let in beyond it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from models.journal_position import JournalPosition

if TYPE_CHECKING:
    from models.tokens import Token


class Node(Protocol):
    """What is known here beside the models' tables; `proxy.admissions` in life."""

    def journals(self) -> list[str]:
        """The ids of the journals."""
        ...

    async def waiting(self, token_id: UUID, positions: Mapping[str, int]) -> int:
        """How many entries of a token stand behind these positions of the journals."""
        ...

    async def used(self, token_id: UUID) -> tuple[int, int] | None:
        """A quota's epoch, and how many requests the limits engine admitted under it."""
        ...


_node: Node | None = None


def configure(node: Node | None) -> None:
    """Name the machine that this process runs on; None for none (tests)."""
    global _node  # noqa: PLW0603  (wiring: set once, before the first mutation)
    _node = node


async def let_in(token: "Token") -> int:
    """The requests of a token until now. Its row is locked: the ledger adds nothing meanwhile."""
    known: int = token.request_count + await _waiting(token.id)
    used = None if _node is None else await _node.used(token.id)
    if used is not None and used[0] == token.quota_epoch:
        known = max(known, used[1])
    return known


async def _waiting(token_id: UUID) -> int:
    journals = [] if _node is None else _node.journals()
    if _node is None or not journals:
        return 0
    rows = await JournalPosition.filter(journal_id__in=journals)
    positions = {row.journal_id: row.position for row in rows}
    return await _node.waiting(token_id, {one: positions.get(one, 0) for one in journals})
