"""Guessing passwords is slow: by account and address together, by address, and never for the owner.

A right password from an address that was not failing is let in whatever others try elsewhere; all
that an attack on an account from many addresses does is to hold back the answers to wrong ones.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from config.client_address import network_of
from models.levels import Levels

#: Wrong tries at one account from one address before the next has to wait …
_FREE: Final = 4
# … so many seconds, doubled with each more …
_FIRST_WAIT: Final = 2.0
_LONGEST_WAIT: Final = 300.0
# … and forgotten one by one after so many seconds each.
_FORGET: Final = 600.0
#: Wrong tries from one address at whatever accounts.
_FREE_OF_ADDRESS: Final = 20
_FORGET_OF_ADDRESS: Final = 30.0
#: Wrong tries at one account from wherever, after which wrong answers come late.
_FREE_OF_ACCOUNT: Final = 10
_DELAY: Final = 1.0
_MOST: Final = 40


class Throttle:
    """What wrong passwords cost. Each worker counts for itself."""

    __slots__ = ("_accounts", "_addresses", "_clock", "_pairs", "_until")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pairs = Levels(drain_seconds=_FORGET, clock=clock)
        self._addresses = Levels(drain_seconds=_FORGET_OF_ADDRESS, clock=clock)
        self._accounts = Levels(drain_seconds=_FORGET_OF_ADDRESS, clock=clock)
        self._until: dict[str, float] = {}

    def wait(self, address: str, username: str) -> int:
        """Seconds until this address may try this account again; 0 for now."""
        network = network_of(address)
        self._drop_past()
        left = self._until.get(_pair(network, username), 0.0) - self._clock()
        if self._addresses.read(network) > _FREE_OF_ADDRESS:
            left = max(left, _FORGET_OF_ADDRESS)
        return max(0, int(left + 0.999))

    async def failed(self, address: str, username: str) -> None:
        """Count a wrong password; returns late where the account is under attack."""
        network = network_of(address)
        pair = _pair(network, username)
        tries = self._pairs.add(pair, most=_MOST)
        self._addresses.add(network, most=_MOST)
        if tries > _FREE:
            wait = min(_FIRST_WAIT * 2 ** (int(tries) - _FREE), _LONGEST_WAIT)
            self._until[pair] = self._clock() + wait
        if self._accounts.add(username.casefold()[:200], most=_MOST) > _FREE_OF_ACCOUNT:
            await asyncio.sleep(_DELAY)

    def succeeded(self, address: str, username: str) -> None:
        """Whoever knows the password is not guessing."""
        pair = _pair(network_of(address), username)
        self._pairs.clear(pair)
        self._until.pop(pair, None)

    def _drop_past(self) -> None:
        present = self._clock()
        for pair in [pair for pair, until in self._until.items() if until <= present]:
            del self._until[pair]


def _pair(network: str, username: str) -> str:
    return f"{network} {username.casefold()[:200]}"
