"""Hashing passwords without stopping the loop."""

import asyncio
import threading

import pytest

from models import passwords


async def test_the_right_password_verifies_and_a_wrong_one_does_not() -> None:
    stored = await passwords.hash_password("correct horse")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify_password(stored, "correct horse")
    assert not await passwords.verify_password(stored, "battery staple")
    assert not await passwords.verify_password("no hash at all", "correct horse")
    assert not passwords.needs_rehash(stored)


async def test_the_loop_turns_while_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    turned = threading.Event()

    class Hasher:
        """Is not done before the loop has turned, which it could not if it were waited for."""

        def hash(self, password: str) -> str:
            return password if turned.wait(60) else "the loop stood still"

        def verify(self, stored: str, password: str) -> bool:
            return self.hash(password) == stored

    monkeypatch.setattr(passwords, "_hasher", Hasher())
    for work in (passwords.hash_password("x"), passwords.verify_password("x", "x")):
        turned.clear()
        hashing = asyncio.create_task(work)
        for _ in range(10):
            await asyncio.sleep(0)
        assert not hashing.done()
        turned.set()
        assert await hashing in ("x", True)
