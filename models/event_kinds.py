"""The kinds of events, by the names that destinations are set up with and receivers see."""

from typing import Final, Literal, TypeAlias, get_args

EventKind: TypeAlias = Literal[
    "request.failed",
    "budget.threshold",
    "budget.exceeded",
    "key.resting",
    "key.suspended",
    "token.expiring",
    "token.exhausted",
    "database.away",
    "database.back",
]
#: `request.failed` is no row among the events: the request log has it.
EVENT_KINDS: Final[tuple[EventKind, ...]] = get_args(EventKind)
#: Kinds of destinations that carry requests, as traces, and have no place for events.
TRACES: Final = ("otlp", "langfuse")
