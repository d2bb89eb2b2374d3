"""Which key a token uses: steady, by weight, and little moves when keys come and go."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import pytest

from models.grants import KeyMaterial
from proxy.access.key_selection import ranked
from tests.proxy.rows import a_key

# Fixed, so that the shares below are the same in every run.
TOKENS = [
    UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128) for number in range(1, 5001)
]
KEYS = [a_key(weight, UUID(int=number)) for number, weight in enumerate((1, 1, 2, 4), start=1)]


def chosen(keys: list[KeyMaterial], tokens: list[UUID] = TOKENS) -> list[UUID]:
    return [ranked(keys, token)[0].id for token in tokens]


def test_without_keys_there_is_none() -> None:
    assert ranked([], TOKENS[0]) == []


def test_the_choice_is_steady_and_does_not_depend_on_the_order() -> None:
    assert chosen(KEYS) == chosen(KEYS) == chosen(KEYS[::-1])


def test_the_choice_is_this_one_for_good() -> None:
    """Files and batches live in one account: an upgrade must not send tokens to another."""
    assert [key.int for key in chosen(KEYS, TOKENS[:12])] == [3, 4, 4, 4, 4, 1, 3, 4, 4, 4, 4, 4]


def test_keys_get_their_weights_share() -> None:
    counts = Counter(chosen(KEYS))
    total = sum(key.weight for key in KEYS)
    for key in KEYS:
        assert counts[key.id] / len(TOKENS) == pytest.approx(key.weight / total, abs=0.02)


@pytest.mark.parametrize("gone", range(4))
def test_a_key_that_goes_moves_only_its_own_tokens(gone: int) -> None:
    left = [key for index, key in enumerate(KEYS) if index != gone]
    for before, after in zip(chosen(KEYS), chosen(left), strict=True):
        assert before in (after, KEYS[gone].id)


def test_a_key_that_comes_takes_only_its_share() -> None:
    new = a_key(2, UUID(int=99))
    moved = [
        after
        for before, after in zip(chosen(KEYS), chosen([*KEYS, new]), strict=True)
        if before != after
    ]
    assert set(moved) == {new.id}
    assert len(moved) / len(TOKENS) == pytest.approx(2 / 10, abs=0.02)


def test_a_weight_that_grows_only_draws_tokens_to_it() -> None:
    heavier = [a_key(5, KEYS[0].id), *KEYS[1:]]
    for before, after in zip(chosen(KEYS), chosen(heavier), strict=True):
        assert after in (before, KEYS[0].id)
