"""The path of a request: authenticate, authorize, reserve, forward, relay, record.

`DataPlane.handle` is the whole of it and reads downward. A refusal is raised by the stage that
finds it and answered here, once; what breaks after the answer has begun breaks the client's
connection, because a cut answer must never look whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from time import time
from uuid import UUID

from models.again import Recorded
from models.entry import Outcome
from models.spending import Spending
from proxy import caching, errors, failures, forward, keepalive, relaying, responses, revoking
from proxy.access import cors
from proxy.access.authentication import authenticate, check_alive
from proxy.access.authorization import check_source, narrowed, target_for
from proxy.access.grant import Grant
from proxy.access.grants import Grants
from proxy.accounts.attempts import Accounts, Call, Told
from proxy.accounts.rests import Rests
from proxy.asking_again import AskingAgain
from proxy.body.budget import BodyBudget
from proxy.body_capture import BodyCopies
from proxy.bounds import Bounds
from proxy.cache.answers import Answers
from proxy.caching import Caching
from proxy.decided import DECIDED_MAX, Decisions, Prepared, Ready, keep, send_at_once
from proxy.downstream import Downstream, RequestHead
from proxy.driving import Driven
from proxy.ending import OVER, Ending
from proxy.entries import Entries
from proxy.exchange import Exchange
from proxy.fair_share import FairShare, leave
from proxy.header_rules import trailers_for_downstream
from proxy.holds import Holds
from proxy.hops import MOST_HOPS
from proxy.labels import END_USER, TAGS, labels_of
from proxy.limits.store import LimitStore, Reservation
from proxy.middleware.shaping import Prepare, Relay, Shaped, passes_none, prepares, relays
from proxy.middleware.worker import Middlewares, Shaping
from proxy.objects.index import Index
from proxy.objects.pinning import Objects
from proxy.own_answers import OwnAnswers
from proxy.plans import Plan, Plans
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
        self._client_address = client_address
        self._origins = origins
        self._observer = observer
        every = bounds.comment_every
        self._comments = None if every is None else keepalive.Comments(every)
        self._turns = Turns()
        self._tails = Tails()
        self._refused_questions = RefusedQuestions()
        self._fair_share = FairShare(bounds.max_active_requests, bounds.shares)
        self.body_budget = BodyBudget(bounds.buffered_bodies_max_bytes)
        self._caching = Caching(
            answers, self._entries, self.body_budget, shaped=middlewares is not None
        )
        self._limits = Reserving(limits, holds, self.body_budget)
        self._accounts = Accounts(rests, told, pool, self.body_budget, self._turns)
        self._asking_again = AskingAgain(self._accounts, pool, self._refused_questions)
        self._own_answers = OwnAnswers(grants, origins, spending, rests, self._know)
        self._plans = Plans()
        preparing = Preparing(
            bounds,
            self._turns,
            self.body_budget,
            self._refused_questions,
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
            self._shaping = Shaping(middlewares, bounds, self.body_budget, self._turns, self._plans)
            self._usual, self._prepare = passes_none, prepares(preparing)
            self._relay, self._pass_whole = relays(self._relay), passes_none
        self._looks = middlewares is not None or bounds.copied_bytes > 0
        self.active: set[Exchange] = set()
        self.draining = False
        grants.on_change = self.end_revoked

    async def handle(self, downstream: Downstream, run: Driven | None = None) -> None:
        """Serve one request to its one journal entry; `run`, which drives it, may end later."""
        exchange = Exchange(downstream.head, downstream.head.method)
        downstream = self._looked_into(downstream, exchange) if self._looks else downstream
        reservation: Reservation | None = None
        outcome: Outcome = "client_left"
        try:
            self._admit(exchange)
            if exchange.method != "POST" and (ours := self._own_answers.to(downstream, exchange)):
                return await ours
            grant, plan = self._let_in(
                exchange,
                self._grants.recognised(exchange.head)
                or await authenticate(exchange.head, self._grants),
            )
            request, asked = self._usual(downstream, exchange, grant, plan) or await self._prepare(
                downstream, exchange, grant, plan
            )
            downstream = (
                downstream
                if grant.cache is None
                or (isinstance(request, Ready) and self._caching.at_once(exchange, request))
                else await self._caching.look_up(
                    downstream, exchange, grant, plan, (request, asked)
                )
            )
            reservation = (
                await self._limits.reserve(exchange, grant, request)
                if grant.is_limited or exchange.policies
                else UNLIMITED
            )
            if exchange.found and (given := self._given(downstream, exchange, reservation, run)):
                return await given
            source, head = send_at_once(request, self._pool, exchange) or await self._ask(
                request, downstream, exchange, grant, plan
            )
            # It is not to be kept for as long as the answer streams.
            del request
            trailers = last = None
            try:
                head = head or await source.head()
                last = self._pass_whole(downstream, source, exchange, head, reservation)
                if last is None:
                    source, head, asked = await self._asking_again.final(
                        downstream, source, exchange, head, asked
                    )
                    # Nor is what could have been sent again.
                    through, asked = (
                        relaying.answered(
                            exchange,
                            grant,
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
                # What has been passed on to its end has no tail.
                self._tails.let_go(
                    source, read=last is None and not source.ended and exchange.whole_for_client
                )
            if rest := self._complete(
                Ending(run, downstream, exchange, reservation, self._end, last, trailers)
            ):
                await rest
        except failures.REFUSED as why:
            await self._refuse(downstream, exchange, reservation, failures.refusal_of(why))
        except UpstreamError as error:
            outcome = failures.outcome(error, answered=exchange.first_byte is not None)
            await self._refuse(
                downstream, exchange, reservation, failures.of_upstream(error), outcome
            )
        except errors.ClientGone as gone:
            outcome = exchange.left(written=not isinstance(gone, errors.NotWritten))
            downstream.abort()
        except asyncio.CancelledError:
            # The client hung up, or `Exchange.end` was called: for a revocation, at shutdown.
            outcome = exchange.ended_by or exchange.left()
            downstream.abort()
            raise
        except Exception as unforeseen:
            # So that the log, and the answer of 500, name the request.
            raise errors.RequestBroken(exchange.id) from unforeseen
        finally:
            if run is None or not run.goes_on:
                self._end(exchange, reservation, outcome)

    # Before the upstream

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

    def _know(self, exchange: Exchange, grant: Grant) -> None:
        """Check whether the token may be used at all, from there. Raises a refusal."""
        # From here on a refusal can be in its provider's words, and its own page may read it.
        exchange.grant = grant
        if time() >= grant.in_force_until:
            check_alive(grant)
        if grant.restricts_source:
            check_source(grant, exchange.head, self._client_address)
        exchange.shares = self._fair_share.enter(grant)

    def _let_in(self, exchange: Exchange, token: tuple[Grant, str]) -> tuple[Grant, Plan]:
        """Check what the token, of this grant and digest, and the head alone decide; with the
        accounts that serve it. Raises a refusal.
        """
        grant, exchange.digest = token
        self._know(exchange, grant)
        head = exchange.head
        # Whether there is a body, heads that are alike need not agree on.
        if head.content_length and (decided := grant.decided.get(head.likeness)) is not None:
            exchange.decided, exchange.labels = decided, decided.labels
            exchange.route = decided.plan.route
            return grant, decided.plan
        plan = self._plans.of(grant, head)
        exchange.route = plan.route
        first = head.lines.first
        if grant.tags is not None or TAGS in first or END_USER in first:
            exchange.labels = labels_of(head.lines, grant.tags)
        if grant.other_fields:
            grant = exchange.grant = narrowed(grant, plan.route, head)
        return grant, plan

    def _given(
        self,
        downstream: Downstream,
        exchange: Exchange,
        reservation: Reservation,
        run: Driven | None,
    ) -> Awaitable[None] | None:
        """Answer with a kept answer that is here in one piece; None where it is another, or where
        middlewares are to look into it: that is relayed as an upstream's."""
        found = exchange.found
        if found is None or self._shaping is not None:
            return None
        if (last := relaying.given_whole(downstream, exchange, found, reservation)) is None:
            return None
        ending = Ending(run, downstream, exchange, reservation, self._end, last)
        return self._complete(ending) or OVER

    def _ask(
        self,
        request: forward.Outgoing | Ready,
        downstream: Downstream,
        exchange: Exchange,
        grant: Grant,
        plan: Plan,
    ) -> Awaitable[tuple[ResponseSource, UpstreamHead]]:
        """Have an answer that is waited for: a kept one, or an upstream's."""
        if exchange.found is not None:
            return exchange.found.answer()
        keep(request, exchange, self.body_budget)
        sent = forward.in_pieces(request)
        if grant.chooses:
            return self._accounts.ask(sent, Call(grant, plan.route, downstream, exchange))
        return forward.send(sent, partial(target_for, grant), downstream, self._pool, exchange)

    # After the upstream began to answer

    def _end(self, exchange: Exchange, reservation: Reservation | None, outcome: Outcome) -> None:
        """Runs for every outcome: records once if admitted, settles the limits."""
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

    def _complete(self, ending: Ending) -> Coroutine[None, None, None] | None:
        """Record a complete one, and end its answer then: what a client saw whole is recorded."""
        return ending.after(self._ledger, self._entry(ending.exchange, "complete"))

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
            self._accounts.heard(exchange.status, entry.entry.upstream_code, exchange)
        return entry

    async def _refuse(
        self,
        downstream: Downstream,
        exchange: Exchange,
        reservation: Reservation | None,
        refusal: errors.Refusal,
        outcome: Outcome = "client_left",
    ) -> None:
        """Answer instead of the upstream, or break the connection where an answer has begun."""
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

    async def end_revoked(self, subjects: set[UUID] | None) -> None:
        """End the running exchanges of revoked tokens and deactivated projects among `subjects`.

        None: any token or project may be.
        """
        await revoking.end_revoked(self.active, self._grants, subjects)

    def end_all(self) -> None:
        """End what is still running when the time to drain is over."""
        for exchange in list(self.active):
            exchange.end("shutdown")
