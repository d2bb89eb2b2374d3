"""Long work on the event loop in small parts: one part in a turn, of all requests together."""

from __future__ import annotations

import asyncio
from typing import Final

#: Bytes that one call looks into.
PART_BYTES: Final = 16 * 1024
#: Work of one turn, as `weight` counts it: about a millisecond, whatever the text is.
TURN_WEIGHT: Final = 512 * 1024
#: Cost of a character that has a meaning in JSON or events, in bytes of plain text.
_SPECIAL_WEIGHT: Final = 32
_ORDINARY: Final = bytes(set(range(256)) - set(b'"\\[]{}:,\r\n'))


def weight(part: bytes) -> int:
    """What it costs to look into a part, in bytes of plain text."""
    return len(part) + _SPECIAL_WEIGHT * len(part.translate(None, _ORDINARY))


class Turns:
    """Gives turns of the event loop to requests with long work, first come, first served.

    Without it every such request would do a part in each turn, and a turn would last as long as all
    of them. `taken` counts turns, for tests.
    """

    def __init__(self) -> None:
        self._order = asyncio.Lock()
        self.taken = 0

    async def next(self) -> None:
        """Wait for a turn of the loop in which no other request does a part."""
        async with self._order:
            await asyncio.sleep(0)
            self.taken += 1
