"""What answers in place of an upstream: heads, pieces, ends and breaks, as of any other source."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.cache.flights import Flights, Led
from proxy.cache.kept import BLOCK_BYTES, About, Kept, events_of
from proxy.cache.sources import Following, Replay
from proxy.upstream.errors import ConnectionLost
from tests.proxy.cache.made import DOCUMENT, EVENTS, flights, led

ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n")


def kept(body: bytes, about: About) -> Kept:
    starts = range(0, len(body), BLOCK_BYTES)
    blocks = tuple(body[start : start + BLOCK_BYTES] for start in starts)
    return Kept(about, blocks, len(body), 0.0, None)


async def pieces_of(source: Replay | Following, most: int = 0) -> list[bytes]:
    """All pieces, `most` of them at a time."""
    taken: list[bytes] = []

    def take(data: bytes) -> bool:
        taken.append(data)
        return not most or len(taken) % most != 0

    while not source.ended:
        await source.pump(take)
    return taken


@pytest.mark.parametrize("most", [0, 1, 7])
@pytest.mark.parametrize("end", ENDS)
async def test_each_event_is_a_piece(tmp_path: Path, end: bytes, most: int) -> None:
    events = [b"data: %d%b" % (number, end) for number in range(100)]
    assert await pieces_of(Replay(kept(b"".join(events), EVENTS)), most) == events
    leading = led(flights(tmp_path))
    leading.answered(EVENTS, 0.0)
    for event in events:
        leading.append(event)
    leading.land(None)
    leading.use()
    assert await pieces_of(Following(leading, EVENTS), most) == events


@given(st.binary(max_size=64).map(lambda data: data.replace(b"\x00", b"\n\n")))
def test_events_are_all_of_the_bytes_in_their_order(data: bytes) -> None:
    events, rest = events_of(data)
    assert b"".join(events) + rest == data


async def test_an_event_over_several_blocks_is_one_piece_as_long_as_it_is_no_longer_than_one() -> (
    None
):
    long = b"data: " + b"x" * (BLOCK_BYTES - 100) + b"\n\n"
    longer = b"data: " + b"x" * (3 * BLOCK_BYTES) + b"\n\n"
    body = b"data: 1\n\n" + long + longer + b"data: 2\n\n" + b"data: no end"
    pieces = await pieces_of(Replay(kept(body, EVENTS)))
    assert b"".join(pieces) == body
    assert pieces[0] == b"data: 1\n\n"
    assert pieces[1] == long
    assert pieces[-1] == b"data: no end"


async def test_a_document_of_one_block_comes_at_once() -> None:
    source = Replay(kept(b"{}", DOCUMENT))
    assert (source.is_waiting, source.ended) == (False, False)
    assert source.take_rest() == b"{}"
    assert source.ended


async def test_a_document_of_several_blocks_comes_block_by_block() -> None:
    body = bytes(2 * BLOCK_BYTES + 1)
    source = Replay(kept(body, DOCUMENT))
    assert source.take_rest() is None
    assert list(map(len, await pieces_of(source))) == [BLOCK_BYTES, BLOCK_BYTES, 1]


@pytest.mark.parametrize("about", [EVENTS, DOCUMENT])
async def test_an_empty_answer_ends_without_a_piece(tmp_path: Path, about: About) -> None:
    assert await pieces_of(Replay(kept(b"", about))) == []
    leading = led(flights(tmp_path))
    leading.answered(about, 0.0)
    leading.land(None)
    leading.use()
    assert await pieces_of(Following(leading, about)) == []


async def test_its_head_is_the_kept_one_with_its_length() -> None:
    head = await Replay(kept(b"{}", DOCUMENT)).head()
    assert (head.status, head.reason, head.content_length) == (200, b"OK", 2)
    assert (b"content-type", b"application/json") in head.headers


async def test_it_is_given_back_once() -> None:
    given: list[None] = []
    source = Replay(kept(b"{}", DOCUMENT), lambda: given.append(None))
    source.release()
    source.release()
    assert len(given) == 1


async def test_long_replays_leave_turns_to_others() -> None:
    source = Replay(kept(b"data\n\n" * 10_000, EVENTS))
    taken = 0
    most = before = 0

    def take(_data: bytes) -> bool:
        nonlocal taken
        taken += 1
        return True

    pumping = asyncio.create_task(source.pump(take))
    while not pumping.done():
        await asyncio.sleep(0)
        most, before = max(most, taken - before), taken
    assert (taken, most) == (10_000, 64)


class Followed:
    """A follower, and the flight whose leader is the test."""

    def __init__(self, of: Flights) -> None:
        self.leading: Led = led(of)
        self.leading.answered(EVENTS, 0.0)
        self.leading.live = True
        self.leading.use()
        self.source = Following(self.leading, EVENTS)
        self.taken: list[bytes] = []

    def take(self, data: bytes) -> bool:
        self.taken.append(data)
        return True

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
def followed(tmp_path: Path) -> Followed:
    return Followed(flights(tmp_path))


async def test_a_follower_gets_what_comes_as_it_comes(followed: Followed) -> None:
    assert followed.source.is_waiting
    pumping = asyncio.create_task(followed.source.pump(followed.take))
    await followed.settle()
    followed.leading.append(b"data: 1\n\ndata:")
    await followed.settle()
    assert followed.taken == [b"data: 1\n\n"]
    assert followed.source.is_waiting
    followed.leading.append(b" 2\n\n")
    await followed.settle()
    assert followed.taken == [b"data: 1\n\n", b"data: 2\n\n"]
    followed.leading.append(b"data: no end")
    followed.leading.land(None)
    await pumping
    assert followed.taken[2:] == [b"data: no end"]
    assert followed.source.ended


async def test_a_break_comes_behind_what_came_before_it(followed: Followed) -> None:
    followed.leading.append(b"data: 1\n\ndata:")
    followed.leading.fail()
    with pytest.raises(ConnectionLost):
        await followed.source.pump(followed.take)
    assert (followed.taken, followed.source.ended) == ([b"data: 1\n\n"], False)


async def test_a_file_that_was_cut_is_no_end(followed: Followed) -> None:
    followed.leading.append(b"data: 1\n\n")
    followed.leading.land(None)
    assert followed.leading._spool._descriptor
    followed.leading._spool.size += 5
    with pytest.raises(ConnectionLost):
        await followed.source.pump(followed.take)
    assert not followed.source.ended


async def test_a_slow_follower_reads_on_when_the_flight_is_gone_for_others(
    followed: Followed, tmp_path: Path
) -> None:
    body = b"data: %b\n\n" % (b"x" * 100_000)
    followed.leading.append(body)
    followed.leading.land(None)
    followed.leading.unname()
    followed.leading.let_go()
    assert list((tmp_path / "flights").iterdir()) == []
    assert b"".join(await pieces_of(followed.source, 1)) == body
    followed.source.release()
    followed.source.release()
    with pytest.raises(OSError, match="Bad file descriptor"):
        followed.leading.read(0)
