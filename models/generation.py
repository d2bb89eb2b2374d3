"""Invalidation: one number that moves whenever anything a worker may have cached changes.

`bump` moves it in the database, in the same transaction as the change; `GenerationFile` is its
node-local echo, a few mapped bytes that every worker reads at every request. Other machines hear
of it through the database. Nothing here knows what is cached, or where.
"""

from pathlib import Path
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

NOTIFY_CHANNEL: Final = "llm_proxy_generation"

ChangeKind: TypeAlias = Literal["project", "token"]


class ChangeRecord(msgspec.Struct, frozen=True):
    """What moved the generation to `generation`."""

    generation: int
    kind: ChangeKind
    target_id: UUID


class GenerationFile:
    """`DATA_DIR/generation`, mapped: 8 bytes that change with every mutation on this machine."""

    def __init__(self, path: Path) -> None:
        raise NotImplementedError

    def read(self) -> int:
        """The current tick; well under 1 µs. Compare for equality only."""
        raise NotImplementedError

    def tick(self) -> None:
        """Tell every process that maps this file to look again."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


async def current() -> int:
    """The generation of the last committed change; 0 before the first."""
    raise NotImplementedError


async def changes_since(generation: int) -> list[ChangeRecord] | None:
    """Changes after `generation`, oldest first; None when it is too old: drop everything."""
    raise NotImplementedError
