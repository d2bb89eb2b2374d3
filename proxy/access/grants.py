"""The grant cache: what each secret may do, read once and dropped as soon as it changes.

A request costs a dictionary look-up and one comparison with the generation. When that has moved,
the changes are read and exactly the grants that they touch are dropped. While the database is
away, cached grants keep working and secrets that are not cached are refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from loguru import logger

from models import errors as model_errors
from models.bindings import Upstreams
from models.generation import ChangeRecord
from models.grants import GrantRecord
from proxy import beat
from proxy.access.credentials import TOKEN_START, may_hold_token
from proxy.access.grant import PLAIN, Grant
from proxy.access.grant_lookups import Lookups
from proxy.access.grant_source import GrantSource
from proxy.access.recognised import Known, Recognised
from proxy.deadline import StallTolerantDeadline
from proxy.providers.provider import Provider
from proxy.upstream_auth.presenting import UpstreamAuth

if TYPE_CHECKING:
    from proxy.downstream import RequestHead

T = TypeVar("T")

CACHE_MAX: Final = 100_000
#: Some 2 MB of digests.
_UNKNOWN_MAX: Final = 10_000
#: How often a worker looks for changes without a request asking for it, in seconds, which is how
#: those made on other machines arrive: in force within a second, also where notifications do not
#: come and a round trip takes just under 50 ms.
POLL_INTERVAL: Final = 0.4
_RETRY_AFTER_OUTAGE: Final = 0.5
#: How long the database has for an answer, in seconds: for a secret that is not cached, and for
#: what has changed, for which requests whose grants are cached may have to wait.
_LOAD_TIMEOUT: Final = 5.0
_REFRESH_TIMEOUT: Final = 2.0


class Grants:
    """The cache. `tick` reads the node-local echo of the generation (`GenerationFile.read`)."""

    def __init__(
        self,
        source: GrantSource,
        tick: Callable[[], int],
        providers: Mapping[str, Provider],
        upstreams: Upstreams,
        auth: UpstreamAuth = PLAIN,
    ) -> None:
        self._source = source
        self._tick = tick
        self._providers = providers
        self._upstreams = upstreams
        self._auth = auth
        self._grants: dict[str, Grant] = {}
        self._by_subject: dict[UUID, set[str]] = {}
        self.credentials: Recognised[Grant] = Recognised()
        #: Digests that no token had at the last change, for clients that try again and again.
        self._unknown: dict[str, None] = {}
        self._lookups = Lookups(self._load)
        self._refreshing = asyncio.Lock()
        self._seen_tick = -1
        self._generation = -1
        #: Moves with each invalidation: what was being loaded during one may be out of date.
        self._epoch = 0
        self._retry_at = 0.0
        self._watcher: asyncio.Task[None] | None = None
        self._hint = asyncio.Event()
        self._notifying: set[asyncio.Task[None]] = set()
        self._queries: set[asyncio.Task[Any]] = set()
        self.on_change: Callable[[set[UUID] | None], Coroutine[Any, Any, None]] | None = None
        """Called with the tokens and projects that changed; None: any of them may have."""
        self.database_answers: bool | None = None
        """None until the database was asked for the first time."""

    def open(self) -> None:
        """Begin to watch for changes, in the running loop."""
        self._watcher = asyncio.get_running_loop().create_task(self._watch(), name="grants-watch")

    async def close(self) -> None:
        """Stop watching."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        self._lookups.close()
        for task in (*self._queries, *self._notifying):
            task.cancel()

    def look_again(self) -> None:
        """Poll the database now: a notification says that the generation moved."""
        self._hint.set()

    def cached(self, digest: str) -> Grant | None:
        """The grant of a secret's digest; None where only `find` can tell."""
        return self._grants.get(digest) if self._tick() == self._seen_tick else None

    def recognised(self, head: RequestHead) -> Known[Grant] | None:
        """The grant of a credential that came before, and its secret's digest; None where that has
        to be looked at, by `authenticate`. Whether it is still in force, `check_alive` says."""
        if self._tick() != self._seen_tick:
            return None
        if credential := head.credential:
            # The target of one with a likeness holds no token.
            return self.credentials.known.get(credential)
        known, target = self.credentials.find(head.lines), head.target
        # Without a call for nearly all. `in` first takes what is sought for a number, and fails.
        if (target.find(TOKEN_START) >= 0 or target.find(b"%") >= 0) and may_hold_token(target):
            return None
        return known

    def lacks(self, digest: str) -> bool:
        """Whether no token has this secret, as far as is known without asking."""
        return digest in self._unknown and self._tick() == self._seen_tick

    async def find(self, digest: str) -> Grant | None:
        """The grant of a secret's digest, None where no token has it.

        Raises models.errors.DatabaseUnavailable when it is not cached and cannot be read.
        """
        if self._tick() != self._seen_tick:
            await self._catch_up()
        while True:
            grant = self._grants.get(digest)
            if grant is not None:
                return grant
            if digest in self._unknown:
                return None
            epoch = self._epoch
            grant = await self._lookups.find(digest)
            # A change that was applied between the load and this turn has dropped the grant, and
            # `on_change` could not see that a request was about to use it.
            if epoch == self._epoch:
                return grant

    async def is_cut_off(self, token_id: UUID) -> bool:
        """Whether a token's running streams must end, as the database says now.

        Raises models.errors.DatabaseUnavailable.
        """
        return await self._query(self._source.is_cut_off(token_id), _LOAD_TIMEOUT)

    async def _load(self, digests: list[str]) -> dict[str, Grant | Exception]:
        while True:
            if self.database_answers is False:
                # The watcher notices when it is back; more queries would only wait in a queue.
                raise model_errors.DatabaseUnavailable("The database is away.")
            epoch = self._epoch
            records = await self._query(self._source.load(digests), _LOAD_TIMEOUT)
            self.database_answers = True
            # Load again where something changed meanwhile: requests that came after the change
            # wait for this result, too, and must not get what held before it.
            if epoch == self._epoch:
                found: dict[str, Grant | Exception] = {}
                for digest in digests:
                    self._remember(digest, records.get(digest), found)
                return found

    def _remember(
        self,
        digest: str,
        record: GrantRecord | Exception | None,
        found: dict[str, Grant | Exception],
    ) -> None:
        if record is None:
            if len(self._unknown) >= _UNKNOWN_MAX:
                del self._unknown[next(iter(self._unknown))]
            self._unknown[digest] = None
        elif isinstance(record, Exception):
            found[digest] = record
        else:
            try:
                grant = Grant.of(record, self._providers, self._upstreams, self._auth)
            except ValueError as exc:
                # A base URL that was stored by other means: it fails this token alone.
                found[digest] = exc
            else:
                found[digest] = grant
                self._keep(digest, grant)

    def _keep(self, digest: str, grant: Grant) -> None:
        if len(self._grants) >= CACHE_MAX:
            self._drop(next(iter(self._grants)))
        self.credentials.forget(digest)
        self._grants[digest] = grant
        for subject in (grant.record.token_id, grant.record.project_id):
            self._by_subject.setdefault(subject, set()).add(digest)

    def _drop(self, digest: str) -> None:
        grant = self._grants.pop(digest)
        self.credentials.forget(digest)
        for subject in (grant.record.token_id, grant.record.project_id):
            digests = self._by_subject[subject]
            digests.discard(digest)
            if not digests:
                del self._by_subject[subject]

    async def _catch_up(self) -> None:
        """Apply what has changed, once for all requests that saw the tick move."""
        if not self._may_answer:
            return
        async with self._refreshing:
            tick = self._tick()
            if tick == self._seen_tick or not self._may_answer:
                # Another request tried while this one waited for the lock, perhaps in vain.
                return
            try:
                await self._apply_changes()
            except model_errors.DatabaseUnavailable:
                # Cached grants keep working; changes are applied after the reconnection.
                self._note_outage()
                return
            self._seen_tick = tick

    @property
    def _may_answer(self) -> bool:
        """Whether a request may ask the database for changes and wait for it. While it is known to
        be away only the watch asks, and requests are served from the cache."""
        if self.database_answers is None:
            return asyncio.get_running_loop().time() >= self._retry_at
        return self.database_answers

    def _note_outage(self) -> None:
        # A token created during the outage must not be refused as unknown.
        self._unknown.clear()
        self._retry_at = asyncio.get_running_loop().time() + _RETRY_AFTER_OUTAGE
        if self.database_answers is not None:
            self.database_answers = False

    async def _query(self, query: Coroutine[Any, Any, T], within: float) -> T:
        """The query's result. Raises DatabaseUnavailable, also after `within` seconds.

        A query that takes too long is abandoned, not cancelled: asyncpg waits until the server
        has confirmed a cancellation, which a silent server never does.
        """
        running = asyncio.get_running_loop().create_task(query)
        self._queries.add(running)
        running.add_done_callback(self._end_query)
        if not await StallTolerantDeadline(within).done(running):
            raise model_errors.DatabaseUnavailable("The database does not answer in time.")
        return running.result()

    def _end_query(self, query: asyncio.Task[Any]) -> None:
        self._queries.discard(query)
        if not query.cancelled():
            # Retrieve it, else asyncio logs the error of an abandoned query as never retrieved.
            query.exception()

    async def _apply_changes(self) -> None:
        changes = await self._changes()
        subjects: set[UUID] | None = None
        if changes is None:
            generation = await self._query(self._source.generation(), _REFRESH_TIMEOUT)
        else:
            generation = changes[-1].generation if changes else self._generation
            subjects = {change.target_id for change in changes}
        self.database_answers = True
        self._generation = generation
        if changes == []:
            return
        self._forget(subjects)
        if self.on_change is not None:
            # In a task of its own: it asks the database about each token and goes on asking
            # during an outage, and the caller holds the lock that requests wait for.
            task = asyncio.get_running_loop().create_task(self.on_change(subjects))
            self._notifying.add(task)
            task.add_done_callback(self._notifying.discard)

    async def _changes(self) -> list[ChangeRecord] | None:
        """Changes that were not applied yet; None where they are not known."""
        if self._generation < 0:
            return None
        if self._source.is_current(self._generation):
            return []
        return await self._query(self._source.changes_since(self._generation), _REFRESH_TIMEOUT)

    def _forget(self, subjects: set[UUID] | None) -> None:
        """Drop the grants of these tokens and projects (None: all grants), and every digest known
        as unknown: any change may be the creation of its token."""
        self._epoch += 1
        self._unknown.clear()
        if subjects is None:
            self._grants.clear()
            self.credentials.clear()
            self._by_subject.clear()
            return
        for subject in subjects:
            for digest in list(self._by_subject.get(subject, ())):
                self._drop(digest)

    async def _watch(self) -> None:
        """Look for changes while no request comes: running streams of a revoked token must end."""
        while True:
            self._hint.clear()
            try:
                await self._poll()
            except Exception as exc:  # noqa: BLE001
                # Without this task no revocation of another machine would ever be noticed.
                logger.error("Changes cannot be read from the database; trying again: {!r}", exc)
            await beat.until(self._hint, POLL_INTERVAL)

    async def _poll(self) -> None:
        async with self._refreshing:
            tick = self._tick()
            try:
                await self._apply_changes()
            except model_errors.DatabaseUnavailable:
                self._note_outage()
            else:
                self._seen_tick = tick
