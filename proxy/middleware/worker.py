"""The middlewares of one worker, from its start to its end, and what its requests need of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from proxy.body.budget import BodyBudget
from proxy.bounds import Bounds
from proxy.middleware.calling import Calls
from proxy.middleware.loading import Loaded
from proxy.middleware.watchdog import Held, Watchdog
from proxy.plans import Plans
from proxy.turns import Turns

Hooked: TypeAlias = tuple[Loaded, Callable[..., Any]]


class Middlewares:
    """All that were loaded; `timeout` in seconds."""

    def __init__(self, loaded: Sequence[Loaded], timeout: float) -> None:
        self.loaded = tuple(loaded)
        held = Held()
        self.calls = Calls(held, timeout)
        self._watchdog = Watchdog(held)

    def open(self) -> None:
        """Begin to watch the event loop, of which this is the thread."""
        self._watchdog.open()

    def close(self) -> None:
        """The worker ends."""
        self._watchdog.close()
        self.calls.let_go(self.loaded)

    def take_failures(self) -> Mapping[tuple[str, str], int]:
        """How many there were since this was asked last, by middleware and reason."""
        return self.calls.take_failures()


class Shaping:
    """Them, with what a worker bounds and shares."""

    def __init__(
        self,
        middlewares: Middlewares,
        bounds: Bounds,
        budget: BodyBudget,
        turns: Turns,
        plans: Plans,
    ) -> None:
        loaded = middlewares.loaded
        self.calls = middlewares.calls
        self.bounds = bounds
        self.budget = budget
        self.turns = turns
        self.plans = plans
        #: Whether a middleware needs bodies whole.
        self.keeps_body = any(one.keeps_body for one in loaded)
        self.asked = tuple(one for one in loaded if one.request is not None)
        # Answers pass the other way round: the first that is named is next to the client.
        self.heads: tuple[Hooked, ...] = tuple(
            (one, one.response_head) for one in reversed(loaded) if one.response_head is not None
        )
        self.events: tuple[Hooked, ...] = tuple(
            (one, one.event) for one in reversed(loaded) if one.event is not None
        )
