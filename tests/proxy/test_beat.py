"""What is done now and then is done together, and never later than asked."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import beat
from tests.proxy.virtual_time import in_virtual_time

#: A timer may be a few milliseconds early, and has then woken for the beat that was to come.
_EARLY_S = beat.STEP_S / 10


@given(now=st.floats(0, 1e7), seconds=st.floats(beat.STEP_S, 3600))
def test_a_pause_ends_within_what_was_asked_and_a_step_before_it(
    now: float, seconds: float
) -> None:
    until = beat.beat_after(now, seconds)

    # Clocks of 1e7 seconds are told apart by some 2e-9.
    assert until - now <= seconds + _EARLY_S + 1e-6
    assert until - now > seconds - 2 * beat.STEP_S + _EARLY_S - 1e-6
    assert until > now


@given(now=st.floats(0, 1e7), shorter=st.floats(0, 0.99 * beat.STEP_S))
def test_what_is_shorter_than_a_step_waits_for_no_beat(now: float, shorter: float) -> None:
    assert beat.beat_after(now, shorter) == now + shorter


@given(
    now=st.floats(0, 1e6),
    later=st.floats(0, beat.STEP_S),
    one=st.floats(beat.STEP_S, 10),
    other=st.floats(beat.STEP_S, 10),
)
def test_any_two_pauses_end_at_beats_of_one_rhythm(
    now: float, later: float, one: float, other: float
) -> None:
    steps = (beat.beat_after(now, one) - beat.beat_after(now + later, other)) / beat.STEP_S

    assert steps == pytest.approx(round(steps), abs=1e-5)


@in_virtual_time
async def test_who_wakes_now_and_then_wakes_with_the_others() -> None:
    loop = asyncio.get_running_loop()
    woke: set[float] = set()
    never = asyncio.Event()

    async def paused(seconds: float) -> None:
        while True:
            await beat.pause(seconds)
            woke.add(round(loop.time(), 6))

    async def waiting(seconds: float) -> None:
        while True:
            assert not await beat.until(never, seconds)
            woke.add(round(loop.time(), 6))

    tasks = []
    for number, steps in enumerate((1.0, 1.25, 2.0, 2.5, 5.0)):
        seconds = steps * beat.STEP_S
        await asyncio.sleep(0.03 * number)
        tasks += [asyncio.create_task(paused(seconds)), asyncio.create_task(waiting(seconds))]
    began = loop.time()
    await asyncio.sleep(50 * beat.STEP_S)
    for task in tasks:
        task.cancel()

    assert len([at for at in woke if at > began]) in (49, 50, 51)


@in_virtual_time
async def test_an_event_is_not_kept_waiting_for_a_beat() -> None:
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    loop.call_later(0.01, event.set)
    began = loop.time()
    assert await beat.until(event, 3600)
    assert loop.time() - began < 2 * 0.01


@in_virtual_time
async def test_who_is_cancelled_at_a_beat_is_cancelled() -> None:
    loop = asyncio.get_running_loop()
    waiting = asyncio.create_task(beat.until(asyncio.Event(), 2 * beat.STEP_S))
    loop.call_at(beat.beat_after(loop.time(), 2 * beat.STEP_S), waiting.cancel)
    await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.cancelled()
