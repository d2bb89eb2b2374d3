"""What a token's requests on a model mostly used."""

from __future__ import annotations

import random

from proxy.metering.typical import PAIRS_MAX, REQUESTS, Typical, Used


def test_it_is_the_99th_percentile_of_the_last_200() -> None:
    typical, numbers = Typical(), random.Random(17)
    seen = []
    for _ in range(700):
        used = Used(numbers.randrange(1000), numbers.randrange(10))
        seen.append(used)
        typical.add("token", "model", used)
        last = seen[-REQUESTS:]
        # Nearest rank: the 198th of 200.
        at = -(-99 * len(last) // 100) - 1
        assert typical.of("token", "model") == (
            sorted(one.tokens for one in last)[at],
            sorted(one.nanos for one in last)[at],
        )


def test_tokens_and_models_are_apart_and_nothing_is_known_at_first() -> None:
    typical = Typical()
    typical.add("one", "a", Used(1, 2))
    assert typical.of("one", "a") == (1, 2)
    assert typical.of("one", "b") is None
    assert typical.of("two", "a") is None


def test_what_is_remembered_is_bounded() -> None:
    typical = Typical()
    typical.add("kept", "a", Used(7, 7))
    for number in range(PAIRS_MAX - 1):
        typical.add("other", str(number), Used(1, 1))
    typical.add("kept", "a", Used(7, 7))
    typical.add("other", "one more", Used(1, 1))
    assert typical.of("kept", "a") == (7, 7)
    assert typical.of("other", "0") is None
    typical.add("long", "m" * 100_000, Used(1, 1))
    assert max(len(model) for _, model in typical._seen) <= 200
