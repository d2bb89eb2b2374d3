"""What is known here of requests that are not in the database yet, for a quota set anew.

Read by whichever process sets one, beside the workers that write them. See `models.admissions`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import UUID

from loguru import logger

from proxy.journal.files import SUFFIX, entry_of
from proxy.limits.records import LimitRecords
from proxy.limits.store import LimitsUnavailable, token_key

#: Read at once.
_PIECE_BYTES: Final = 1024 * 1024


class NodeFiles:
    """The journals in `DATA_DIR`, and what is stored of limits; read only."""

    def __init__(self, data_dir: Path, limits: LimitRecords) -> None:
        self._journals = data_dir / "journal"
        self._limits = limits

    def journals(self) -> list[str]:
        """The ids of the journals, of living workers and of dead ones."""
        return [path.name.removesuffix(SUFFIX) for path in self._journals.glob(f"*{SUFFIX}")]

    async def waiting(self, token_id: UUID, positions: Mapping[str, int]) -> int:
        """How many entries that use a token's quota stand behind these positions."""
        return await asyncio.to_thread(self._waiting, token_id, positions)

    async def used(self, token_id: UUID) -> tuple[int, int] | None:
        """A quota's epoch, and how many requests were admitted under it, as far as is known."""
        try:
            return await self._limits.used(token_key(token_id))
        except LimitsUnavailable as exc:
            # The journals know all but what is still running, so the change need not be refused.
            logger.warning("The limits' counters cannot be read: {}", exc)
            return None

    def _waiting(self, token_id: UUID, positions: Mapping[str, int]) -> int:
        return sum(
            _entries_behind(self._journals / f"{journal}{SUFFIX}", position, token_id)
            for journal, position in positions.items()
        )


def _entries_behind(path: Path, position: int, token_id: UUID) -> int:
    count, begun = 0, b""
    try:
        with path.open("rb") as file:
            file.seek(position)
            while piece := file.read(_PIECE_BYTES):
                lines, newline, begun = (begun + piece).rpartition(b"\n")
                count += _entries_in(lines + newline, token_id)
    except FileNotFoundError:
        # Drained to its end and removed, before the token's row was locked.
        return 0
    return count + _entries_in(begun, token_id)


def _entries_in(lines: bytes, token_id: UUID) -> int:
    """How many entries of a token use its quota; only lines that name it are decoded."""
    token = str(token_id)
    named, count, at = token.encode("ascii"), 0, 0
    while (found := lines.find(named, at)) >= 0:
        end = lines.find(b"\n", found) + 1 or len(lines)
        entry = entry_of(lines[lines.rfind(b"\n", 0, found) + 1 : end])
        count += entry is not None and entry.token_id == token and not entry.given_back
        at = end
    return count
