"""What the budgets of a request that ends are charged, and what its entry says beside tokens."""

from __future__ import annotations

from typing import Final

from models.entry import Outcome, Parts, UsageQuality
from models.request_log import was_refused
from proxy.exchange import Exchange
from proxy.limits.budgets import Charge, used
from proxy.usage.accumulator import Used

_NOTHING: Final = Charge("none")
_HELD: Final = Charge("held")
NO_PARTS: Final = (None,) * 8


def charged(
    exchange: Exchange,
    state: UsageQuality,
    usage: Used | None,
    nanos: int | None,
    outcome: Outcome,
) -> Charge:
    """What its budgets are charged."""
    if exchange.sent is None:
        return _NOTHING
    if len(exchange.attempts) > 1 and any(one.may_be_billed for one in exchange.attempts[:-1]):
        return _HELD
    prompt, completion = (None, None) if usage is None else usage[:2]
    is_known = prompt is not None or completion is not None
    if state == "exact" and is_known:
        in_usd = nanos is None and any(each.unit == "usd" for each, _ in exchange.holds)
        if not in_usd:
            return used(nanos or 0, (prompt or 0) + (completion or 0))
        return _HELD
    # What was stated and is not whole was used all the same.
    is_stated = usage is not None and (is_known or parts_of(usage) is not None)
    refused = exchange.first_byte is not None and was_refused(exchange.status, outcome)
    return _NOTHING if (state == "exact" or refused) and not is_stated else _HELD


def parts_of(usage: Used) -> Parts | None:
    """What of a usage an entry has only where it was reported."""
    numbers = usage[4:12]
    return None if numbers == NO_PARTS else Parts(*numbers)
