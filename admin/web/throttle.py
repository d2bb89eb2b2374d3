"""Guessing passwords is slow: by account and client together, by client, and never for the owner.

A client is a network (`network_of`), or a browser that has signed in before (`known_browser`).

A try is counted before its password is hashed, and taken back where the password was right: tries
that are sent all at once count as much as tries that are sent one after the other. A right password
from a client that was not failing is let in whatever others try; all that an attack on an account
from many addresses does is to hold back the answers to wrong ones.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from typing import Final

from models.leaky_buckets import REMEMBERED, LeakyBuckets

#: Wrong tries at one account from one client before the next has to wait …
_FREE: Final = 4
# … so many seconds, doubled with each more …
_FIRST_WAIT: Final = 2.0
_LONGEST_WAIT: Final = 300.0
# … and forgotten one by one after so many seconds each.
_FORGET: Final = 600.0
#: Wrong tries from one client at whatever accounts.
_FREE_OF_CLIENT: Final = 20
_FORGET_OF_CLIENT: Final = 30.0
#: Wrong tries at one account from wherever, after which wrong answers come late.
_FREE_OF_ACCOUNT: Final = 10
_DELAY: Final = 1.0
_MOST: Final = 40


class SignInThrottle:
    """What wrong passwords cost. Each worker counts for itself."""

    __slots__ = ("_accounts", "_clients", "_clock", "_pairs", "_until")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pairs = LeakyBuckets(leak_seconds=_FORGET, clock=clock)
        self._clients = LeakyBuckets(leak_seconds=_FORGET_OF_CLIENT, clock=clock)
        self._accounts = LeakyBuckets(leak_seconds=_FORGET_OF_CLIENT, clock=clock)
        self._until: OrderedDict[str, float] = OrderedDict()

    def begin(self, client: str, username: str) -> int:
        """Count a try at `username`, which may then be made: 0; or the seconds it has to wait."""
        pair = _pair(client, username)
        left = self._left(client, pair)
        if left:
            return left
        self._clients.add(client, most=_MOST)
        self._accounts.add(_account(username), most=_MOST)
        # Rounded up: of the tries before, a part is forgotten by now.
        tries = ceil(self._pairs.add(pair, most=_MOST))
        if tries > _FREE:
            wait = min(_FIRST_WAIT * 2 ** (tries - _FREE), _LONGEST_WAIT)
            self._hold(pair, self._clock() + wait)
        return 0

    def take_back(self, client: str, username: str) -> None:
        """The try that was counted came to no check: nothing was learned by it."""
        pair = _pair(client, username)
        self._pairs.take_back(pair)
        self._clients.take_back(client)
        self._accounts.take_back(_account(username))
        self._until.pop(pair, None)

    def succeeded(self, client: str, username: str) -> None:
        """Forget the wrong tries: a client that knows the password is not guessing."""
        self.take_back(client, username)
        self._pairs.clear(_pair(client, username))

    async def failed(self, username: str) -> None:
        """The password was wrong; returns late where the account is under attack."""
        if self._accounts.read(_account(username)) > _FREE_OF_ACCOUNT:
            await asyncio.sleep(_DELAY)

    def suspicion(self, client: str) -> float:
        """How many wrong passwords came from there lately."""
        return self._clients.read(client)

    def _left(self, client: str, pair: str) -> int:
        left = self._until.get(pair, 0.0) - self._clock()
        if self._clients.read(client) > _FREE_OF_CLIENT:
            left = max(left, _FORGET_OF_CLIENT)
        return max(0, int(left + 0.999))

    def _hold(self, pair: str, until: float) -> None:
        self._until[pair] = until
        self._until.move_to_end(pair)
        if len(self._until) > REMEMBERED:
            self._until.popitem(last=False)


def _account(username: str) -> str:
    return username.casefold()[:200]


def _pair(client: str, username: str) -> str:
    return f"{client} {_account(username)}"
