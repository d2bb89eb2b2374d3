"""What this worker learns of keys goes to all others, and what they learn comes here.

Through the database, twice a second and at once where it notifies, in a task of its own: no request
waits for it. While the database is away each worker goes by what it learns itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Final, TypeAlias
from uuid import UUID

from loguru import logger
from tortoise.exceptions import BaseORMException

from models import changes, key_states
from models.errors import ModelError
from models.key_states import NOTHING
from proxy import beat
from proxy.access.grant import Grant
from proxy.accounts.examining import examine
from proxy.accounts.rests import Rests, Scope
from proxy.providers.provider import Provider
from proxy.upstream.pool import Pool
from proxy.upstream.target import Target

#: Seconds between two looks at what others have learnt.
_EVERY_S: Final = 0.5
#: And where there is nothing: a poll that finds some has it look at once.
_NOTHING_EVERY_S: Final = 10.0
#: Seconds in which a key that answers blame is not tested twice.
_TESTED_LATELY_S: Final = 60.0
_UNSAID_MAX: Final = 1_000
#: Clients name the models: of one key, so many of its rests are told at a time.
_SCOPES_MAX: Final = 32
#: Seconds by which the end of a rest must have moved to be told again: where no account is fit,
#: each answer moves it.
_MOVED_S: Final = 5.0
_KEYS_MAX: Final = 10_000
_TESTED_MAX: Final = 10_000

#: Where a key goes, by its id; None for one that is gone.
Find: TypeAlias = Callable[[UUID], Awaitable[tuple[Provider, Target] | None]]


class Sharing:
    """A worker's: `attempts.Told`, and a task that writes and reads.

    `lacks` says whether it was seen after a time, by `time.monotonic`, that nothing holds of what
    was learnt; who sees that something does calls `look_again`.
    """

    def __init__(
        self,
        rests: Rests,
        pool: Pool,
        find: Find,
        *,
        lacks: Callable[[float], bool] = lambda _: False,
    ) -> None:
        self._rests = rests
        self._pool = pool
        self._find = find
        self._lacks = lacks
        #: When this worker last wrote what it learnt, by `time.monotonic`.
        self._wrote_at = float("-inf")
        self._unsaid: dict[tuple[UUID, Scope], tuple[float, str]] = {}
        #: What was told of each key, and until when it rests.
        self._said: dict[UUID, dict[Scope, float]] = {}
        self._tested: dict[UUID, float] = {}
        #: Keys that this worker has suspended, and until when: those that are being written, and
        #: those that were written after what is read, which does not say so.
        self._writing: dict[UUID, float] = {}
        self._written: dict[UUID, float] = {}
        self._hint = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._tests: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Begin, in the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="keys-shared")

    async def close(self) -> None:
        """Stop; what was not said yet is lost, and learnt anew by whoever asks that key."""
        tasks = [task for task in (self._task, *self._tests) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def look_again(self) -> None:
        """Others have learnt something."""
        self._hint.set()

    # As `attempts.Told`

    def rests(self, key_id: UUID, scope: Scope, until: float, why: str) -> None:
        """The key rests for this scope."""
        said = self._said_of(key_id)
        if abs(until - said.get(scope, 0.0)) < _MOVED_S:
            return
        if scope not in said and (len(said) >= _SCOPES_MAX or len(self._unsaid) >= _UNSAID_MAX):
            return
        said[scope] = until
        self._unsaid[key_id, scope] = until, why
        self._hint.set()

    def blamed(self, grant: Grant, target: Target, why: str) -> None:
        """An answer's own code blames the key: see whether a test is refused, too."""
        loop = asyncio.get_running_loop()
        key_id, provider = target.key_id, target.provider or grant.provider
        if provider is None or key_id in self._rests.suspended:
            return
        if self._tested.get(key_id, 0.0) > loop.time():
            return
        if len(self._tested) >= _TESTED_MAX:
            self._tested.clear()
        self._tested[key_id] = loop.time() + _TESTED_LATELY_S
        task = loop.create_task(self._test(provider, target, why), name="key-test")
        self._tests.add(task)
        task.add_done_callback(self._tests.discard)

    # Behind it

    def _said_of(self, key_id: UUID) -> dict[Scope, float]:
        """What was told of a key and is not over."""
        if key_id not in self._said and len(self._said) >= _KEYS_MAX:
            self._said.clear()
        present = changes.now().timestamp()
        known = self._said.get(key_id, {})
        self._said[key_id] = {scope: until for scope, until in known.items() if until > present}
        return self._said[key_id]

    async def _run(self) -> None:
        while True:
            self._hint.clear()
            pause = _EVERY_S
            try:
                await self._say()
                # In every worker: the first request that has to choose is to choose well.
                if not await self._hear():
                    pause = _NOTHING_EVERY_S
            except (ModelError, BaseORMException, OSError) as exc:
                logger.debug("Keys that rest are not shared for now: {!r}", exc)
            await beat.until(self._hint, pause)

    async def _say(self) -> None:
        while self._unsaid:
            (key_id, scope), (until, why) = next(iter(self._unsaid.items()))
            await key_states.rest(
                key_id, scope.model, scope.endpoint, datetime.fromtimestamp(until, UTC), why
            )
            self._wrote_at = monotonic()
            if self._unsaid.get((key_id, scope)) == (until, why):
                del self._unsaid[key_id, scope]

    async def _hear(self) -> bool:
        """False where it was seen that there is nothing."""
        present = changes.now()
        self._written.clear()
        lacks = self._lacks(self._wrote_at)
        found = NOTHING if lacks else await key_states.shared(present)
        rests = {
            (key, Scope(model, endpoint)): until.timestamp()
            for key, model, endpoint, until in found.rests
        }
        suspended = {key: at.timestamp() for key, at in found.suspended}
        self._rests.learn(rests, {**suspended, **self._written, **self._writing})
        for key_id, test_at in found.suspended:
            if test_at <= present and await key_states.claim_test(key_id, present):
                await self._test_again(key_id)
        return not lacks

    async def _test_again(self, key_id: UUID) -> None:
        found = await self._find(key_id)
        # One that is gone or switched off has nothing to be tested for.
        if found is None or await examine(*found, self._pool) == "works":
            await key_states.release(key_id)
            self._hint.set()

    async def _test(self, provider: Provider, target: Target, why: str) -> None:
        if await examine(provider, target, self._pool) != "refused":
            return
        logger.warning("An upstream key is suspended: {} ({})", target.key_id, why)
        wait = key_states.next_test(1).total_seconds()
        key_id, until = target.key_id, changes.now().timestamp() + wait
        self._rests.suspend(key_id, until)
        self._writing[key_id] = until
        try:
            await key_states.suspend(key_id, why)
            self._written[key_id] = until
            self._wrote_at = monotonic()
        except (ModelError, BaseORMException, OSError) as exc:
            logger.debug("The suspended key is not shared for now: {!r}", exc)
        finally:
            del self._writing[key_id]
