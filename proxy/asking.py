"""Whom a request is sent to that does not go at once; and of an answer that is an error, what
the account that gave it may have to rest for, and whether the same request is sent once more,
without the question that we had put into it."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial

from proxy import forward, relaying
from proxy.access.authorization import target_for
from proxy.access.grant import Grant
from proxy.accounts.attempts import LIMITED, Accounts, Call
from proxy.body.budget import BodyBudget
from proxy.decided import Ready, keep
from proxy.downstream import Downstream
from proxy.exchange import Exchange
from proxy.plans import Plan
from proxy.questions import REFUSALS, Asked, Peeked, Question, RefusedQuestions
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.pool import Pool
from proxy.upstream.source import ResponseSource


class Asking:
    """Of all requests of one worker."""

    def __init__(
        self, accounts: Accounts, pool: Pool, questions: RefusedQuestions, bodies: BodyBudget
    ) -> None:
        self._accounts = accounts
        self._pool = pool
        self._questions = questions
        self._bodies = bodies

    def ask(
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
        keep(request, exchange, self._bodies)
        sent = forward.in_pieces(request)
        if grant.chooses:
            return self._accounts.ask(sent, Call(grant, plan.route, downstream, exchange))
        return forward.send(sent, partial(target_for, grant), downstream, self._pool, exchange)

    async def final(
        self,
        downstream: Downstream,
        source: ResponseSource,
        exchange: Exchange,
        head: UpstreamHead,
        asked: Question | None,
    ) -> tuple[ResponseSource, UpstreamHead, Question | None]:
        """The final head, behind those that are passed on before it, and whose answer it is."""
        head = await relaying.final_head(downstream, source, exchange, head)
        if head.status < 400:
            return source, head, asked
        return await self._refused(downstream, source, exchange, head, asked)

    async def _refused(
        self,
        downstream: Downstream,
        source: ResponseSource,
        exchange: Exchange,
        head: UpstreamHead,
        asked: Question | None,
    ) -> tuple[ResponseSource, UpstreamHead, Question | None]:
        """What comes of an error: the only account of a grant may rest, or be asked otherwise."""
        grant = exchange.grant
        if grant is not None and not grant.chooses and head.status in LIMITED:
            # For how long, its body may say, which is on its way to the client.
            exchange.limited = head.headers
        if asked is None or head.status not in REFUSALS:
            return source, head, asked
        return await self._without_question(downstream, source, exchange, head, asked)

    async def _without_question(
        self,
        downstream: Downstream,
        source: ResponseSource,
        exchange: Exchange,
        head: UpstreamHead,
        asked: Question,
    ) -> tuple[ResponseSource, UpstreamHead, Question | None]:
        """Ask again without the question, once, where it is what was refused."""
        refused, grant, route = Peeked(source), exchange.grant, exchange.route
        if grant is None or route is None or asked.body is None:
            return refused, head, asked
        if not await refused.names_the_question():
            return refused, head, asked
        request = forward.outgoing(
            exchange.head,
            asked.body,
            complete=True,
            rules=grant.fields,
            others=grant.other_fields,
        )
        target = exchange.target or target_for(grant)
        request = await self._accounts.adapting.to(request, target, exchange, route)
        # The refusal is no answer that this one could go on with.
        exchange.first_byte = None
        again, head = await forward.send(request, lambda: target, downstream, self._pool, exchange)
        try:
            head = await relaying.final_head(downstream, again, exchange, head)
        except BaseException:
            again.release()
            raise
        source.release()
        if head.status < 400:
            what = Asked(target.key_id, route.pattern, exchange.model)
            self._questions.add(what, grant.record.token_id)
        return again, head, None
