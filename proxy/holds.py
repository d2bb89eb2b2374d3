"""What a request holds of budgets, and what they are charged once it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loguru import logger

from models.grants import GrantRecord
from proxy.access.budgets import refuse
from proxy.access.grant import Grant
from proxy.access.policies import budgets_with
from proxy.entries import call_at
from proxy.errors import NotMeterable
from proxy.exchange import Exchange
from proxy.limits.budgets import Allowance, BudgetClaim
from proxy.metering.bound import NOTHING, Bound
from proxy.metering.metering import Bounds
from proxy.metering.typical import Typical, Used
from proxy.pricing.prices import Call, Prices
from proxy.upstream.target import Target

_UNKNOWN = Bound(None, None, "Its body was not read.", "Its body was not read.")
#: Of tokens, models and paths, the last two of which clients choose.
_REMEMBERED_MAX = 512
_NAMES_MAX_BYTES = 256
_BATCH = "What a batch will use is reported nowhere that the proxy sees."


class _Known(NamedTuple):
    """What a token's requests to one model and path may become."""

    record: GrantRecord
    targets: tuple[Target, ...]
    calls: tuple[Call, ...]


class Holds:
    """Of all requests of one worker."""

    def __init__(self, prices: Prices) -> None:
        self._bounds = Bounds(prices)
        self._calls: dict[tuple[str, str, bytes], _Known] = {}
        self._typical = Typical()

    def claim(self, exchange: Exchange, grant: Grant) -> tuple[BudgetClaim, ...]:
        """What the request claims of budgets, as it is known of it now. Raises NotMeterable."""
        budgets = budgets_with(grant.budgets, exchange.policies)
        if not budgets or not exchange.counted:
            # It uses nothing by its nature.
            return ()
        hard = refuse(budgets) if exchange.policies else grant.meters
        bound = self._bound(exchange, grant, hard=hard)
        nanos, tokens = bound.nanos, bound.tokens
        holds = []
        for allowance, is_typical in budgets:
            most = nanos if allowance.unit == "usd" else tokens
            if most is None:
                most = _unbounded(allowance, bound)
            elif is_typical and (used := self._typical.of(grant.token_text, exchange.model)):
                most = min(most, used.nanos if allowance.unit == "usd" else used.tokens)
            holds.append(BudgetClaim(allowance, most))
        exchange.holds = tuple(holds)
        return exchange.holds

    def _bound(self, exchange: Exchange, grant: Grant, *, hard: bool) -> Bound:
        route, asks = exchange.route, exchange.asks
        if route is not None and route.dialect == "free":
            return NOTHING
        if route is not None and route.dialect == "batches":
            return Bound(None, None, _BATCH, _BATCH)
        if not hard or asks is None:
            return _UNKNOWN
        return self._bounds.of(self._calls_of(exchange, grant, asks.models), asks, exchange.at)

    def _calls_of(
        self, exchange: Exchange, grant: Grant, models: tuple[str, ...]
    ) -> tuple[Call, ...]:
        """Each model that the request names, at each account that may be asked, without repeats."""
        names = models or (exchange.model,)
        path = exchange.head.target
        if len(names) > 1 or len(names[0]) + len(path) > _NAMES_MAX_BYTES or b"?" in path:
            # A query may hold a secret.
            return _calls(exchange, grant, names)
        key = grant.token_text, names[0], path
        known = self._calls.get(key)
        if known is None or known.record is not grant.record or known.targets != grant.targets:
            if len(self._calls) >= _REMEMBERED_MAX:
                self._calls.clear()
            calls = _calls(exchange, grant, names)
            known = self._calls[key] = _Known(grant.record, grant.targets, calls)
        return known.calls

    def ended(self, exchange: Exchange) -> None:
        """A request with holds has ended: learn from it, and say where a hold was too small."""
        charge, grant = exchange.charge, exchange.grant
        if grant is None or charge is None or charge.kind != "used":
            return
        self._typical.add(grant.token_text, exchange.model, Used(charge.tokens, charge.nanos))
        for allowance, hold in exchange.holds:
            amount = charge.nanos if allowance.unit == "usd" else charge.tokens
            if amount > hold and allowance.hard:
                exchange.overshot += (allowance.unit,)
                logger.bind(request_id=exchange.id, model=exchange.model).warning(
                    "A request cost more than its budget held for it: {} {} instead of {}",
                    amount,
                    "nano-dollars" if allowance.unit == "usd" else "tokens",
                    hold,
                )


def are_soft(holds: Sequence[BudgetClaim]) -> bool:
    """Whether none of these budgets may refuse anything."""
    return not any(allowance.hard for allowance, _ in holds)


def _unbounded(allowance: Allowance, bound: Bound) -> int:
    """What is held of a budget where nothing says what a request may cost. Raises NotMeterable."""
    in_usd = allowance.unit == "usd"
    if allowance.hard:
        raise _refusal(bound.why_nanos if in_usd else bound.why_tokens, in_usd=in_usd)
    return 0


def _refusal(why: str, *, in_usd: bool) -> NotMeterable:
    what = "cost" if in_usd else "use"
    return NotMeterable(f"A budget asks what this request may {what}, which is not known. {why}")


def _calls(exchange: Exchange, grant: Grant, names: Sequence[str]) -> tuple[Call, ...]:
    targets: Sequence[Target | None] = grant.targets or (None,)
    return tuple(
        dict.fromkeys(
            call_at(exchange, grant, _called(target, name), "", target)
            for target in targets
            for name in names
        )
    )


def _called(target: Target | None, model: str) -> str:
    return model if target is None or not target.models else target.models.get(model, model)
