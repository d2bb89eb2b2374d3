"""What a form asks for, as far as its cost depends on it."""

from __future__ import annotations

from typing import Any, Final

from proxy.body.multipart import Part
from proxy.metering.asks import Asks

#: Fields of forms that say how many answers there are.
_COUNTS: Final = ("n", "best_of")


def of_form(parts: list[Part]) -> Asks:
    """What a form asks for: it has files, of which no tokens are known."""
    asks = Asks(grows=True, media={"image", "audio"})
    for part in parts:
        name = part.name.decode("latin-1").casefold()
        if name in _COUNTS:
            value: Any = part.value.decode("latin-1") if part.size == len(part.value) else "?"
            asks.answers_of(value)
        elif name == "service_tier":
            asks.tiers.add(part.value.decode("latin-1").strip().lower())
    return asks
