"""One part of large work in each turn of the loop, however many requests have some to do."""

from __future__ import annotations

import asyncio
from typing import Final

#: What is looked into in one call.
PART_BYTES: Final = 16 * 1024
#: What is done in one turn, as `weight` counts: about a millisecond, whatever the text is.
TURN_WEIGHT: Final = 512 * 1024
#: What a character costs that has to be looked at, in bytes that have not.
_SPECIAL_WEIGHT: Final = 32
_ORDINARY: Final = bytes(set(range(256)) - set(b'"\\[]{}:,\r\n'))


def weight(part: bytes) -> int:
    """What it costs to look into a part, in bytes of plain text."""
    return len(part) + _SPECIAL_WEIGHT * len(part.translate(None, _ORDINARY))


class Turns:
    """Hands turns of the loop to whoever has large work to do, in the order in which they asked.

    Work that is only cut would still stop the others for as many parts as there are requests with
    some: each would do one in every turn. `taken` counts turns, for tests.
    """

    def __init__(self) -> None:
        self._order = asyncio.Lock()
        self.taken = 0

    async def next(self) -> None:
        """Wait for a turn in which nobody else does a part."""
        async with self._order:
            await asyncio.sleep(0)
            self.taken += 1
