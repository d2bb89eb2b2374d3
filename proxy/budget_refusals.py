"""What a client is told of budgets: where one has no room for its request, and what is left.

Amounts of a project's budget are its owner's to know, not those of whoever has a token of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

from models.spent_budgets import SpentBudget
from proxy import errors
from proxy.headers import RawHeaders, wire_lines
from proxy.limits.budgets import Allowance, BudgetClaim, BudgetExceeded, Unit, parts_of
from proxy.limits.store import scope_of

_NANOS: Final = 10**9
_MICRO: Final = 10**6
_BUCKET_S: Final = {"minute": 60, "hour": 3600}


def of(exceeded: BudgetExceeded) -> errors.Refusal:
    """The refusal of a request for which a budget has no room."""
    allowance, hold = exceeded.claim
    needed = _told(allowance.unit, hold)
    whose = _whose(allowance)
    details: dict[str, Any] = {"budget": _budget(exceeded)}
    if allowance.policy:
        details["policy"] = allowance.policy
    if exceeded.why == "exceeded":
        when = _when(exceeded.resets_at_us)
        refusal = errors.BudgetExceeded(
            f"The request may cost up to {needed}, and {whose} has less left{_left(exceeded)}."
            f"{when} Ask for a shorter answer, or have the budget raised.",
            details=details,
        )
        refusal.spent = SpentBudget(
            allowance.key, allowance.amount, exceeded.spent, hold, exceeded.resets_at_us
        )
        return refusal
    if exceeded.why == "held":
        return errors.BudgetHeld(
            f"The request may cost up to {needed}, for which {whose} has room once requests that"
            " run have told what they used.",
            retry_after=exceeded.retry_after,
            details=details,
        )
    kind: type[errors.BudgetRateExceeded | errors.TokensPerMinuteExceeded]
    kind = errors.BudgetRateExceeded
    if (allowance.unit, allowance.period) == ("tokens", "minute"):
        kind = errors.TokensPerMinuteExceeded
    lines_of_it = wire_lines(_bucket_headers(exceeded))
    if exceeded.retry_after is not None:
        return kind(
            f"The request may cost up to {needed}, and {whose} is used up for now.",
            retry_after=exceeded.retry_after,
            lines=lines_of_it,
            details=details,
        )
    refused = kind(
        f"The request may cost up to {needed}, which is more than {whose} ever has.",
        lines=lines_of_it,
        details=details,
    )
    refused.retry = False
    return refused


def _budget(exceeded: BudgetExceeded) -> dict[str, Any]:
    allowance, hold = exceeded.claim
    scope = scope_of(allowance.key)
    said: dict[str, Any] = {
        "scope": scope,
        "policy": allowance.policy or None,
        "limit": allowance.unit,
        "period": allowance.period,
        "needed": _shown(allowance.unit, hold),
        "resets_at": _moment(exceeded.resets_at_us),
    }
    if scope == "token":
        said["amount"] = _shown(allowance.unit, allowance.amount)
        said["spent"] = _shown(allowance.unit, exceeded.spent)
    return said


def _whose(allowance: Allowance) -> str:
    owner = f"the {scope_of(allowance.key)}'s"
    policy = f" policy {allowance.policy!r} with its" if allowance.policy else ""
    kind = "budget" if allowance.unit == "usd" else "budget of tokens"
    period = "" if allowance.period == "total" else f" for the {allowance.period}"
    return f"{owner}{policy} {kind}{period}"


def _left(exceeded: BudgetExceeded) -> str:
    allowance, _ = exceeded.claim
    if scope_of(allowance.key) != "token":
        return ""
    left = max(0, allowance.amount - exceeded.spent)
    return f" ({_told(allowance.unit, left)} of {_told(allowance.unit, allowance.amount)})"


def _when(resets_at_us: int | None) -> str:
    moment = _moment(resets_at_us)
    return "" if moment is None else f" It begins anew at {moment}."


def _moment(at_us: int | None) -> str | None:
    if at_us is None:
        return None
    moment = datetime.fromtimestamp(at_us // _MICRO, UTC)
    return moment.isoformat().replace("+00:00", "Z")


def _shown(unit: Unit, amount: int) -> int | float:
    """An amount as a number: USD or tokens."""
    return amount / _NANOS if unit == "usd" else amount


def _told(unit: Unit, amount: int) -> str:
    """An amount in words."""
    return f"${_dollars(amount)}" if unit == "usd" else f"{amount:,} tokens"


def _dollars(nanos: int) -> str:
    """USD to the last digit that is none, and at least to the cent; no debts."""
    whole, rest = divmod(max(0, nanos), _NANOS)
    if not rest:
        return f"{whole}.00"
    decimals = f"{rest:09}".rstrip("0")
    return f"{whole}.{decimals:0<2}"


def _count(tokens: int) -> str:
    return str(max(0, tokens))


def lines(budgets: Sequence[BudgetClaim], left: Sequence[int], block: bytes) -> bytes:
    """What is left of the token's own budgets beside the request's hold, on answers.

    Of its tokens per minute the field's own lines tell, unless the upstream's `block` has them.
    """
    told = _told_of(tuple(map(_FIRST, map(_FIRST, budgets))))
    own = [label + write(left[place]) for place, label, write in told.own]
    found = b"x-llm-proxy-budget-remaining: %b\r\n" % ", ".join(own).encode() if own else b""
    if told.per_minute is not None and not _tells_tokens(block):
        found += wire_lines(_tokens(budgets[told.per_minute].allowance, left[told.per_minute]))
    return found


#: A claim's allowance, and an allowance's key.
_FIRST: Final = itemgetter(0)


class _Told(NamedTuple):
    """Which budgets a client is told of: by their places, what stands before an amount and how it
    is written; and the place of its tokens per minute."""

    own: tuple[tuple[int, str, Callable[[int], str]], ...]
    per_minute: int | None


@lru_cache(maxsize=1024)
def _told_of(keys: tuple[str, ...]) -> _Told:
    own = []
    per_minute = None
    for place, (subject, unit, period, _, policy) in enumerate(map(parts_of, keys)):
        if policy or scope_of(subject) != "token":
            continue
        own.append((place, f"{period};{unit}=", _dollars if unit == "usd" else _count))
        if per_minute is None and (unit, period) == ("tokens", "minute"):
            per_minute = place
    return _Told(tuple(own), per_minute)


def _tells_tokens(block: bytes) -> bool:
    found = (b"\r\n" + block.lower()).find(b"\r\nx-ratelimit-limit-tokens:")
    return found >= 0


def _bucket_headers(exceeded: BudgetExceeded) -> RawHeaders:
    allowance, _ = exceeded.claim
    if not _is_tpm(allowance):
        return []
    return _tokens(allowance, allowance.amount - exceeded.spent - exceeded.held)


def _tokens(allowance: Allowance, left: int) -> RawHeaders:
    full = max(0, allowance.amount - left) * _BUCKET_S["minute"] / allowance.amount
    return [
        (b"x-ratelimit-limit-tokens", b"%d" % allowance.amount),
        (b"x-ratelimit-remaining-tokens", b"%d" % max(0, left)),
        (b"x-ratelimit-reset-tokens", b"%.1fs" % full),
    ]


def _is_tpm(allowance: Allowance) -> bool:
    return allowance.period == "minute" and allowance.unit == "tokens" and _is_own(allowance)


def _is_own(allowance: Allowance) -> bool:
    return not allowance.policy and scope_of(allowance.key) == "token"
