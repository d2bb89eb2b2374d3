"""What a request holds of budgets, and what they are charged once it has ended."""

from __future__ import annotations

from collections.abc import Sequence

from loguru import logger

from models.entry import Entry
from proxy.access.budgets import Budgeted, refuse
from proxy.access.grants import Grant
from proxy.access.policies import budgets_with
from proxy.errors import NotMeterable
from proxy.exchange import Exchange
from proxy.limits.budgets import BudgetClaim, charged
from proxy.metering.bound import NOTHING, Bound
from proxy.metering.metering import bound_of
from proxy.metering.typical import Typical, Used
from proxy.pricing.prices import Call, Prices
from proxy.upstream.target import Target

_UNKNOWN = Bound(None, None, "Its body was not read.", "Its body was not read.")
_BATCH = "What a batch will use is reported nowhere that the proxy sees."


class Holds:
    """Of all requests of one worker."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._typical = Typical()

    def claim(self, exchange: Exchange, grant: Grant) -> tuple[BudgetClaim, ...]:
        """What the request claims of budgets, as it is known of it now. Raises NotMeterable."""
        budgets = budgets_with(grant.budgets, exchange.policies)
        if not budgets or not exchange.counted:
            # It uses nothing by its nature.
            return ()
        bound = self._bound(exchange, grant, hard=refuse(budgets))
        typical = None
        if any(budget.is_typical for budget in budgets):
            typical = self._typical.of(grant.token_text, exchange.model)
        exchange.holds = tuple(
            BudgetClaim(budget.allowance, _hold(budget, bound, typical)) for budget in budgets
        )
        return exchange.holds

    def _bound(self, exchange: Exchange, grant: Grant, *, hard: bool) -> Bound:
        route, asks = exchange.route, exchange.asks
        if route is not None and route.dialect == "free":
            return NOTHING
        if route is not None and route.dialect == "batches":
            return Bound(None, None, _BATCH, _BATCH)
        if not hard or asks is None:
            return _UNKNOWN
        return bound_of(self._prices, _calls(exchange, grant, asks.models), asks, exchange.at)

    def ended(self, entry: Entry, exchange: Exchange) -> None:
        """A request with holds has ended: learn from it, and say where a hold was too small."""
        charge = exchange.charge
        if charge is None or charge.kind != "used":
            return
        self._typical.add(entry.token_id, exchange.model, Used(charge.tokens, charge.nanos))
        for allowance, hold in exchange.holds:
            amount = charged(allowance.unit, hold, charge)
            if allowance.hard and amount > hold:
                exchange.overshot += (allowance.unit,)
                logger.bind(request_id=entry.id, model=entry.model).warning(
                    "A request cost more than its budget held for it: {} {} instead of {}",
                    amount,
                    "nano-dollars" if allowance.unit == "usd" else "tokens",
                    hold,
                )


def are_soft(holds: Sequence[BudgetClaim]) -> bool:
    """Whether none of these budgets may refuse anything."""
    return not any(allowance.hard for allowance, _ in holds)


def _hold(budget: Budgeted, bound: Bound, typical: Used | None) -> int:
    """How much of a budget is held. Raises NotMeterable."""
    allowance = budget.allowance
    in_usd = allowance.unit == "usd"
    most = bound.nanos if in_usd else bound.tokens
    if most is None:
        if allowance.hard:
            raise _refusal(bound.why_nanos if in_usd else bound.why_tokens, in_usd=in_usd)
        return 0
    if budget.is_typical and typical is not None:
        return min(most, typical.nanos if in_usd else typical.tokens)
    return most


def _refusal(why: str, *, in_usd: bool) -> NotMeterable:
    what = "cost" if in_usd else "use"
    return NotMeterable(f"A budget asks what this request may {what}, which is not known. {why}")


def _calls(exchange: Exchange, grant: Grant, models: Sequence[str]) -> list[Call]:
    """Each model that the request names, at each account that may be asked, without repeats."""
    names = models or (exchange.model,)
    targets: Sequence[Target | None] = grant.targets or (None,)
    return list(
        dict.fromkeys(
            exchange.call_at(grant, _called(target, name), "", target)
            for target in targets
            for name in names
        )
    )


def _called(target: Target | None, model: str) -> str:
    return model if target is None or not target.models else target.models.get(model, model)
