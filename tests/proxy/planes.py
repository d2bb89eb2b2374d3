"""A data plane in process, between a scripted client and a scripted upstream.

Grants, limits and journal are the real ones, on a SQLite database of the test's own. `a_plane` is
the one place that knows how a `DataPlane` is put together.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from config import Database
from models import generation, objects, secrets
from models.again import Recorded
from models.db import database as connecting
from models.entry import Entry
from models.errors import DatabaseUnavailable, ModelError
from models.generation import ChangeRecord, GenerationFile
from models.grants import GrantRecord, allowed_origins, is_cut_off, load_grants
from models.projects import Project
from models.tokens import Token
from proxy import errors
from proxy.access.cors import Origins
from proxy.access.grants import Grants
from proxy.accounts.rests import Rests
from proxy.accounts.sharing import Sharing
from proxy.bounds import Bounds
from proxy.cache.answers import Answers
from proxy.exchange import Exchange
from proxy.fair_share import Shares
from proxy.handler import DataPlane
from proxy.holds import Holds
from proxy.journal.files import read_batch
from proxy.journal.writer import Journal
from proxy.limits.spending import StoredSpending
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.sqlite_records import SqliteBudgetRecords
from proxy.limits.store import LimitExceeded, LimitStore
from proxy.middleware.worker import Middlewares
from proxy.objects.index import Index
from proxy.pricing.prices import Prices
from proxy.providers.catalog import BUILT_IN
from proxy.providers.provider import Provider
from proxy.upstream.pool import Pool
from proxy.upstream.timeouts import Timeouts
from proxy.upstream_auth.presenting import UpstreamAuth
from tests.models.rows import BY, RING
from tests.proxy.rows import UPSTREAMS
from tests.proxy.scripted import Client, Upstream
from tests.proxy.served import Served, serve
from tests.proxy.upstream.conftest import PATIENT, no_authorities


class Source:
    """The models as a grant source; `away` is an outage of the database."""

    def __init__(self) -> None:
        self.away = False
        self.at: dict[str, Callable[[], Awaitable[None]]] = {}
        self.asked: list[str] = []

    async def load(self, digests: list[str]) -> Mapping[str, GrantRecord | ModelError]:
        await self._ask("load")
        return await load_grants(digests, RING)

    async def is_cut_off(self, token_id: UUID) -> bool:
        await self._ask("is_cut_off")
        return await is_cut_off(token_id)

    async def generation(self) -> int:
        await self._ask("generation")
        return await generation.current()

    def is_current(self, generation: int) -> bool:
        return False

    async def changes_since(self, generation_: int) -> list[ChangeRecord] | None:
        await self._ask("changes_since")
        return await generation.changes_since(generation_)

    async def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what in self.at:
            await self.at[what]()
        if self.away:
            raise DatabaseUnavailable("away")


class Seen:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.refusals: list[tuple[str, str]] = []
        self.exchanges: list[Exchange] = []

    def recorded(self, entry: Recorded, exchange: Exchange) -> None:
        self.entries.append(entry.entry)
        self.exchanges.append(exchange)

    def refused(self, exchange: Exchange, refusal: errors.Refusal, provider: str) -> None:
        self.refusals.append((refusal.code, provider))


@dataclass
class Plane:
    """A data plane, and all that stands around it."""

    plane: DataPlane
    upstream: Upstream
    source: Source
    grants: Grants
    journal: Journal
    pool: Pool
    seen: Seen
    limits: LimitStore
    limits_file: Path
    rests: Rests
    sharing: Sharing
    index: Index
    middlewares: Middlewares | None = None
    running: set[Served] = field(default_factory=set)

    async def token(
        self,
        *,
        base_url: str | None = None,
        project: Mapping[str, Any] | None = None,
        **wanted: Any,
    ) -> tuple[Token, str]:
        """A token of a new project that leads to the scripted upstream."""
        made = await Project.create_with_key(
            name=f"Project {uuid4()}",
            ring=RING,
            by=BY,
            base_url=base_url or self.upstream.url,
            **{
                "provider": "openai",
                "api_key": "sk-upstream-key-0123456789",
                **(project or {}),
            },
        )
        return await Token.issue(made, by=BY, **wanted)

    def begin(self, client: Client) -> Served:
        """Have the plane serve a request, as the server has it."""
        client.journal = lambda: len(self.entries())
        task = serve(self.plane, client)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    async def serve(self, client: Client) -> Client:
        """The same, until it has ended, however it did."""
        await asyncio.gather(self.begin(client), return_exceptions=True)
        return client

    async def leave(self, client: Client, task: Served) -> None:
        """The client hangs up: its connection is gone and the server cancels the handler."""
        client.gone = True
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def entries(self) -> list[Entry]:
        """What stands in the journal, as it is on the disk."""
        file = self.journal.file
        return [] if file is None or not file.size else [*read_batch(file, 0, limit=10_000).entries]

    async def admitted(self, secret: str, most: int = 10) -> int:
        """How many more requests the token's quota lets in; all of its slots must be free."""
        grant = await self.grants.find(secrets.digest(secret.encode()))
        assert grant is not None
        for number in range(most):
            try:
                reservation = await self.limits.decide(grant.claims)
            except LimitExceeded as exceeded:
                if exceeded.claim.dimension != "requests":
                    raise
                return number
            self.limits.settle(reservation)
        return most

    def is_idle(self) -> bool:
        """Whether nothing is left of any request."""
        plane = self.plane
        return not plane.active and not plane.body_budget.kept and not len(plane._fair_share)


async def _no_key(_key_id: UUID) -> None:
    """No key is found to be tested again."""


@asynccontextmanager
async def a_plane(
    directory: Path,
    database: Database,
    timeouts: Timeouts = PATIENT,
    pool_type: type[Pool] = Pool,
    providers: Mapping[str, Provider] = BUILT_IN,
    *,
    middlewares: Middlewares | None = None,
    answers: Answers | None = None,
    **bounds: Any,
) -> AsyncIterator[Plane]:
    """Everything that a data plane stands on, opened and closed."""
    upstream, source, seen = Upstream(), Source(), Seen()
    file = GenerationFile(directory / "generation")
    generation.configure(file)
    limits = SqliteLimits(directory / "limits.db", "test")
    pool = pool_type(timeouts, no_authorities())
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with connecting.open_database(database):
        await limits.open()
        pool.open()
        auth = UpstreamAuth(pool)
        grants = Grants(source, file.read, providers, UPSTREAMS, auth)
        journal = Journal(directory / "journal")
        known: dict[str, Any] = {
            "request_max_bytes": 1 << 21,
            "upload_max_bytes": 1 << 22,
            "buffered_bodies_max_bytes": 1 << 22,
            "max_active_requests": 100,
            "shares": Shares(),
        }
        rests = Rests()
        sharing = Sharing(rests, pool, _no_key)
        index = Index(objects.find, again=(0.0, 0.0))
        prices = Prices()
        plane = DataPlane(
            bounds=Bounds(**known | bounds),
            default_provider=BUILT_IN["openai"],
            grants=grants,
            limits=limits,
            pool=pool,
            ledger=journal,
            prices=prices,
            holds=Holds(prices),
            client_address=lambda head: head.client_ip,
            origins=Origins(allowed_origins, file.read),
            observer=seen,
            rests=rests,
            told=sharing,
            index=index,
            spending=StoredSpending(lambda: SqliteBudgetRecords(directory / "limits.db")),
            middlewares=middlewares,
            answers=answers,
        )
        made = Plane(
            plane, upstream, source, grants, journal, pool, seen, limits, directory / "limits.db",
            rests, sharing, index, middlewares,
        )  # fmt: skip
        try:
            yield made
            assert upstream.failures == []
        finally:
            for task in made.running:
                task.cancel()
            await asyncio.gather(*made.running, return_exceptions=True)
            await sharing.close()
            index.close()
            auth.close()
            await pool.close()
            await grants.close()
            await limits.close()
            await journal.close()
            server.close()
    generation.configure(None)
    file.close()
