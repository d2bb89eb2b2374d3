"""What guessing costs, by a clock of the test's own."""

import asyncio

import pytest

from admin.throttle import Throttle

HOME, AWAY = "192.0.2.1", "198.51.100.1"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def _fail(throttle: Throttle, address: str, name: str, times: int) -> None:
    for _ in range(times):
        await throttle.failed(address, name)


async def test_a_few_mistakes_are_free_and_then_the_wait_grows(clock: Clock) -> None:
    throttle = Throttle(clock)
    await _fail(throttle, HOME, "ada", 4)
    assert throttle.wait(HOME, "ada") == 0
    waits = []
    for _ in range(4):
        await throttle.failed(HOME, "ada")
        waits.append(throttle.wait(HOME, "Ada"))
    assert waits == [4, 8, 16, 32]
    clock.now += 33
    assert throttle.wait(HOME, "ada") == 0


async def test_it_holds_for_this_account_from_this_address_only(clock: Clock) -> None:
    throttle = Throttle(clock)
    await _fail(throttle, HOME, "ada", 8)
    assert throttle.wait(AWAY, "ada") == 0
    assert throttle.wait(HOME, "bob") == 0


async def test_a_right_password_clears_the_slate(clock: Clock) -> None:
    throttle = Throttle(clock)
    await _fail(throttle, HOME, "ada", 5)
    clock.now += 10
    throttle.succeeded(HOME, "ada")
    await _fail(throttle, HOME, "ada", 4)
    assert throttle.wait(HOME, "ada") == 0


async def test_spraying_accounts_from_one_address_ends(clock: Clock) -> None:
    throttle = Throttle(clock)
    for number in range(22):
        await throttle.failed(HOME, f"user {number}")
    assert throttle.wait(HOME, "another") == 30
    assert throttle.wait("192.0.2.2", "another") == 0


async def test_a_network_of_ipv6_is_one_address(clock: Clock) -> None:
    throttle = Throttle(clock)
    for number in range(8):
        await throttle.failed(f"2001:db8::{number}", "ada")
    assert throttle.wait("2001:db8::ffff", "ada") > 0
    assert throttle.wait("2001:db8:0:1::1", "ada") == 0


async def test_an_attack_from_many_addresses_only_delays_wrong_answers(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    throttle = Throttle(clock)
    for number in range(30):
        await throttle.failed(f"198.51.100.{number}", "ada")
    assert slept
    assert throttle.wait(HOME, "ada") == 0
