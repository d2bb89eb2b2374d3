"""Short-lived tokens of a worker: fetched once for all requests, renewed before they end.

A token is renewed at 80 % of its life by a timer, off the path of requests, while it is in use.
What other workers and machines have fetched is taken from the store first. Where none can be had,
requests are refused at once until the next try, which is put off longer after each failure.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import time
from typing import Final, Protocol
from uuid import UUID

from loguru import logger

from proxy.errors import UpstreamAuthUnavailable
from proxy.upstream_auth.exchanges import ExchangeFailed, Token

#: Of a token's life, after which it is renewed.
RENEWED_AT: Final = 0.8
#: Of its life, by which a worker that found it in the store lets the one that fetched it go first,
#: at least and beyond: then it finds that one's next token in the store as well.
LATER_AT_LEAST: Final = 0.02
LATER: Final = 0.05
#: Seconds that a fetch may take, and one look into the store.
FETCH_SECONDS: Final = 30.0
STORE_SECONDS: Final = 2.0
#: Seconds before the next try after a failure, doubled with each one after it, and at most.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
#: Seconds without a request after which a token is forgotten instead of renewed.
_FORGOTTEN_AFTER: Final = 3600.0

Fetch = Callable[[], Awaitable[Token]]


class TokenStore(Protocol):
    """Where the tokens of all workers and machines are, encrypted. It may be away."""

    async def load(self, key_id: UUID, source: str) -> tuple[Token, float] | None:
        """The key's token for this source, and when it was fetched (Unix seconds)."""
        ...

    async def save(self, key_id: UUID, source: str, token: Token, fetched_at: float) -> None:
        """Keep it, in place of one that ends earlier."""
        ...

    async def is_gone(self, key_id: UUID) -> bool:
        """Whether it is known that the key was removed or taken out of use."""
        ...


class SharedToken:
    """The token of one key. `source` is the digest of what it is fetched with."""

    __slots__ = (
        "_detail", "_failure", "_failures", "_fetch", "_fetched_at", "_flight", "_key_id",
        "_renew_at", "_retry_at",
        "_source", "_store", "_timer", "_token", "_used_at", "_what",
    )  # fmt: skip

    def __init__(
        self, key_id: UUID, source: str, what: str, fetch: Fetch, store: TokenStore | None
    ) -> None:
        self._key_id = key_id
        self._source = source
        self._what = what
        self._fetch = fetch
        self._store = store
        self._token: Token | None = None
        self._renew_at = self._fetched_at = 0.0
        self._used_at = time()
        self._flight: asyncio.Task[Token] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failure = self._detail = ""
        self._failures = 0
        self._retry_at = 0.0

    async def get(self) -> str:
        """The token's text. It waits only where there is none that is still good.

        Raises UpstreamAuthUnavailable.
        """
        now = self._used_at = time()
        token = self._token
        if token is not None and now < token.expires_at:
            if now >= self._renew_at and self._flight is None and now >= self._retry_at:
                # The timer is late, or the machine slept.
                self._start()
            return token.text
        if self._flight is None and now < self._retry_at:
            raise self._unavailable()
        # One that leaves must not take the token from the others who wait for it.
        token = await asyncio.shield(self._flight or self._start())
        self._used_at = time()
        return token.text

    @property
    def idle(self) -> bool:
        """Whether nothing has asked for it for so long that it need not be kept."""
        return self._flight is None and time() - self._used_at > _FORGOTTEN_AFTER

    def close(self) -> None:
        """Fetch nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._flight is not None:
            self._flight.cancel()

    def _start(self, *, renews: bool = False) -> asyncio.Task[Token]:
        flying = self._renewed() if renews else self._fly()
        flight = asyncio.get_running_loop().create_task(flying, name="upstream-token")
        flight.add_done_callback(self._landed)
        self._flight = flight
        return flight

    def _landed(self, flight: asyncio.Task[Token]) -> None:
        self._flight = None
        if not flight.cancelled():
            # Whoever waits raises it, and a renewal has nobody who waits.
            flight.exception()

    async def _renewed(self) -> Token:
        """Without a request that asks: the key may have been removed meanwhile."""
        if self._store is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(STORE_SECONDS):
                    if await self._store.is_gone(self._key_id):
                        self._token = None
                        raise UpstreamAuthUnavailable("The upstream key was removed.")
        return await self._fly()

    async def _fly(self) -> Token:
        stored = await self._stored()
        if stored is not None:
            return self._adopt(*stored, later=LATER_AT_LEAST + LATER * (os.urandom(1)[0] / 255))
        began = time()
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                token = await self._fetch()
        except (ExchangeFailed, TimeoutError) as exc:
            raise self._failed(exc) from exc
        self._adopt(token, began)
        if self._store is not None:
            self._keep(self._store, token, began)
        return token

    async def _stored(self) -> tuple[Token, float] | None:
        """What another worker fetched, where that is newer than ours and need not be renewed."""
        if self._store is None:
            return None
        try:
            async with asyncio.timeout(STORE_SECONDS):
                found = await self._store.load(self._key_id, self._source)
        except TimeoutError:
            return None
        if found is None or _renewal(*found) <= time():
            return None
        return found

    def _keep(self, store: TokenStore, token: Token, fetched_at: float) -> None:
        async def save() -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(STORE_SECONDS):
                    await store.save(self._key_id, self._source, token, fetched_at)

        # Beside the flight: whoever waits for the token need not wait for the database.
        saving = asyncio.get_running_loop().create_task(save(), name="upstream-token-save")
        _saving.add(saving)
        saving.add_done_callback(_saving.discard)

    def _adopt(self, token: Token, fetched_at: float, *, later: float = 0.0) -> Token:
        """`later` is a share of the token's life by which its renewal is left to others."""
        self._token = token
        self._renew_at = _renewal(token, fetched_at) + later * (token.expires_at - fetched_at)
        self._fetched_at = time()
        self._failure, self._failures, self._retry_at = "", 0, 0.0
        self._renew_in(self._renew_at - time())
        return token

    def _renew_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(max(0.0, seconds), self._renew)

    def _renew(self) -> None:
        """Unless nothing has used it since it was fetched: then it is for the next request."""
        self._timer = None
        if self._flight is None and self._used_at >= self._fetched_at:
            self._start(renews=True)

    def _failed(self, failure: Exception) -> UpstreamAuthUnavailable:
        self._failures += 1
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (self._failures - 1))
        self._retry_at = time() + pause
        said = f"it did not answer within {FETCH_SECONDS:.0f} s"
        self._failure = said if isinstance(failure, TimeoutError) else str(failure)
        self._detail = failure.detail if isinstance(failure, ExchangeFailed) else ""
        logger.warning(
            "No token for the upstream key {}: {} {}{}; the next try is in {:.0f} s.",
            self._key_id,
            self._what,
            self._failure,
            self._detail,
            pause,
        )
        if self._token is not None and self._token.expires_at > self._retry_at:
            self._renew_in(pause)
        return self._unavailable()

    def _unavailable(self) -> UpstreamAuthUnavailable:
        refusal = UpstreamAuthUnavailable(
            f"No token can be had for the upstream key: {self._what} {self._failure}.",
            retry_after=max(1.0, self._retry_at - time()),
        )
        refusal.detail = self._detail
        return refusal


def _renewal(token: Token, fetched_at: float) -> float:
    return fetched_at + RENEWED_AT * (token.expires_at - fetched_at)


#: Tasks that nobody else refers to.
_saving: Final[set[asyncio.Task[None]]] = set()


class Tokens:
    """Every key's token, found again by the grants that come after the ones it was made for."""

    def __init__(self, store: TokenStore | None = None) -> None:
        self._store = store
        self._tokens: dict[tuple[UUID, str], SharedToken] = {}

    def of(
        self, key_id: UUID, source: str, what: str, fetch: Fetch, *, shared: bool = True
    ) -> SharedToken:
        """The key's token for this source; `what` says in words whom it is fetched from.

        One that is the machine's own (not `shared`) is never stored for others.
        """
        found = self._tokens.get((key_id, source))
        if found is None:
            self._forget()
            found = SharedToken(key_id, source, what, fetch, self._store if shared else None)
            self._tokens[key_id, source] = found
        return found

    def __len__(self) -> int:
        return len(self._tokens)

    def _forget(self) -> None:
        for name, token in [*self._tokens.items()]:
            if token.idle:
                token.close()
                del self._tokens[name]

    def close(self) -> None:
        """Fetch nothing more."""
        for token in self._tokens.values():
            token.close()
        self._tokens.clear()
