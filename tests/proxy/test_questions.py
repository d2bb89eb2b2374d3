"""Which upstreams refuse the question for usage, and what was read of a refusal."""

from __future__ import annotations

from uuid import uuid4

from proxy import questions
from proxy.questions import REMEMBERED_S, Peeked, RefusedQuestions, question
from tests.proxy.upstream.sources import InMemory


def test_a_refusal_is_remembered_for_an_hour_by_key_and_model() -> None:
    now = 100.0
    refused = RefusedQuestions(lambda: now)
    key, other = uuid4(), uuid4()
    refused.add(key, "m")
    assert (key, "m") in refused
    assert (key, "n") not in refused
    assert (other, "m") not in refused
    now += REMEMBERED_S
    assert (key, "m") not in refused


def test_no_more_than_so_many_are_remembered() -> None:
    refused = RefusedQuestions(lambda: 0.0)
    keys = [uuid4() for _ in range(questions._REMEMBERED_MAX + 1)]
    for key in keys:
        refused.add(key, "m")
    assert (keys[0], "m") not in refused
    assert all((key, "m") in refused for key in keys[1:])


def test_only_a_small_body_without_options_of_its_own_can_be_sent_again() -> None:
    small, large = (b'{"a":', b"1}"), (b"x" * questions.BODY_MAX_BYTES, b"x")
    assert question(small, withholds=True, may_repeat=True).body == small
    assert question(large, withholds=True, may_repeat=True).body is None
    assert question(small, withholds=True, may_repeat=False).body is None
    cut = (b'{"stream_op', b'tions":{}}')
    assert question(cut, withholds=True, may_repeat=True).body is None


async def test_what_was_read_of_an_answer_is_handed_out_first_and_once() -> None:
    upstream = InMemory()
    for piece in (b"a", b"stream_", b"options"):
        upstream.body(piece)
    upstream.end()
    peeked = Peeked(upstream.source)
    assert await peeked.names_the_question()
    assert not peeked.ended
    assert not peeked.is_waiting
    taken: list[tuple[bytes, bool]] = []

    def take(data: bytes) -> bool:
        taken.append((data, peeked.ended))
        return len(taken) != 1

    await peeked.pump(take)
    assert [data for data, _ in taken] == [b"a"]
    await peeked.pump(take)
    assert taken == [(b"a", False), (b"stream_", False), (b"options", True)]
    assert peeked.ended


async def test_an_answer_that_goes_on_is_handed_on_as_it_comes() -> None:
    upstream = InMemory()
    upstream.body(b"x" * (questions.ANSWER_MAX_BYTES + 1))
    peeked = Peeked(upstream.source)
    assert not await peeked.names_the_question()
    upstream.body(b"stream_options")
    upstream.end()
    size = 0

    def take(data: bytes) -> bool:
        nonlocal size
        size += len(data)
        return True

    await peeked.pump(take)
    assert size == questions.ANSWER_MAX_BYTES + 1 + len(b"stream_options")
    peeked.release()
    assert upstream.source.released.is_set()
