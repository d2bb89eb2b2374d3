"""Which upstreams refuse the question for usage, and what was read of a refusal."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from proxy import questions
from proxy.driving import Driven
from proxy.questions import REMEMBERED_S, Asked, Peeked, RefusedQuestions, question
from tests.proxy.upstream.sources import InMemory

CHAT = "/v1/chat/completions"
A, B, C = uuid4(), uuid4(), uuid4()


def test_a_refusal_is_remembered_for_an_hour_by_key_endpoint_and_model() -> None:
    now = 100.0
    refused = RefusedQuestions(lambda: now)
    asked = Asked(uuid4(), CHAT, "m")
    refused.add(asked, A)
    assert refused.hold(asked, A)
    assert not refused.hold(asked._replace(model="n"), A)
    assert not refused.hold(asked._replace(endpoint="/v1/completions"), A)
    assert not refused.hold(asked._replace(key_id=uuid4()), A)
    now += REMEMBERED_S
    assert not refused.hold(asked, A)


def test_a_refusal_holds_for_others_once_a_second_token_has_met_it() -> None:
    now = 100.0
    refused = RefusedQuestions(lambda: now)
    asked = Asked(uuid4(), CHAT, "m")
    refused.add(asked, A)
    refused.add(asked, A)
    assert [refused.hold(asked, token) for token in (A, B, C)] == [True, False, False]
    refused.add(asked, B)
    assert [refused.hold(asked, token) for token in (A, B, C)] == [True, True, True]
    # What is over confirms nothing.
    now += REMEMBERED_S
    refused.add(asked, C)
    assert [refused.hold(asked, token) for token in (A, B, C)] == [False, False, True]


def test_no_more_than_so_many_are_remembered() -> None:
    refused = RefusedQuestions(lambda: 0.0)
    all_asked = [Asked(uuid4(), CHAT, "m") for _ in range(questions._REMEMBERED_MAX + 1)]
    for asked in all_asked:
        refused.add(asked, A)
    assert not refused.hold(all_asked[0], A)
    assert all(refused.hold(asked, A) for asked in all_asked[1:])
    # One that is refused again takes no other's place.
    refused.add(all_asked[-1], A)
    assert all(refused.hold(asked, A) for asked in all_asked[1:])


def test_only_a_small_body_without_options_of_its_own_can_be_sent_again() -> None:
    small, most = (b'{"a":', b"1}"), b"x" * questions.BODY_MAX_BYTES
    large = (most, b"x")
    assert question(small, withholds=True, may_repeat=True).body == small
    assert question((most,), withholds=True, may_repeat=True).body == (most,)
    assert question(large, withholds=True, may_repeat=True).body is None
    assert question(small, withholds=True, may_repeat=False).body is None
    cut = (b'{"stream_op', b'tions":{}}')
    assert question(cut, withholds=True, may_repeat=True).body is None


async def test_what_was_read_of_an_answer_is_handed_out_first_and_once() -> None:
    upstream = InMemory()
    peeked = Peeked(upstream.source)
    named = asyncio.create_task(peeked.names_the_question())
    for piece in (b"a", b"stream_", b"options"):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        upstream.body(piece)
    upstream.end((b"x-sum", b"1"))
    assert await named
    assert peeked.trailers == [(b"x-sum", b"1")]
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
    assert upstream.source.is_waiting
    assert not peeked.is_waiting
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


@pytest.mark.parametrize("driven", [False, True])
async def test_an_answer_that_dawdles_is_handed_on_with_what_has_come(
    monkeypatch: pytest.MonkeyPatch, driven: bool
) -> None:
    monkeypatch.setattr(questions, "ANSWER_WITHIN_S", 0.01)
    upstream = InMemory()
    upstream.body(b"stream_")
    peeked = Peeked(upstream.source)
    named: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def ask() -> None:
        named.set_result(await peeked.names_the_question())

    if driven:
        Driven().drive(ask())
    else:
        await ask()
    assert not await named
    upstream.body(b"options")
    upstream.end()
    taken = bytearray()

    def take(data: bytes) -> bool:
        taken.extend(data)
        return True

    await peeked.pump(take)
    assert (bytes(taken), peeked.ended) == (b"stream_options", True)
