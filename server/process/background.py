"""What a worker does beside serving, and of which nothing waits for another."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Work(Protocol):
    """A task of its own."""

    def open(self) -> None:
        """Begin, in the running loop."""

    async def close(self) -> None:
        """Stop, soon."""


class Background:
    """Several of them, opened in order and closed together."""

    def __init__(self, *works: Work) -> None:
        self._works = works

    def open(self) -> None:
        """Begin all of them."""
        for work in self._works:
            work.open()

    async def close(self) -> None:
        """Stop all of them."""
        await asyncio.gather(*(work.close() for work in self._works))
