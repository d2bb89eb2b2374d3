"""Who is let in: what a token, the time, the address and a request's head alone decide of it."""

from __future__ import annotations

from collections.abc import Callable
from time import time

from proxy.access.authentication import check_alive
from proxy.access.authorization import check_source, narrowed
from proxy.access.grant import Grant
from proxy.downstream import RequestHead
from proxy.exchange import Exchange
from proxy.fair_share import FairShare
from proxy.labels import END_USER, TAGS, labels_of
from proxy.plans import Plan, Plans


class Entrance:
    """That of one worker."""

    __slots__ = ("_client_address", "_fair_share", "_plans")

    def __init__(
        self, fair_share: FairShare, plans: Plans, client_address: Callable[[RequestHead], str]
    ) -> None:
        self._fair_share = fair_share
        self._plans = plans
        self._client_address = client_address

    def know(self, exchange: Exchange, grant: Grant) -> None:
        """Check whether the token may be used at all, from there. Raises a refusal."""
        # From here on a refusal can be in its provider's words, and its own page may read it.
        exchange.grant = grant
        if time() >= grant.in_force_until:
            check_alive(grant)
        if grant.restricts_source:
            check_source(grant, exchange.head, self._client_address)
        exchange.shares = self._fair_share.enter(grant)

    def let_in(self, exchange: Exchange, token: tuple[Grant, str]) -> tuple[Grant, Plan]:
        """Check what the token, of this grant and digest, and the head alone decide; with the
        accounts that serve it. Raises a refusal.
        """
        grant, exchange.digest = token
        self.know(exchange, grant)
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
