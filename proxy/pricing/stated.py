"""The cost that an upstream states in its answer, where its provider says in which field and unit.

OpenRouter's `usage.cost` is in USD and what the account is charged; for a key of one's own
(`is_byok`) it is OpenRouter's fee alone, and so no cost of the answer. Perplexity's is
`usage.cost.total_cost`, xAI's `usage.cost_in_usd_ticks` (10**10 to the dollar).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from proxy.decoding.json_reading import WRONG
from proxy.pricing.rates import NANOS_MAX
from proxy.providers.provider import CostUnit

SOURCE: Final = "upstream"

#: So many of each are a dollar.
_PER_USD: Final[dict[CostUnit, int]] = {"usd": 1, "usd_cents": 100, "usd_ticks": 10**10}
_NANOS: Final = 10**9


class Stated(NamedTuple):
    """What an answer says of its cost: nothing (`said` is False), or so many nano-dollars.

    `nanos` is None where it says something that is no amount.
    """

    said: bool
    nanos: int | None = None


_NOTHING: Final = Stated(said=False)
# Decimal, so that 0.1 stays what was written.
_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode


def read(usage: bytes | None, field: str, unit: CostUnit) -> Stated:
    """The cost in a `usage` object; `field` is its path in the answer, as `usage.cost`."""
    if not usage:
        return _NOTHING
    try:
        found: Any = _decode(usage)
    except WRONG:
        return _NOTHING
    if not isinstance(found, dict) or found.get("is_byok"):
        return _NOTHING
    for name in field.split(".")[1:]:
        found = found.get(name) if isinstance(found, dict) else None
    return _NOTHING if found is None else Stated(said=True, nanos=_nanos(found, _PER_USD[unit]))


def _nanos(amount: object, per_usd: int) -> int | None:
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        return None
    # Compared before it is counted with: 1e999999 is a number in JSON, too.
    if not 0 <= amount <= NANOS_MAX * per_usd // _NANOS:
        return None
    return round(Decimal(amount) * _NANOS / per_usd)
