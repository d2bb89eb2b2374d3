"""Administrators' passwords: argon2id, off the event loop, in a bounded and fair queue."""

from functools import partial
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.hashing_queue import HashingQueue

_hasher: Final = PasswordHasher()
_queue: Final = HashingQueue()


async def hash_password(password: str, *, client: str = "") -> str:
    """The text to store, parameters and salt included. Raises TooManyHashes.

    `client` is who asks; the clients take turns.
    """
    return await _queue.run(client, partial(_hasher.hash, password))


async def verify_password(
    stored: str, password: str, *, client: str = "", suspicion: float = 0.0
) -> bool:
    """Whether `password` is the one that `stored` was made from. Raises TooManyHashes.

    `suspicion` is how many wrong passwords came from `client` lately.
    """
    return await _queue.run(client, partial(_verify, stored, password), suspicion=suspicion)


def needs_rehash(stored: str) -> bool:
    """Whether `stored` was made with other parameters than today's: hash again at sign-in."""
    return _hasher.check_needs_rehash(stored)


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
