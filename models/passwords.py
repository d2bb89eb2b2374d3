"""Administrators' passwords: argon2id, off the event loop, two at a time.

One hash takes about 0.1 s and 64 MB, so a flood of sign-ins must queue rather than spread.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher: Final = PasswordHasher()
_threads: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


async def hash_password(password: str) -> str:
    """The text to store, parameters and salt included."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


async def verify_password(stored: str, password: str) -> bool:
    """Whether `password` is the one that `stored` was made from."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _verify, stored, password)


def needs_rehash(stored: str) -> bool:
    """Whether `stored` was made with other parameters than today's: hash again at sign-in."""
    return _hasher.check_needs_rehash(stored)


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
