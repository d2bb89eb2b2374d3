"""How long an upstream may take."""

from __future__ import annotations

from typing import NamedTuple


class Timeouts(NamedTuple):
    """Seconds.

    `first_byte` runs from the last request byte that left; `idle` is between two reads and does
    not run while we hold back reading.
    """

    connect: float
    first_byte: float
    idle: float
