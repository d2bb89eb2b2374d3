"""Counting what a turn of the event loop does, so that no test depends on how fast a machine is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class TooManySteps(Exception):
    """A turn did more than it may."""


class Counter:
    """The longest turn so far; a step is a call, of Python or of C."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.longest = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """What is done inside is one turn. Raises TooManySteps."""
        steps = 0

        def count(frame: FrameType, event: str, argument: Any) -> None:
            nonlocal steps
            if event in ("call", "c_call"):
                steps += 1

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            yield
        finally:
            sys.setprofile(before)
            self.longest = max(self.longest, steps)
            if steps > self.most:
                # However the turn ended: what is refused in the end has cost as much.
                raise TooManySteps(f"{steps} steps in one turn")
