"""Asking one account after another, before the first byte of an answer goes to the client.

Only where the upstream cannot have done the work twice: it answered that it did nothing, or nothing
of the request was written to it. A connection that is lost after that may be billed, and is the
client's to know of. What is taken of limits is taken once, before all of this.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection
from time import perf_counter, time
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from msgspec.structs import replace

from models.entry import Attempt
from models.failover import Failover
from proxy import forward
from proxy.access.authorization import target_for
from proxy.access.grant import Grant
from proxy.accounts import blame
from proxy.accounts.adapting import Adapting
from proxy.accounts.naming import stays
from proxy.accounts.rests import Rests, Scope, scope_of
from proxy.accounts.retry_after import rest_seconds
from proxy.body.budget import BodyBudget, KeptBytes
from proxy.downstream import Downstream
from proxy.errors import ClientGone, UpstreamAuthUnavailable
from proxy.exchange import Exchange
from proxy.providers.endpoints import Route
from proxy.questions import Peeked
from proxy.relaying import final_head
from proxy.turns import Turns
from proxy.upstream.errors import (
    ConnectFailed,
    ConnectionLost,
    ConnectTimedOut,
    TimedOut,
    UpstreamError,
)
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.pool import Pool
from proxy.upstream.source import ResponseSource
from proxy.upstream.target import Target

#: A larger body is not kept to be sent again.
BODY_MAX_BYTES: Final = 1024 * 1024
#: Answers that speak of a limit of the account's, for this model.
LIMITED: Final = (408, 429, 529)
#: Rests of at least so many seconds are told to other workers and machines.
SHARED_FROM_S: Final = 10.0


class Told(Protocol):
    """Who else is to know of what an answer says of a key (`sharing`, `examining`)."""

    def rests(self, key_id: UUID, scope: Scope, until: float, why: str) -> None:
        """The key rests for this scope. Never raises, never waits."""
        ...

    def blamed(self, grant: Grant, target: Target, why: str) -> None:
        """An answer's own code blames the key. Never raises, never waits."""
        ...


class Call(NamedTuple):
    """What is asked, and for whom."""

    grant: Grant
    route: Route
    downstream: Downstream
    exchange: Exchange

    @property
    def scope(self) -> Scope:
        """What of an account its answer speaks for."""
        return _scope(self.exchange, self.route)


def _scope(exchange: Exchange, route: Route) -> Scope:
    return scope_of(exchange.model, route.pattern)


class _Answer(NamedTuple):
    """What one account answered."""

    source: ResponseSource
    head: UpstreamHead
    blames: bool

    @property
    def is_whole(self) -> bool:
        """Whether all of it has arrived."""
        return isinstance(self.source, Peeked) and self.source.has_arrived

    def asks_for_another(self, rule: Failover, exchange: Exchange) -> bool:
        """Whether another account is to be asked after it, of which the client has seen nothing."""
        return not exchange.informed and (self.blames or self.head.status in rule.statuses)


class _Before:
    """The answer after which another account is asked, in case that nothing can be sent there."""

    __slots__ = ("_answer", "_mapped", "_target")

    def __init__(self) -> None:
        self._answer: _Answer | None = None
        self._target: Target | None = None
        self._mapped = ""

    def keep(self, answer: _Answer, exchange: Exchange) -> None:
        """This one, and no earlier one. A connection is not held for what may never be read."""
        self.let_go()
        if answer.is_whole:
            self._answer, self._target, self._mapped = answer, exchange.target, exchange.mapped
        else:
            answer.source.release()

    def instead(self, exchange: Exchange) -> tuple[ResponseSource, UpstreamHead] | None:
        """It is what the client gets, and what its row tells of; None where there is none."""
        answer, self._answer = self._answer, None
        if answer is None:
            return None
        exchange.target, exchange.mapped = self._target, self._mapped
        return answer.source, answer.head

    def let_go(self) -> None:
        """It is not needed any more."""
        if self._answer is not None:
            self._answer.source.release()
            self._answer = None


class Accounts:
    """A worker's. `ask` stands in the place of `forward.send` where a grant has several."""

    def __init__(
        self, rests: Rests, told: Told, pool: Pool, budget: BodyBudget, turns: Turns
    ) -> None:
        self._rests = rests
        self._told = told
        self._pool = pool
        self._budget = budget
        self.adapting = Adapting(turns, budget)

    def first(
        self, grant: Grant, exchange: Exchange, route: Route, body: Collection[bytes]
    ) -> Target:
        """The account that a request with this body is asked first. Raises as `target_for` does."""
        if len(grant.targets) < 2:
            return target_for(grant)
        steady = stays(route, exchange.method, tuple(body))
        return self._first(grant, _scope(exchange, route), steady=steady)

    def _first(self, grant: Grant, scope: Scope, *, steady: bool) -> Target:
        """The same; the token's own where it has to be a `steady` one."""
        target = target_for(grant)
        return target if steady else self._rests.choose(grant.targets, scope)

    def heard(self, code: str, exchange: Exchange) -> None:
        """An error of the only account of a grant, whose body is known by now: where it blames the
        key, that is looked into, and where the account has enough for now, the key rests for as
        long as head and body say."""
        grant, target = exchange.grant, exchange.target
        if grant is None or grant.provider is None or target is None or exchange.attempts:
            return
        body = None if exchange.meter is None else blame.decoded(exchange.meter.refusal)
        known = (target.provider or grant.provider).blames_key
        if not known.isdisjoint((code, *blame.codes([], body))):
            self._told.blamed(grant, target, f"{exchange.status} {code}")
        if exchange.limited is not None and exchange.route is not None:
            # It goes on being asked, as there is no other, and is shown and told of as resting.
            seconds = rest_seconds(exchange.limited, body, time())
            why = blame.described(exchange.status, exchange.limited, body)
            self._rest(target, _scope(exchange, exchange.route), seconds, why)

    async def ask(
        self, request: forward.Outgoing, call: Call
    ) -> tuple[ResponseSource, UpstreamHead]:
        """The answer of the first account that gives one which is not to be failed over.

        Raises as `forward.send` does.
        """
        grant, exchange = call.grant, call.exchange
        small = request.size <= BODY_MAX_BYTES
        steady = stays(call.route, exchange.method, tuple(request.body) if small else ())
        # What names objects is for the account that knows them.
        target = exchange.pinned or self._first(grant, call.scope, steady=steady)
        steady = steady or exchange.pinned is not None
        rule = self._rule(request, call) if small and request.complete and not steady else None
        before = _Before()
        try:
            return await self._until_one_stands(request, call, target, rule, before)
        finally:
            before.let_go()

    async def _until_one_stands(
        self,
        request: forward.Outgoing,
        call: Call,
        target: Target,
        rule: Failover | None,
        before: _Before,
    ) -> tuple[ResponseSource, UpstreamHead]:
        grant, exchange = call.grant, call.exchange
        # Where it is not sent again, each piece may go as soon as it is sent.
        body = () if rule is None else tuple(request.body)
        tried = {target.key_id}
        while True:
            began = perf_counter()
            following = None
            # A request that was sent has let go of its body.
            again = request if rule is None else replace(request, body=deque(body))
            may_go_on = rule if rule is not None and len(tried) < rule.max_attempts else None
            patience = None if may_go_on is None else self._patience(may_go_on, call, tried)
            try:
                answer = await self._try(again, target, call, patience)
            except (UpstreamError, UpstreamAuthUnavailable) as error:
                _note(exchange, target, began, error=_word(error))
                if not isinstance(error, TimedOut):
                    self._rests.failed(target.key_id)
                if may_go_on is not None and _did_nothing(error, exchange, may_go_on):
                    following = self._rests.first_fit(grant.targets, call.scope, tried)
                if following is None:
                    # It says more than that another one is not there: until when to wait.
                    earlier = before.instead(exchange) if _sent_nothing(error) else None
                    if earlier is None:
                        raise
                    return earlier
                if not _sent_nothing(error):
                    # It may have done the work, which the answer before knows nothing of.
                    before.let_go()
            except (asyncio.CancelledError, ClientGone):
                # It was tried, whoever ended it.
                _note(exchange, target, began, error=exchange.ended_by or "client_left")
                raise
            else:
                _note(exchange, target, began, status=answer.head.status)
                if may_go_on is not None and answer.asks_for_another(may_go_on, exchange):
                    following = self._rests.first_fit(grant.targets, call.scope, tried)
                if following is None:
                    return answer.source, answer.head
                before.keep(answer, exchange)
            exchange.first_byte = None
            exchange.body_wait += perf_counter() - began
            target = following
            tried.add(target.key_id)

    def _rule(self, request: forward.Outgoing, call: Call) -> Failover | None:
        """What the project says, where there is room to keep the body until an answer begins."""
        rule, exchange = call.grant.failover, call.exchange
        if rule is None or not self._budget.has_spare(request.size):
            return None
        if exchange.again is None:
            exchange.again = KeptBytes(self._budget)
        exchange.again.take(request.size)
        return rule

    def _patience(self, rule: Failover, call: Call, tried: Collection[UUID]) -> float | None:
        """For how many seconds an answer is waited for, where that is less than for others: to
        give an account up helps only where there is another one to ask."""
        seconds = rule.first_byte_timeout
        if seconds is None or self._rests.first_fit(call.grant.targets, call.scope, tried) is None:
            return None
        return seconds

    async def _try(
        self, request: forward.Outgoing, target: Target, call: Call, patience: float | None
    ) -> _Answer:
        """Ask one account, and learn from its answer, which is waited for with `patience`."""
        request = await self.adapting.to(request, target, call.exchange, call.route)
        source, head = await forward.send(
            request,
            lambda: target,
            call.downstream,
            self._pool,
            call.exchange,
            first_byte=patience,
        )
        peeked = Peeked(source)
        try:
            head = await final_head(call.downstream, source, call.exchange, head)
            if head.status < 400:
                return _Answer(source, head, False)
            body = blame.decoded(await peeked.beginning(), head.headers)
        except BaseException:
            source.release()
            raise
        return _Answer(peeked, head, self._learn(target, call, head, body))

    def _learn(self, target: Target, call: Call, head: UpstreamHead, body: Any) -> bool:
        """Let the key rest as its answer says; whether the answer blames the key."""
        provider = target.provider or call.grant.provider
        known = frozenset() if provider is None else provider.blames_key
        why = blame.described(head.status, head.headers, body)
        if head.status in LIMITED:
            self._rest(target, call.scope, rest_seconds(head.headers, body, time()), why)
        elif head.status >= 500:
            self._rests.failed(target.key_id)
        if known.isdisjoint(blame.codes(head.headers, body)):
            return False
        self._told.blamed(call.grant, target, why)
        return True

    def _rest(self, target: Target, scope: Scope, seconds: float, why: str) -> None:
        until = self._rests.rest(target.key_id, scope, seconds)
        if seconds >= SHARED_FROM_S:
            self._told.rests(target.key_id, scope, until, why)


def _did_nothing(error: Exception, exchange: Exchange, rule: Failover) -> bool:
    """Whether no work was done, or the project takes it that it may have been."""
    if exchange.informed:
        return False
    if _sent_nothing(error):
        return True
    abandons = rule.first_byte_timeout is not None and exchange.first_byte is None
    return abandons and isinstance(error, TimedOut)


def _sent_nothing(error: Exception) -> bool:
    """Whether this account saw nothing of the request."""
    if isinstance(error, ConnectionLost):
        return error.unsent
    return isinstance(error, ConnectFailed | ConnectTimedOut | UpstreamAuthUnavailable)


def _word(error: Exception) -> str:
    if isinstance(error, UpstreamAuthUnavailable):
        return error.code
    if isinstance(error, ConnectFailed):
        return "unreachable"
    if isinstance(error, ConnectTimedOut):
        return "connect_timeout"
    if isinstance(error, TimedOut):
        return "abandoned"
    return "connection_lost" if isinstance(error, ConnectionLost) else "protocol_error"


def _note(
    exchange: Exchange, target: Target, began: float, *, status: int = 0, error: str = ""
) -> None:
    ms = int((perf_counter() - began) * 1000)
    exchange.attempts = (*exchange.attempts, Attempt(target.key_text, status, error, ms))
