"""Sending a test to a destination, as the wiring hands it in: what sends is another room's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from models.destinations import Destination


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it. `message` is a sentence for people, without any secret."""

    ok: bool
    message: str
    status: int | None
    """What the receiver answered; None where no answer came, and of files."""
    ms: int


class DestinationTester(Protocol):
    """Sends one item that says that it is a test."""

    async def test(self, destination: Destination) -> Tried:
        """What comes of it, within ten seconds; nothing is tried again."""
        ...
