"""The path of a request: authenticate, authorize, reserve, forward, relay, record.

It reads downward: `DataPlane.begin` is what a usual one takes by plain calls up to where it is
sent, `handle` all that is left of it, and all of any other. A refusal is raised by the stage that
finds it and answered here, once; what breaks after the answer has begun breaks the client's
connection, because a cut answer must never look whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from models.again import Recorded
from models.entry import Outcome
from models.spending import Spending
from proxy import caching, errors, failures, keepalive, relaying, responses, revoking
from proxy.access import cors
from proxy.access.authentication import authenticate
from proxy.access.grants import Grants
from proxy.accounts.attempts import Accounts, Told
from proxy.accounts.rests import Rests
from proxy.asking import Asking
from proxy.begun import OVER, Begun
from proxy.body.budget import BodyBudget
from proxy.body_capture import BodyCopies
from proxy.bounds import Bounds
from proxy.cache.answers import Answers
from proxy.caching import Caching
from proxy.decided import DECIDED_MAX, Decisions, Prepared, send_at_once
from proxy.downstream import Downstream, RequestHead
from proxy.driving import Driven
from proxy.entrance import Entrance
from proxy.entries import Entries
from proxy.exchange import Exchange
from proxy.fair_share import FairShare, leave
from proxy.header_rules import trailers_for_downstream
from proxy.holds import Holds
from proxy.hops import MOST_HOPS
from proxy.limits.store import LimitStore, Reservation
from proxy.middleware.shaping import Prepare, Relay, Shaped, passes_none, prepares, relays
from proxy.middleware.worker import Middlewares, Shaping
from proxy.objects.index import Index
from proxy.objects.pinning import Objects
from proxy.own_answers import OwnAnswers
from proxy.plans import Plans
from proxy.preparing import Preparing
from proxy.pricing.prices import Prices
from proxy.providers.provider import Provider
from proxy.questions import RefusedQuestions
from proxy.recording import Ledger, Observer
from proxy.reserving import UNLIMITED, Reserving
from proxy.tails import Tails
from proxy.turns import Turns
from proxy.upstream.errors import UpstreamError
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.pool import Pool
from proxy.upstream.source import ResponseSource


class DataPlane:
    """Everything that `/v1` needs, wired once per worker."""

    def __init__(
        self,
        *,
        bounds: Bounds,
        default_provider: Provider,
        grants: Grants,
        limits: LimitStore,
        pool: Pool,
        ledger: Ledger,
        prices: Prices,
        holds: Holds,
        client_address: Callable[[RequestHead], str],
        origins: cors.Origins,
        observer: Observer,
        rests: Rests,
        told: Told,
        index: Index,
        spending: Spending,
        middlewares: Middlewares | None = None,
        answers: Answers | None = None,
    ) -> None:
        self._bounds = bounds
        self._default_provider = default_provider
        self._grants = grants
        self._pool = pool
        self._ledger = ledger
        self._entries = Entries(prices)
        self._holds = holds
        self._origins = origins
        self._observer = observer
        every = bounds.comment_every
        self._comments = None if every is None else keepalive.Comments(every)
        self._turns = Turns()
        self._tails = Tails()
        refused = RefusedQuestions()
        self._fair_share = FairShare(bounds.max_active_requests, bounds.shares)
        self.body_budget = BodyBudget(bounds.buffered_bodies_max_bytes)
        self._caching = Caching(
            answers, self._entries, self.body_budget, shaped=middlewares is not None
        )
        self._limits = Reserving(limits, holds, self.body_budget)
        self._accounts = Accounts(rests, told, pool, self.body_budget, self._turns)
        self._asking = Asking(self._accounts, pool, refused, self.body_budget)
        plans = Plans()
        self._entrance = Entrance(self._fair_share, plans, client_address)
        self._own_answers = OwnAnswers(grants, origins, spending, rests, self._entrance.know)
        preparing = Preparing(
            bounds,
            self._turns,
            self.body_budget,
            refused,
            first=self._accounts.first,
            objects=Objects(index, self._turns),
            holds=holds,
            decisions=Decisions(most=DECIDED_MAX if middlewares is None else 0),
        )
        self._usual: Callable[..., Prepared | None] = preparing.usual
        self._prepare: Prepare = preparing.prepare
        self._relay: Relay = relaying.relay
        self._pass_whole: Callable[..., bytes | None] = relaying.passed_whole
        self._shaping: Shaping | None = None
        if middlewares is not None:
            self._shaping = Shaping(middlewares, bounds, self.body_budget, self._turns, plans)
            self._usual, self._prepare = passes_none, prepares(preparing)
            self._relay, self._pass_whole = relays(self._relay), passes_none
        self._looks = middlewares is not None or bounds.copied_bytes > 0
        self.active: set[Exchange] = set()
        self.draining = False
        #: Ends the running exchanges of revoked tokens and deactivated projects, among those given
        #: or among all.
        self.end_revoked = partial(revoking.end_revoked, self.active, grants)
        grants.on_change = self.end_revoked

    def begin(self, downstream: Downstream, run: Driven | None = None) -> Begun | None:
        """Take a request as far as plain calls do: a usual one is sent by them. None where `run`,
        which drives it, has nothing more to do for now; else `handle` goes on with it."""
        exchange = Exchange(downstream.head, downstream.head.method, run or asyncio.current_task())
        downstream = self._looked_into(downstream, exchange) if self._looks else downstream
        begun = Begun(self, downstream, exchange, run)
        try:
            self._admit(exchange)
            token = self._grants.recognised(exchange.head) if exchange.method == "POST" else None
            if token is None:
                return begun
            grant, plan = begun.let_in = self._entrance.let_in(exchange, token)
            begun.prepared = prepared = self._usual(downstream, exchange, grant, plan)
            if prepared is None or (decided := exchange.decided) is None:
                return begun
            if grant.cache is not None and not self._caching.at_once(exchange, prepared[0]):
                return begun
            if decided.is_limited:
                return begun
            # From here on it is recorded whatever happens.
            begun.reservation = UNLIMITED
            if exchange.found is not None:
                goes_on = run is not None and self._given(begun, UNLIMITED) is not None
            else:
                source = send_at_once(prepared[0], self._pool, exchange)
                goes_on = source is not None and begun.sent(source, UNLIMITED)
            return None if goes_on else begun
        except Exception as why:  # noqa: BLE001  (`handle` raises it)
            begun.failed = why
            return begun

    async def serve(self, downstream: Downstream) -> None:
        """Serve one request, in the task of who calls."""
        if (begun := self.begin(downstream)) is not None:
            await self.handle(begun)

    async def _send(self, begun: Begun) -> ResponseSource | None:
        """Take any request where `begin` left it, to what answers it. None where it is answered, or
        where nothing has to be waited for here."""
        downstream, exchange = begun.downstream, begun.exchange
        if exchange.method != "POST" and (ours := self._own_answers.to(downstream, exchange)):
            await ours
            return None
        if begun.let_in is None:
            head, grants = exchange.head, self._grants
            token = grants.recognised(head) or await authenticate(head, grants)
            begun.let_in = self._entrance.let_in(exchange, token)
            begun.prepared = self._usual(downstream, exchange, *begun.let_in)
        grant, plan = begun.let_in
        request, begun.asked = begun.prepared or await self._prepare(
            downstream, exchange, grant, plan
        )
        begun.prepared = None
        if grant.cache is not None and exchange.found is None:
            begun.downstream = downstream = await self._caching.look_up(
                downstream, exchange, grant, plan, (request, begun.asked)
            )
        begun.reservation = reservation = (
            await self._limits.reserve(exchange, grant, request)
            if grant.is_limited or exchange.policies
            else UNLIMITED
        )
        if exchange.found is not None:
            if (given := self._given(begun, reservation)) is not None:
                await given
                return None
        elif (sent := send_at_once(request, self._pool, exchange)) is not None:
            return None if begun.sent(sent, reservation) else sent
        begun.source, begun.head = await self._asking.ask(
            request, downstream, exchange, grant, plan
        )
        return begun.source

    async def handle(self, begun: Begun) -> None:
        """Serve a request that has begun to its one journal entry; what drives it may end later."""
        exchange = begun.exchange
        outcome: Outcome = "client_left"
        try:
            begun.check()
            if begun.slow is not None:
                return await begun.slow
            if (source := begun.source or await self._send(begun)) is None:
                return None
            downstream, reservation = begun.downstream, begun.reservation
            assert reservation is not None  # noqa: S101  (it was sent)
            (head, asked), begun.head, begun.asked = (begun.head, begun.asked), None, None
            trailers = last = None
            try:
                head = head or await source.head()
                last = self._pass_whole(downstream, source, exchange, head, reservation)
                if last is None:
                    source, head, asked = await self._asking.final(
                        downstream, source, exchange, head, asked
                    )
                    # Nor is what could have been sent again.
                    through, asked = (
                        relaying.answered(
                            exchange,
                            head,
                            asked,
                            self._comments and self._comments.of(source, downstream),
                        ),
                        None,
                    )
                    downstream.start(responses.response_head(exchange, head, through, reservation))
                    # Nor is what has been told of it.
                    del head, asked
                    last = await self._relay(downstream, source, exchange, through, self._turns)
                    trailers = source.trailers and trailers_for_downstream(source.trailers)
            finally:
                begun.source = None
                # What has been passed on to its end has no tail.
                self._tails.let_go(
                    source, read=last is None and not source.ended and exchange.whole_for_client
                )
            # What a client saw whole is recorded.
            entry = self._entry(exchange, "complete")
            if rest := begun.complete(self._ledger, entry, last, trailers):
                await rest
        except failures.REFUSED as why:
            await self._refuse(begun, failures.refusal_of(why))
        except UpstreamError as error:
            outcome = failures.outcome(error, answered=exchange.first_byte is not None)
            await self._refuse(begun, failures.of_upstream(error), outcome)
        except errors.ClientGone as gone:
            outcome = exchange.left(written=not isinstance(gone, errors.NotWritten))
            begun.downstream.abort()
        except asyncio.CancelledError:
            # The client hung up, or `Exchange.end` was called: for a revocation, at shutdown.
            outcome = exchange.ended_by or exchange.left()
            begun.downstream.abort()
            raise
        except Exception as unforeseen:
            # So that the log, and the answer of 500, name the request.
            raise errors.RequestBroken(exchange.id) from unforeseen
        finally:
            if begun.run is None or not begun.run.goes_on:
                self.end(begun, outcome)

    def answered(self, begun: Begun, head: UpstreamHead) -> None:
        """Pass a usual answer on by plain calls, to a request that was sent by them; with any other
        `handle` goes on."""
        source, reservation = begun.source, begun.reservation
        assert source is not None and reservation is not None  # noqa: S101, PT018  (it was sent)
        try:
            last = self._pass_whole(begun.downstream, source, begun.exchange, head, reservation)
            if last is not None:
                begun.source = None
                source.release()
                begun.complete(self._ledger, self._entry(begun.exchange, "complete"), last)
                return
            begun.head = head
        except Exception as why:  # noqa: BLE001  (`handle` raises it)
            begun.failed = why
        begun.go_on()

    def _looked_into(self, downstream: Downstream, exchange: Exchange) -> Downstream:
        """The client as those see it that copy what goes through, or change it."""
        if self._bounds.copied_bytes:
            downstream = exchange.copies = BodyCopies(downstream, self._bounds.copied_bytes)
        if self._shaping is not None:
            downstream = exchange.shaped = Shaped(self._shaping, downstream, exchange)
        return downstream

    def _admit(self, exchange: Exchange) -> None:
        """Count it among those that are under way. Raises a refusal where they are too many."""
        self.active.add(exchange)
        if self.draining:
            raise errors.ShuttingDown("The proxy is shutting down.", retry_after=1.0)
        if len(self.active) > self._bounds.max_active_requests or not self._ledger.can_keep:
            raise errors.Overloaded("The proxy is overloaded.", retry_after=1.0)
        if exchange.head.hops > MOST_HOPS:
            raise errors.LoopDetected("The request went in a circle: an upstream is this proxy.")

    def _given(self, begun: Begun, reservation: Reservation) -> Awaitable[None] | None:
        """Answer with a kept answer that is here in one piece; None where it is another, or where
        middlewares are to look into it: that is relayed as an upstream's."""
        exchange = begun.exchange
        found = exchange.found
        if found is None or self._shaping is not None:
            return None
        if (last := relaying.given_whole(begun.downstream, exchange, found, reservation)) is None:
            return None
        return begun.complete(self._ledger, self._entry(exchange, "complete"), last) or OVER

    def end(self, begun: Begun, outcome: Outcome) -> None:
        """Runs for every outcome: records once if admitted, settles the limits."""
        exchange, reservation = begun.exchange, begun.reservation
        self.active.discard(exchange)
        if exchange.shares:
            leave(exchange.shares)
        if exchange.kept is not None:
            exchange.kept.end()
        if exchange.again is not None:
            exchange.again.end()
        if exchange.cache:
            caching.end(exchange)
        if reservation is None:
            return
        if not exchange.recorded:
            self._record(exchange, outcome)
        if reservation is not UNLIMITED:
            self._limits.settle(exchange, reservation)

    def _record(self, exchange: Exchange, outcome: Outcome) -> None:
        """Record now, unless that was done."""
        if not exchange.recorded:
            self._ledger.append(self._entry(exchange, outcome))

    def _entry(self, exchange: Exchange, outcome: Outcome) -> Recorded:
        """The entry of a request that is over, of which all are told that want to know."""
        exchange.recorded = True
        entry = self._entries.of(exchange, outcome)
        if exchange.holds:
            self._holds.ended(exchange)
        self._observer.recorded(entry, exchange)
        if exchange.status >= 400:
            self._accounts.heard(entry.entry.upstream_code, exchange)
        return entry

    async def _refuse(
        self, begun: Begun, refusal: errors.Refusal, outcome: Outcome = "client_left"
    ) -> None:
        """Answer instead of the upstream, or break the connection where an answer has begun."""
        downstream, exchange, reservation = begun.downstream, begun.exchange, begun.reservation
        if downstream.started:
            if reservation is not None:
                self._record(exchange, outcome)
            downstream.abort()
            return
        exchange.status, exchange.refusal_code = refusal.status, refusal.code
        readable_by, provider = None, None
        if exchange.grant is not None:
            provider = exchange.grant.provider
        else:
            readable_by = await cors.reads_refusal(exchange.head, self._origins, refusal)
        head, content = responses.refusal(exchange, provider, refusal, readable_by)
        exchange.bytes_out = len(content)
        if reservation is not None:
            self._record(exchange, outcome)
        self._observer.refused(exchange, refusal, (provider or self._default_provider).name)
        if exchange.sent is None:
            # No upload reads it.
            downstream.drop_body()
        downstream.start(head)
        try:
            if (slow := downstream.finish(content)) is not None:
                await slow
        except errors.ClientGone:
            downstream.abort()

    # From outside

    def end_all(self) -> None:
        """End what is still running when the time to drain is over."""
        for exchange in list(self.active):
            exchange.end("shutdown")
