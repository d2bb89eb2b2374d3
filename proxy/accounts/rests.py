"""Which accounts are fit, in this worker's memory: a look-up where any rests, else nothing.

A rest is of a key and a model together, of a key and an endpoint where no model is named, or of a
key as a whole. It chooses between accounts and refuses nothing: where none is fit, the one is asked
that will be soonest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from time import time
from typing import Final, NamedTuple
from uuid import UUID

from models.text import clean_text
from proxy.upstream.target import Target

#: Seconds for which an account that failed is left alone, in this worker.
FAILED_REST_S: Final = 2.0
#: Clients name models, so there may be any number.
_PAIRS_MAX: Final = 10_000


#: Characters of a name that `key_rest` keeps.
_WHOLE_MAX: Final = 200


class Scope(NamedTuple):
    """What of an account an answer speaks for; one of both is ''."""

    model: str
    endpoint: str


def scope_of(model: str, endpoint: str) -> Scope:
    """What an answer speaks for: the model where one is named, else the endpoint.

    A name that the database could not keep as it is stands as its digest: cut, it would be one of
    another model, and no other worker would find it again.
    """
    if not model:
        return Scope("", endpoint)
    if len(model) <= _WHOLE_MAX and (
        model.isprintable() or clean_text(model, limit=_WHOLE_MAX) == model
    ):
        return Scope(model, "")
    digest = hashlib.blake2b(model.encode("utf-8", "replace"), digest_size=32).hexdigest()
    return Scope(f"blake2b:{digest}", "")


class Rests:
    """Until when, in Unix seconds. `shared` ones come from other workers and machines."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self._clock = clock
        self._keys: dict[UUID, float] = {}
        self._pairs: dict[tuple[UUID, Scope], float] = {}
        self._shared: dict[tuple[UUID, Scope], float] = {}
        self._suspended: dict[UUID, float] = {}

    def choose(self, targets: Sequence[Target], scope: Scope) -> Target:
        """The first that is fit, in the token's order, or the one that will be soonest."""
        found = self.first_fit(targets, scope)
        if found is not None:
            return found
        return min(targets, key=lambda target: self.fit_at(target.key_id, scope))

    def first_fit(
        self, targets: Sequence[Target], scope: Scope, tried: Collection[UUID] = ()
    ) -> Target | None:
        """The first that is fit and has not been tried."""
        now = self._clock()
        for target in targets:
            if target.key_id not in tried and self.fit_at(target.key_id, scope) <= now:
                return target
        return None

    def fit_at(self, key_id: UUID, scope: Scope) -> float:
        """From when on it is fit; 0 where it does not rest."""
        pair = key_id, scope
        return max(
            self._keys.get(key_id, 0.0),
            self._pairs.get(pair, 0.0),
            self._shared.get(pair, 0.0),
            self._suspended.get(key_id, 0.0),
        )

    def rest(self, key_id: UUID, scope: Scope, seconds: float) -> float:
        """The account's own word about this model or endpoint; until when."""
        pair, until = (key_id, scope), self._clock() + seconds
        self._pairs.pop(pair, None)
        if len(self._pairs) >= _PAIRS_MAX:
            del self._pairs[next(iter(self._pairs))]
        self._pairs[pair] = until
        return until

    def failed(self, key_id: UUID) -> None:
        """It answered 5xx, or not at all: others are asked for a moment, by this worker."""
        self._keys.pop(key_id, None)
        if len(self._keys) >= _PAIRS_MAX:
            del self._keys[next(iter(self._keys))]
        self._keys[key_id] = self._clock() + FAILED_REST_S

    def suspend(self, key_id: UUID, until: float) -> None:
        """It is bad, as a test has shown; it will be tested again then."""
        self._suspended[key_id] = until

    def learn(self, shared: dict[tuple[UUID, Scope], float], suspended: dict[UUID, float]) -> None:
        """What all workers and machines know by now, in place of what was known of them."""
        self._shared, self._suspended = shared, suspended

    @property
    def suspended(self) -> Collection[UUID]:
        """Keys that are suspended."""
        return self._suspended.keys()

    def resting(self) -> int:
        """How many accounts rest now, wholly or in part."""
        now = self._clock()
        pairs = [*self._pairs.items(), *self._shared.items()]
        keys = {key for (key, _), until in pairs if until > now}
        return len(keys | {key for key, until in self._keys.items() if until > now})
