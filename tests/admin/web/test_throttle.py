"""What guessing costs, by a clock of the test's own."""

import asyncio

import pytest

from admin.web.throttle import SignInThrottle
from config.client_address import network_of

HOME, AWAY = "192.0.2.1", "198.51.100.1"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def _try(throttle: SignInThrottle, address: str, name: str) -> bool:
    """Try a wrong password; whether it was looked at."""
    if throttle.begin(address, name):
        return False
    await throttle.failed(name)
    return True


async def _fail(throttle: SignInThrottle, clock: Clock, name: str, times: int) -> None:
    """As many wrong passwords as that, each as soon as it is let through."""
    for _ in range(times):
        clock.now += _wait(throttle, HOME, name)
        assert await _try(throttle, HOME, name)


def _wait(throttle: SignInThrottle, address: str, name: str) -> int:
    """How long the next try would have to wait."""
    wait = throttle.begin(address, name)
    if not wait:
        throttle.take_back(address, name)
    return wait


async def test_a_few_mistakes_are_free_and_then_the_wait_grows(clock: Clock) -> None:
    throttle = SignInThrottle(clock)
    await _fail(throttle, clock, "ada", 4)
    assert _wait(throttle, HOME, "ada") == 0
    waits = []
    for _ in range(4):
        await _fail(throttle, clock, "ada", 1)
        waits.append(_wait(throttle, HOME, "Ada"))
    assert waits == [4, 8, 16, 32]
    clock.now += 33
    assert _wait(throttle, HOME, "ada") == 0


async def test_tries_that_are_sent_at_once_count_before_any_is_answered(clock: Clock) -> None:
    throttle = SignInThrottle(clock)
    begun = [throttle.begin(HOME, "ada") for _ in range(120)]
    assert begun.count(0) == 5
    names = [throttle.begin(AWAY, f"user {number}") for number in range(120)]
    assert names.count(0) == 21


async def test_a_try_that_was_not_looked_at_costs_nothing(clock: Clock) -> None:
    throttle = SignInThrottle(clock)
    for _ in range(100):
        assert throttle.begin(HOME, "ada") == 0
        throttle.take_back(HOME, "ada")
    assert throttle.suspicion(HOME) == 0


async def test_it_holds_for_this_account_from_this_address_only(clock: Clock) -> None:
    throttle = SignInThrottle(clock)
    await _fail(throttle, clock, "ada", 8)
    assert _wait(throttle, HOME, "ada") > 0
    assert _wait(throttle, AWAY, "ada") == 0
    assert _wait(throttle, HOME, "bob") == 0


async def test_a_right_password_clears_the_slate(clock: Clock) -> None:
    throttle = SignInThrottle(clock)
    await _fail(throttle, clock, "ada", 5)
    clock.now += 10
    assert throttle.begin(HOME, "ada") == 0
    throttle.succeeded(HOME, "ada")
    await _fail(throttle, clock, "ada", 4)
    assert _wait(throttle, HOME, "ada") == 0


async def test_spraying_accounts_from_one_address_ends(clock: Clock) -> None:
    throttle = SignInThrottle(clock)
    for number in range(22):
        await _try(throttle, HOME, f"user {number}")
    assert _wait(throttle, HOME, "another") == 30
    assert _wait(throttle, "192.0.2.2", "another") == 0


async def test_a_network_of_ipv6_is_one_address(clock: Clock) -> None:
    throttle = SignInThrottle(clock)
    for number in range(8):
        await _try(throttle, network_of(f"2001:db8::{number}"), "ada")
    assert _wait(throttle, network_of("2001:db8::ffff"), "ada") > 0
    assert _wait(throttle, network_of("2001:db8:0:1::1"), "ada") == 0


async def test_an_attack_from_many_addresses_only_delays_wrong_answers(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    throttle = SignInThrottle(clock)
    for number in range(30):
        await _try(throttle, f"198.51.100.{number}", "ada")
    assert slept
    assert _wait(throttle, HOME, "ada") == 0


async def test_memory_of_tries_is_bounded(clock: Clock) -> None:
    throttle = SignInThrottle(clock)
    for number in range(1500):
        for _ in range(6):
            throttle.begin(f"10.0.{number >> 8}.{number & 255}", f"user {number}")
    assert len(throttle._until) == 1500
    for number in range(1500, 4500):
        for _ in range(6):
            throttle.begin(f"10.0.{number >> 8}.{number & 255}", f"user {number}")
    assert len(throttle._until) == len(throttle._pairs) == 4096
