"""What a token's requests on a model mostly used."""

from __future__ import annotations

import random

from proxy.metering.typical import PAIRS_MAX, REQUESTS, Typical, Used


def used(typical: Typical, token: str, model: str, what: Used) -> None:
    """A request whose budget holds what is typical."""
    typical.of(token, model)
    typical.add(token, model, what)


def test_it_is_the_99th_percentile_of_the_last_200() -> None:
    typical, numbers = Typical(), random.Random(17)
    seen = []
    for _ in range(700):
        one = Used(numbers.randrange(1000), numbers.randrange(10))
        seen.append(one)
        used(typical, "token", "model", one)
        last = seen[-REQUESTS:]
        # Nearest rank: the 198th of 200.
        at = -(-99 * len(last) // 100) - 1
        assert typical.of("token", "model") == (
            sorted(one.tokens for one in last)[at],
            sorted(one.nanos for one in last)[at],
        )


def test_tokens_and_models_are_apart_and_nothing_is_known_at_first() -> None:
    typical = Typical()
    used(typical, "one", "a", Used(1, 2))
    assert typical.of("one", "a") == (1, 2)
    assert typical.of("one", "b") is None
    assert typical.of("two", "a") is None


def test_of_what_nobody_asks_for_nothing_is_remembered() -> None:
    typical = Typical()
    typical.add("one", "a", Used(1, 2))
    assert typical.of("one", "a") is None
    typical.add("one", "a", Used(3, 4))
    assert typical.of("one", "a") == (3, 4)


def test_what_is_remembered_is_bounded() -> None:
    typical = Typical()
    used(typical, "kept", "a", Used(7, 7))
    for number in range(PAIRS_MAX - 1):
        used(typical, "other", str(number), Used(1, 1))
    used(typical, "kept", "a", Used(7, 7))
    used(typical, "other", "one more", Used(1, 1))
    assert typical.of("kept", "a") == (7, 7)
    assert typical.of("other", "0") is None
    used(typical, "long", "m" * 100_000, Used(1, 1))
    assert max(len(model) for _, model in typical._seen) <= 200
