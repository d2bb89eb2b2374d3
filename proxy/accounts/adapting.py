"""A request as one account takes it: with the names that this account has for models, and with the
header lines that its provider wants.

Worked out for each attempt, since each account has its own, and after every rule has judged the
client's. An account that is as its project says, without such names, gets the request as it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from proxy.body import renaming
from proxy.body.budget import BodyBudget, KeptBytes
from proxy.body.model_rule import coding_of
from proxy.body.reading import BodyReading
from proxy.body.wanted import Wanted
from proxy.exchange import Exchange
from proxy.forward import Outgoing
from proxy.headers import field_list
from proxy.providers.endpoints import Route
from proxy.turns import Turns
from proxy.upstream.target import Target

_ALL_OF_IT: Final = Wanted(rule=False, asks=False, certainty=False, model=False, renames=True)


class Adapting:
    """Of all requests of one worker."""

    def __init__(self, turns: Turns, budget: BodyBudget) -> None:
        self._turns = turns
        self._budget = budget

    async def to(
        self, request: Outgoing, target: Target, exchange: Exchange, route: Route
    ) -> Outgoing:
        """The request for this account. Raises Overloaded where there is no room to decode it."""
        exchange.mapped = ""
        if target.provider is not None and request.others is not None:
            request = replace(request, fields=request.others[target.provider.name])
        if not (names := target.models):
            return request
        exchange.mapped = names.get(exchange.model, "")
        if route.model_segment:
            path = renaming.in_target(route, request.head.target, names)
            request = request if path is None else replace(request, target=path)
        if not request.complete or not request.size:
            return request
        if not route.names_model:
            return request
        body = await self._body(request, exchange, names)
        if body is None:
            return request
        size = sum(map(len, body))
        if exchange.kept is not None:
            # What is written of it is given back, as of any other.
            exchange.kept.take(max(0, size - request.size))
        fields = renaming.in_lines(request.fields, size)
        return replace(request, fields=fields, body=deque(body), size=size)

    async def _body(
        self, request: Outgoing, exchange: Exchange, names: Mapping[str, str]
    ) -> tuple[bytes, ...] | None:
        # A body that something was spliced into is decoded already, whatever the client said.
        coding = coding_of(field_list(request.fields))
        if coding is None:
            return None
        want = replace(_ALL_OF_IT, coding=coding)
        reading = BodyReading(exchange.head, want, self._turns)
        reading.counted = KeptBytes(self._budget) if coding else None
        try:
            for piece in request.body:
                await reading.take(piece)
            return await reading.renamed(names)
        finally:
            if reading.counted is not None:
                reading.counted.end()
