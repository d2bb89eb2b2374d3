"""A short run of every target, the same each time, and what the corpus keeps."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.messages import FRAGMENTS, corpus, messages
from tests.fuzz.targets import TARGETS
from tests.fuzz.turns import Counter, TooManySteps

#: Bytes; a chunk is a turn of its own, codings are eight, and a list is read twice in small turns.
FILLED = {"chunks": 4096, "codings": 8192, "lists": 8192}
KEPT = [(name, number) for name in TARGETS for number in range(len(corpus(name)))]


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_whatever_arrives_raises_nothing_of_others_and_no_turn_is_long(
    name: str, data: st.DataObject
) -> None:
    target = TARGETS[name]
    target.run(data.draw(messages(name)), Counter(target.most))


@pytest.mark.parametrize("name", TARGETS)
def test_a_piece_full_of_one_thing_takes_no_long_turn(name: str) -> None:
    target = TARGETS[name]
    for fragment in FRAGMENTS[name]:
        target.run([fragment * (FILLED.get(name, 65_536) // len(fragment))], Counter(target.most))


@pytest.mark.parametrize(("name", "number"), KEPT)
def test_what_is_kept(name: str, number: int) -> None:
    target, message = TARGETS[name], corpus(name)[number]
    for size in (len(message), 7):
        pieces = [message[at : at + size] for at in range(0, len(message), size)]
        target.run(pieces, Counter(target.most))


def test_a_turn_of_too_many_steps_is_told() -> None:
    counter = Counter(100)

    def work(times: int) -> None:
        with counter.turn():
            for _ in range(times):
                len(b"")

    work(50)
    with pytest.raises(TooManySteps):
        work(150)
    assert counter.longest > 100
