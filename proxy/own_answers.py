"""Answers that go to no upstream: to preflights, and to a token that asks about itself."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from models.spending import Spending
from proxy import responses
from proxy.access import cors
from proxy.access.authentication import authenticate
from proxy.access.authorization import TOKEN_PAGE, only_shown
from proxy.access.grant import Grant
from proxy.access.grants import Grants
from proxy.downstream import Downstream
from proxy.exchange import Exchange
from proxy.token_page import Suspended, TokenPage


class OwnAnswers:
    """Those of one worker. `know` checks whether a token may be used, as for any request."""

    def __init__(
        self,
        grants: Grants,
        origins: cors.Origins,
        spending: Spending,
        rests: Suspended,
        know: Callable[[Exchange, Grant], None],
    ) -> None:
        self._grants = grants
        self._origins = origins
        self._page = TokenPage(spending, rests)
        self._know = know

    def to(self, downstream: Downstream, exchange: Exchange) -> Coroutine[Any, Any, None] | None:
        """What answers a request that is no POST; None where that is an upstream's to do."""
        head = exchange.head
        if exchange.method == "OPTIONS" and cors.is_preflight(head):
            return self._preflight(downstream, exchange)
        if head.target.partition(b"?")[0] == TOKEN_PAGE:
            return self._token(downstream, exchange)
        return None

    async def _preflight(self, downstream: Downstream, exchange: Exchange) -> None:
        downstream.start(await cors.answer(exchange.head, self._origins, exchange.id_text))
        if (slow := downstream.finish()) is not None:
            await slow

    async def _token(self, downstream: Downstream, exchange: Exchange) -> None:
        """Outside the token's allow lists and limits, and recorded nowhere."""
        head, grants = exchange.head, self._grants
        grant, exchange.digest = grants.recognised(head) or await authenticate(head, grants)
        self._know(exchange, grant)
        if exchange.method not in ("GET", "HEAD"):
            raise only_shown(exchange.method)
        content = await self._page.of(grant)
        downstream.drop_body()
        downstream.start(responses.of_ours(exchange, content))
        if (slow := downstream.finish(content)) is not None:
            await slow
