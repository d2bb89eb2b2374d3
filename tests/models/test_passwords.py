"""Hashing passwords without stopping the loop."""

import asyncio
import time

from models import passwords


async def test_the_right_password_verifies_and_a_wrong_one_does_not() -> None:
    stored = await passwords.hash_password("correct horse")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify_password(stored, "correct horse")
    assert not await passwords.verify_password(stored, "battery staple")
    assert not await passwords.verify_password("no hash at all", "correct horse")
    assert not passwords.needs_rehash(stored)


async def test_the_loop_turns_while_hashing() -> None:
    hashing = asyncio.create_task(passwords.hash_password("x"))
    turns = 0
    deadline = time.monotonic() + 30
    while not hashing.done() and time.monotonic() < deadline:
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10
