"""When a process wakes for what it does now and then: for all of it at once.

Waking costs more than most of what is then done, and who wakes for each by itself wakes all the
time. So such pauses end at beats, and what can be told of something to do waits for that instead.
Each process has beats of its own: those of several write to one database.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from math import floor
from typing import Final

#: Between two beats, in seconds.
STEP_S: Final = 0.4

#: Who wakes so much of a step before a beat, since timers count whole milliseconds, has woken for
#: it.
_EARLY: Final = 0.1
#: One of them, on the loop's clock.
_FIRST: Final = random.uniform(0.0, STEP_S)  # noqa: S311  (spread, not secret)


async def pause(seconds: float) -> None:
    """Sleep until a beat, as `beat_after` has it."""
    now = asyncio.get_running_loop().time()
    await asyncio.sleep(beat_after(now, seconds) - now)


async def until(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, or until a beat, as `beat_after` has it; whether it has come."""
    # Not `wait_for`: before Python 3.12 it swallows being cancelled once the wait is over.
    with suppress(TimeoutError):
        async with asyncio.timeout_at(beat_after(asyncio.get_running_loop().time(), seconds)):
            await event.wait()
    return event.is_set()


def beat_after(now: float, seconds: float) -> float:
    """The last beat in the `seconds` after `now`, which is up to two steps earlier, or a tenth of
    one later. What is shorter than a step is no beat but just that long. In seconds of the loop's
    clock."""
    steps = floor(seconds / STEP_S + 1e-9)
    if not steps:
        return now + seconds
    return _FIRST + (floor((now - _FIRST) / STEP_S + _EARLY) + steps) * STEP_S
