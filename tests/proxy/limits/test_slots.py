"""Clients that never exceed a parallel limit are not refused when they change workers."""

import asyncio
import contextlib
import gc
import weakref
from dataclasses import replace
from pathlib import Path

import pytest

from config import Database
from proxy.limits import slots as limits_slots
from proxy.limits.slots import SlotsElsewhere
from proxy.limits.store import Claim, Dimension, LimitExceeded, Remaining, Reservation, claims_on
from tests.fixtures.postgres_wire import postgres_wire
from tests.proxy.limits.stores import long_timeouts, still_database, still_server
from tests.proxy.limits.test_postgres import machine
from tests.proxy.virtual_time import in_virtual_time, virtual_loop

__all__ = ["long_timeouts", "still_database", "still_server"]

CLAIMS = claims_on("t:1", max_parallel=3)


@pytest.mark.usefixtures("long_timeouts")
@pytest.mark.parametrize("delay", [0.0, 0.01])
async def test_clients_in_sequence_may_change_workers(
    still_database: Database, tmp_path: Path, delay: float
) -> None:
    with postgres_wire(still_database.host, still_database.port) as wire:
        wire.delay = delay
        database = replace(still_database, host="127.0.0.1", port=wire.port)
        async with machine(database, tmp_path) as one, machine(database, tmp_path) as other:

            async def client(number: int) -> None:
                for turn in range(20):
                    store = (one, other)[(number + turn) % 2]
                    store.settle(await store.decide(CLAIMS))

            await asyncio.gather(*(client(number) for number in range(3)))


class Elsewhere:
    """A limit of two slots, of which other workers have `busy`."""

    def __init__(self, busy: int) -> None:
        self.busy = busy
        self.asked = 0
        self.held = 0

    async def ask(self, claims: tuple[Claim, ...]) -> Reservation:
        self.asked += 1
        if self.busy + self.held >= 2:
            raise LimitExceeded(Claim("t:1", "slots", 2), 1.0, Remaining(2, 0, 1.0))
        self.held += 1
        return Reservation(claims, 1, None)


async def test_no_more_ask_again_than_the_limit_has_slots(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits_slots, "_PAUSES_S", (0.0, 0.0))
    elsewhere = Elsewhere(busy=2)
    slots = SlotsElsewhere(lambda _: elsewhere.held)

    refused = await asyncio.gather(
        *(slots.decide(elsewhere.ask, CLAIMS) for _ in range(50)), return_exceptions=True
    )

    assert {type(one) for one in refused} == {LimitExceeded}
    assert elsewhere.asked == 50 + 2 * 2


async def test_a_refusal_after_all_tries_is_nothing_for_the_garbage_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits_slots, "_PAUSES_S", (0.0,))
    elsewhere = Elsewhere(busy=2)
    left = weakref.ref(elsewhere)
    gc.disable()
    try:
        with contextlib.suppress(LimitExceeded):
            await SlotsElsewhere(lambda _: 0).decide(elsewhere.ask, CLAIMS)
        assert elsewhere.asked == 2
        del elsewhere
        assert left() is None
    finally:
        gc.enable()


async def test_slots_of_this_workers_own_requests_are_not_asked_for_again() -> None:
    elsewhere = Elsewhere(busy=0)
    slots = SlotsElsewhere(lambda _: elsewhere.held)
    for _ in range(2):
        await slots.decide(elsewhere.ask, CLAIMS)

    with pytest.raises(LimitExceeded):
        await slots.decide(elsewhere.ask, CLAIMS)

    assert elsewhere.asked == 3


def refusal(claim: Claim) -> LimitExceeded:
    return LimitExceeded(claim, 1.0, Remaining(claim.limit, 0, 1.0))


class Script:
    """Refuses by these claims, one after the other, and then admits."""

    def __init__(self, *refusals: Claim) -> None:
        self.refusals = list(refusals)
        self.asked: list[float] = []

    async def ask(self, claims: tuple[Claim, ...]) -> Reservation:
        self.asked.append(virtual_loop().time())
        if self.refusals:
            raise refusal(self.refusals.pop(0))
        return Reservation(claims, 1, None)


SLOT = Claim("t:1", "slots", 2)


@pytest.mark.parametrize("dimension", ["requests", "rate"])
@in_virtual_time
async def test_any_other_limit_is_not_asked_about_again(dimension: Dimension) -> None:
    script = Script(Claim("t:1", dimension, 2))
    with pytest.raises(LimitExceeded):
        await SlotsElsewhere(lambda _: 0).decide(script.ask, CLAIMS)
    assert len(script.asked) == 1


@in_virtual_time
async def test_what_refuses_last_is_told_and_ends_the_asking() -> None:
    script = Script(SLOT, SLOT, Claim("p:1", "rate", 9), SLOT)
    with pytest.raises(LimitExceeded) as refused:
        await SlotsElsewhere(lambda _: 0).decide(script.ask, CLAIMS)
    assert refused.value.claim == Claim("p:1", "rate", 9)
    first, second = limits_slots._PAUSES_S[:2]
    assert script.asked == pytest.approx([0.0, first, first + second])


@in_virtual_time
async def test_one_that_has_asked_again_makes_room_for_others_to_do_so() -> None:
    slots = SlotsElsewhere(lambda _: 0)
    for _ in range(SLOT.limit + 1):
        script = Script(SLOT)
        assert (await slots.decide(script.ask, CLAIMS)).lease == 1
        assert len(script.asked) == 2
    # Nothing is kept of a key without requests that ask.
    assert not slots._asking
