"""What a worker holds while it serves, from the database to the data plane, and in which order."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from config.database import connection_shares
from delivery.courier import Courier
from models import admissions, exhaustion, generation, objects
from models.bindings import Upstreams
from models.crypto import KeyRing
from models.db import database
from models.db.listening import Listener
from models.destinations import DestinationPolicy
from models.generation import NOTIFY_CHANNEL, GenerationFile
from models.grants import allowed_origins, load_key
from models.polling import Polling
from models.spending import spent_by
from proxy.access.cors import Origins
from proxy.access.grants import Grants
from proxy.access.targets import target_of
from proxy.accounts.rests import Rests
from proxy.accounts.sharing import Sharing
from proxy.admissions import NodeFiles
from proxy.bounds import Bounds
from proxy.cache import answers
from proxy.fair_share import Shares
from proxy.handler import DataPlane
from proxy.headers import RawHeaders
from proxy.holds import Holds
from proxy.journal import reading
from proxy.journal.budget_sink import BudgetSink, charge_beside
from proxy.journal.consumer import JournalConsumer
from proxy.journal.database_sink import DatabaseSink
from proxy.journal.writer import BATCH, Journal
from proxy.limits.bases import Journals
from proxy.limits.engines import charges, charges_itself, limit_records, open_limits, unheard
from proxy.limits.most_used import least_left
from proxy.limits.spending import StoredSpending
from proxy.middleware.loading import Loaded
from proxy.middleware.worker import Middlewares
from proxy.objects.index import Index
from proxy.objects.machine import Machine
from proxy.pricing.listing import PriceList
from proxy.pricing.sheet import listed_name
from proxy.pricing.watch import PriceWatch
from proxy.providers.provider import Provider
from proxy.upstream.pool import Pool
from proxy.upstream.target import Target
from proxy.upstream.timeouts import Timeouts
from proxy.upstream_auth.database_store import DatabaseTokens
from proxy.upstream_auth.presenting import UpstreamAuth
from proxy.upstream_auth.tokens import Tokens
from server import descriptors
from server.addresses import client_address_of, listens_at
from server.context import WorkerContext
from server.grant_source import ModelGrantSource
from server.http.health import Readiness
from server.process.background import Background
from server.process.housekeeping import Housekeeping
from server.process.notices import Notices
from server.process.void_answers import VoidAnswers
from telemetry import logs
from telemetry.body_log_lines import MARGIN, BodyLines
from telemetry.database_watch import DatabaseState, DatabaseWatch
from telemetry.exceeded_budgets import ExceededBudgets
from telemetry.machine_turn import MachineTurn
from telemetry.metrics import Metrics, WorkerGauges
from telemetry.observer import Observer
from telemetry.otel import Traces
from telemetry.outages import Outages
from telemetry.refusal_books import RefusalBooks
from telemetry.request_log_lines import RequestLines
from telemetry.sentry import Reports
from telemetry.stock_watch import StockWatch
from web.key_test import Asked

#: How long a worker that ends tries to empty its journal; what is left waits for the next start.
_LAST_DRAIN: Final = 1.5
#: How long a reader of what was used waits at most for what was served just now.
_CATCH_UP: Final = 0.5
#: Entries at once where a thread of the database's own sums them, which gives way in between.
_BATCH_APART: Final = 256
#: And to write the last refusals.
_LAST_REFUSALS: Final = 1.0
#: And for transactions that are still under way then.
_LAST_TRANSACTIONS: Final = 1.0


class WorkerResources:
    """What lives in a worker's event loop, opened before it serves and closed after it drained."""

    def __init__(
        self,
        context: WorkerContext,
        known: Mapping[str, Provider],
        allowed: Upstreams,
        ring: KeyRing,
        loaded: tuple[Loaded, ...] = (),
        *,
        supervised: bool,
    ) -> None:
        self._context = context
        self._settings = settings = context.settings
        self.spending = StoredSpending(partial(limit_records, settings))
        self._providers = known
        self._upstreams = allowed
        self._ring = ring
        self._middlewares = Middlewares(loaded, settings.middleware_timeout) if loaded else None
        self._reports = Reports.wanted(settings)
        self._polling = Polling()
        self._prices = PriceWatch(
            settings.prices_file, settings.data_dir, supervised=supervised, providers=known
        )
        self.price_list = PriceList(self._prices.prices, known)

    async def open(self, *_: object) -> None:
        """Open everything, the data plane last."""
        async with AsyncExitStack() as undo:
            # Its thread would keep a worker that cannot start from ending, and so from being
            # replaced by one that can.
            undo.push_async_callback(database.disconnect)
            if self._reports is not None:
                self._reports.open()
                undo.callback(self._reports.close)
            await self._open()
            undo.pop_all()

    async def _open(self) -> None:
        settings = self._settings
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        listens = listens_at(settings)
        shares = connection_shares(settings.database_connections, listens=listens is not None)
        await database.connect(settings.database, connections=shares.models)
        self._listener: Listener | None = None
        self._file = GenerationFile(settings.data_dir / "generation")
        generation.configure(self._file)
        admissions.configure(NodeFiles(settings.data_dir, limit_records(settings)))
        exhaustion.configure(spent_by(self.spending))
        self._open_upstreams()
        self._journal = Journal(
            settings.data_dir / "journal",
            batch=_BATCH_APART if settings.database.dialect == "sqlite" else BATCH,
        )
        self._charges = on = charges(settings)
        self._consumer = JournalConsumer(
            self._journal, [DatabaseSink(*on.database), *(BudgetSink(*one) for one in on.beside)]
        )
        turn = MachineTurn(settings.data_dir / "delivery.lock")
        policy = DestinationPolicy.of(settings)
        self._courier = Courier(settings.data_dir, self._ring, policy, turn, self._polling)
        self._watch = DatabaseWatch(
            uuid4().hex,
            reads=lambda: bool(self._grants.database_answers),
            crowded=self._make_room,
            told=Outages(settings.data_dir, self._courier.now).note,
            lacks=partial(self._polling.lacks, "revocations"),
        )
        self._rests = Rests()
        self._sharing = Sharing(
            self._rests, self._pool, self._find_key, lacks=partial(self._polling.lacks, "rests")
        )
        self._objects = Index(objects.find)
        self._objects.siblings = Machine(
            self._journal.directory, lambda: self._journal.file, self._objects.tell
        )
        kept_in = self._journal.directory
        self._limits = await open_limits(
            settings,
            str(os.getpid()),
            charged=self._charges,
            journals=Journals(
                partial(reading.journals, kept_in), partial(reading.entries, kept_in)
            ),
            connections=shares.limits,
        )
        if (charging := charges_itself(self._limits)) is not None:
            charges_of_machine, _ = self._charges.beside[0]
            charge_beside(charging, charges_of_machine, self._journal, self._consumer)
        self._unheard = unheard(settings, self._charges, partial(reading.sizes, kept_in))
        self._refusals, self._exceeded = RefusalBooks(), ExceededBudgets()
        self._metrics = Metrics(self._listed_name, settings.data_dir / "metrics")
        self._observer = self._make_observer()
        self._plane = self._make_plane()
        self._pool.open()
        self._consumer.start()
        self._unheard.open()
        self._observer.open()
        self._refusals.open()
        self._grants.open()
        self._sharing.open()
        if listens is not None:
            self._listener = Listener(listens, NOTIFY_CHANNEL, self._look_again)
            self._listener.open()
        self._watch.open()
        self._background = Background(
            Housekeeping(settings.data_dir, log_days=settings.request_log_retention_days),
            Notices(settings.data_dir, self._polling),
            *(
                []
                if self._answers is None
                else [VoidAnswers(settings.data_dir, self._answers, self._polling)]
            ),
            self._exceeded,
            self._courier,
            StockWatch(
                settings.data_dir, self._metrics, partial(least_left, limit_records(settings))
            ),
        )
        self._background.open()
        self._prices.open()
        self._context.hang_up = self._prices.reload
        self._context.data_plane = self._plane
        self._context.credential_lines = self._grants.credentials.lines
        self._context.unserved = self._observer.unserved

    def _open_upstreams(self) -> None:
        """Connections, what presents keys there, and which token may use them."""
        settings = self._settings
        self._pool = Pool(
            Timeouts(
                settings.upstream_connect_timeout,
                settings.upstream_first_byte_timeout,
                settings.upstream_idle_timeout,
            ),
            most=descriptors.current().connections,
        )
        self._auth = UpstreamAuth(
            self._pool,
            Tokens(DatabaseTokens(self._ring)),
            origins=frozenset(settings.upstream_origins),
            ambient=settings.upstream_ambient_credentials,
        )
        self._grants = Grants(
            ModelGrantSource(self._ring, self._polling, self._polled),
            self._file.read,
            self._providers,
            self._upstreams,
            self._auth,
        )

    def _make_observer(self) -> Observer:
        settings = self._settings
        return Observer(
            self._metrics,
            RequestLines(
                sys.stderr,
                logs.form_for(settings.log_format, sys.stderr),
                settings.log_request_share if settings.log_level in ("DEBUG", "INFO") else 0.0,
                BodyLines.wanted(settings, sys.stderr),
            ),
            self._gauges,
            lambda: self._grants.database_answers is False,
            Traces.wanted(),
            connections=self._context.connections,
            books=self._refusals,
            exceeded=self._exceeded,
            middlewares=self._middlewares,
        )

    def _listed_name(self, provider: str, model: str) -> str | None:
        """A model as the price sheet has it."""
        known = self._providers.get(provider)
        return listed_name(known.listed_as if known is not None else provider, model)

    def _make_plane(self) -> DataPlane:
        settings = self._settings
        if self._middlewares is not None:
            self._middlewares.open()
        self._answers = answers.opened(
            settings.data_dir / "cache", settings.cache_max_bytes, workers=settings.web_concurrency
        )
        return DataPlane(
            bounds=Bounds(
                request_max_bytes=settings.request_max_bytes,
                upload_max_bytes=settings.upload_max_bytes,
                buffered_bodies_max_bytes=settings.buffered_bodies_max_bytes,
                shares=Shares(settings.fair_share_token, settings.fair_share_project),
                max_active_requests=settings.max_active_requests,
                comment_every=settings.client_keepalive_comment,
                copied_bytes=settings.log_bodies and settings.log_bodies + MARGIN,
            ),
            default_provider=self._providers["openai"],
            grants=self._grants,
            limits=self._limits,
            pool=self._pool,
            ledger=self._journal,
            prices=self._prices.prices,
            holds=Holds(self._prices.prices),
            client_address=partial(client_address_of, settings),
            origins=Origins(allowed_origins, self._file.read),
            observer=self._observer,
            rests=self._rests,
            told=self._sharing,
            index=self._objects,
            spending=self.spending,
            middlewares=self._middlewares,
            answers=self._answers,
        )

    def _look_again(self) -> None:
        """Something was changed or learnt on another machine."""
        self._grants.look_again()
        self._sharing.look_again()

    def _polled(self) -> None:
        """Have looked what there is of which a poll found some, or may not have."""
        found = self._polling.last
        if found is None or found.rests:
            self._sharing.look_again()
        if found is None or found.destinations:
            self._courier.look_again()

    async def _find_key(self, key_id: UUID) -> tuple[Provider, Target] | None:
        """Where a key goes that is to be tested. Raises ModelError."""
        found = await load_key(key_id, self._ring)
        if found is None:
            return None
        target = target_of(found.key, found, self._providers, self._upstreams, self._auth)
        if target is None:
            return None
        return target.provider or self._providers[found.provider], target

    def _make_room(self) -> None:
        """Look-ups of tokens need a connection: give up the one that listens for changes."""
        if self._listener is not None:
            self._listener.step_aside()

    async def close(self, *_: object) -> None:
        """Close in the reverse order: what was recorded goes to the database, which ends last.

        A worker that drained early has the rest of its time for the journal: a platform's disk
        may forget it. A database that is known to be silent is not waited for like that.
        """
        left = self._context.drain_by - asyncio.get_running_loop().time()
        known = self._grants.database_answers is False
        last_drain = min(max(0.0, left), _LAST_DRAIN) if known else max(_LAST_DRAIN, left)
        await self._sharing.close()
        await self._unheard.close()
        self._objects.close()
        await asyncio.gather(self._background.close(), self._watch.close(), self._prices.close())
        if self._listener is not None:
            await self._listener.close()
        self._auth.close()
        if self._middlewares is not None:
            self._middlewares.close()
        await self._pool.close()
        if self._answers is not None:
            await self._answers.close()
        await self._observer.close()
        await self._refusals.close(timeout=0 if known else _LAST_REFUSALS)
        # Grants go on asking, and so find out where the database falls silent meanwhile.
        draining = self._consumer.close(
            timeout=last_drain,
            is_silent=lambda: not known and self._grants.database_answers is False,
        )
        await asyncio.gather(draining, self._limits.close())
        self._charges.close()
        await self._grants.close()
        self._polling.close()
        await database.disconnect(within=_LAST_TRANSACTIONS)
        generation.configure(None)
        admissions.configure(None)
        exhaustion.configure(None)
        self._file.close()
        if self._reports is not None:
            # The last of all, as whatever went wrong until here is to be reported.
            await asyncio.to_thread(self._reports.close)

    def _gauges(self) -> WorkerGauges:
        return WorkerGauges(
            len(self._plane.active),
            self._pool.connections,
            self._journal.pending,
            self._consumer.oldest_entry_seconds,
            self._database_state(),
            not self._limits.healthy,
            len(self._context.connections),
            self._plane.body_budget.kept,
            self._rests.resting(),
            len(self._rests.suspended),
            cache_bytes=0 if self._answers is None else self._answers.stored_bytes,
        )

    async def exposition(self) -> bytes:
        """What `/metrics` shows."""
        return await self._observer.scrape()

    async def present(
        self, provider: str, key_id: UUID, secret: str, auth: str | None, asked: Asked
    ) -> tuple[bytes, RawHeaders] | str:
        """A key in a request that tests it, as in one of the data plane."""
        known = self._providers[provider]
        return await self._auth.in_a_test(known, key_id, secret, auth, asked)

    async def catch_up(self) -> None:
        """Have counted what this worker has served by now, as far as that is soon done."""
        self._observer.flush()
        await asyncio.gather(
            self._consumer.catch_up(timeout=_CATCH_UP), self._refusals.catch_up(timeout=_CATCH_UP)
        )

    def running(self, owner: UUID) -> int:
        """How many requests of a token or project run in this worker."""
        grants = (exchange.grant for exchange in self._plane.active)
        return sum(
            grant is not None and owner in (grant.record.token_id, grant.record.project_id)
            for grant in grants
        )

    def readiness(self) -> Readiness:
        """What `/ready` shows."""
        return Readiness(
            database=self._database_state(),
            limits="ok" if self._limits.healthy else "degraded",
            journal=self._journal.state,
            draining=self._context.leaving,
            oldest_entry_seconds=round(self._consumer.oldest_entry_seconds, 3),
            reached=self._grants.database_answers is not None,
            connections="short" if self._context.connections.short else "ok",
        )

    def _database_state(self) -> DatabaseState:
        if not self._grants.database_answers:
            return "away"
        # A batch meets locks that the watch's own row does not.
        return (
            "blocked" if self._watch.state == "ok" and self._consumer.blocked else self._watch.state
        )
