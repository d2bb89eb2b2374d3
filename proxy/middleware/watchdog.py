"""Who holds the event loop: a thread that names the middleware which blocks it.

All requests of a worker wait while one call of a middleware computes or blocks. Nothing can stop
it; but who reads the log must not have to guess.
"""

from __future__ import annotations

import sys
import threading
import traceback
from time import monotonic
from types import FrameType
from typing import Final, NamedTuple

from loguru import logger

#: Seconds that a call may hold the loop before the log says so.
HELD_MAX_S: Final = 0.5
_LOOK_EVERY_S: Final = 0.1
#: The innermost functions that are named.
_FRAMES: Final = 3


class Step(NamedTuple):
    """What runs on the loop now, and since when, by `monotonic`."""

    name: str
    hook: str
    request_id: str
    since: float

    def __str__(self) -> str:
        return f"middleware {self.name} in {self.hook}"


class Held:
    """What of the middlewares runs on the loop: `begin` and `end` stand around each step."""

    __slots__ = ("step",)

    def __init__(self) -> None:
        self.step: Step | None = None

    def begin(self, name: str, hook: str, request_id: str) -> Step:
        """A step begins."""
        step = self.step = Step(name, hook, request_id, monotonic())
        return step

    def end(self, step: Step) -> float:
        """It has ended: for how many seconds it held the loop."""
        self.step = None
        took = monotonic() - step.since
        if took > HELD_MAX_S:
            logger.bind(request_id=step.request_id).error(
                "{} held the event loop for {:.2f} s: every other request of this worker waited. "
                "It must not block or compute for long",
                step,
                took,
            )
        return took


class Watchdog:
    """Looks at a `Held` from a thread of its own, from `open` to `close`."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._closed = threading.Event()
        self._loop_thread = 0
        self._thread: threading.Thread | None = None
        #: The step that was told of.
        self._told: Step | None = None

    def open(self) -> None:
        """Begin to look; called in the thread of the loop."""
        self._loop_thread = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, name="middleware-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no longer."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._closed.wait(_LOOK_EVERY_S):
            self.look()

    def look(self) -> None:
        """Tell of the step that holds the loop for too long, once."""
        step = self._held.step
        if step is None or step is self._told:
            return
        held = monotonic() - step.since
        if held > HELD_MAX_S:
            self._told = step
            where = place_of(sys._current_frames().get(self._loop_thread))
            logger.bind(request_id=step.request_id).error(
                "{} has held the event loop for {:.2f} s and still does, at {}", step, held, where
            )


def place_of(frame: FrameType | None) -> str:
    """File, line and function of the innermost calls; no values."""
    if frame is None:
        return "an unknown place"
    stack = traceback.StackSummary.extract(
        traceback.walk_stack(frame), limit=_FRAMES, lookup_lines=False
    )
    return " < ".join(f"{one.filename}:{one.lineno} ({one.name})" for one in stack)
