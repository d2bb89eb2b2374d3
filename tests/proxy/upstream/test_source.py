"""What every response source keeps to: heads, body, end, break, back-pressure, release."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from proxy.upstream.errors import UpstreamError
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.source import ResponseSource
from tests.proxy.upstream.conftest import until
from tests.proxy.upstream.sources import LARGE, SOURCES, Player


@pytest.fixture(params=SOURCES)
async def player(request: pytest.FixtureRequest) -> AsyncIterator[Player]:
    async with SOURCES[request.param]() as player:
        yield player


class Taking:
    """Takes a body: all of it, or `most` pieces at a time."""

    def __init__(self, most: int | None = None) -> None:
        self.pieces: list[bytes] = []
        self._most = most

    def __call__(self, data: bytes) -> bool:
        self.pieces.append(data)
        return self._most is None or len(self.pieces) % self._most != 0

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)


async def first_head(source: ResponseSource) -> UpstreamHead:
    return await source.head()


async def final_head(source: ResponseSource) -> int:
    while (head := await source.head()).status < 200:
        pass
    return head.status


async def test_interim_heads_come_before_the_final_one(player: Player) -> None:
    player.head(103, (b"Link", b"</a>"))
    player.head(201, (b"X-A", b"1"), (b"x-a", b"2"))
    interim, final = await player.source.head(), await player.source.head()
    assert (interim.status, interim.headers) == (103, [(b"Link", b"</a>")])
    assert (final.status, final.headers[:2]) == (201, [(b"X-A", b"1"), (b"x-a", b"2")])


async def test_a_head_is_waited_for(player: Player) -> None:
    asked = asyncio.create_task(first_head(player.source))
    await asyncio.sleep(0)
    assert not asked.done()
    player.head(200)
    assert (await asked).status == 200


async def test_pieces_come_as_they_arrive_and_then_the_end(player: Player) -> None:
    player.head(200)
    await final_head(player.source)
    taking = Taking()
    pumping = asyncio.create_task(player.source.pump(taking))
    for number in range(1, 4):
        player.body(b"piece%d" % number)
        await until(lambda expected=number: len(taking.pieces) == expected)  # type: ignore[misc]
        assert not player.source.ended
    player.end()
    await pumping
    assert taking.pieces == [b"piece1", b"piece2", b"piece3"]
    assert player.source.ended
    player.source.release()


async def test_an_empty_body_ends_without_a_piece(player: Player) -> None:
    player.head(200)
    player.end()
    await final_head(player.source)
    taking = Taking()
    await player.source.pump(taking)
    assert (taking.pieces, player.source.ended) == ([], True)


async def test_it_waits_where_neither_bytes_nor_the_end_are_there(player: Player) -> None:
    player.head(200)
    await final_head(player.source)
    assert player.source.is_waiting
    player.body(b"x")
    await until(lambda: not player.source.is_waiting)
    await player.source.pump(Taking(1))
    assert player.source.is_waiting
    player.end()
    await until(lambda: not player.source.is_waiting)
    assert player.source.ended


async def test_trailers_outlast_the_release(player: Player) -> None:
    player.head(200)
    player.body(b"x")
    player.end((b"X-Sum", b"1"))
    await final_head(player.source)
    await player.source.pump(Taking())
    player.source.release()
    assert player.source.trailers == [(b"X-Sum", b"1")]


async def test_a_break_before_the_head(player: Player) -> None:
    player.cut()
    with pytest.raises(UpstreamError):
        await player.source.head()
    player.source.release()


async def test_a_break_comes_after_the_bytes_before_it_and_is_no_end(player: Player) -> None:
    player.head(200)
    player.body(b"begun")
    await final_head(player.source)
    await until(lambda: not player.source.is_waiting)
    player.cut()
    taking = Taking()
    with pytest.raises(UpstreamError):
        await player.source.pump(taking)
    assert (taking.body, player.source.ended) == (b"begun", False)
    with pytest.raises(UpstreamError):
        await player.source.pump(taking)
    player.source.release()


async def test_a_break_while_it_is_pumped(player: Player) -> None:
    player.head(200)
    await final_head(player.source)
    pumping = asyncio.create_task(player.source.pump(Taking()))
    await asyncio.sleep(0)
    player.cut()
    with pytest.raises(UpstreamError):
        await pumping
    assert not player.source.ended


async def test_nothing_is_taken_once_no_more_is_wanted(player: Player) -> None:
    player.head(200)
    await final_head(player.source)
    taking = Taking(1)
    pumping = asyncio.create_task(player.source.pump(taking))
    await asyncio.sleep(0)
    player.body(b"first")
    await pumping
    player.body(b"second")
    await until(lambda: not player.source.is_waiting)
    assert taking.body == b"first"
    player.end()
    rest = Taking()
    await player.source.pump(rest)
    assert rest.body == b"second"


async def test_what_is_not_taken_holds_back_the_rest(player: Player) -> None:
    player.head(200)
    player.body(bytes(LARGE))
    player.end()
    await final_head(player.source)
    await until(player.is_held_back)
    assert 0 < player.held() < LARGE / 16
    taken, longest = 0, 0

    def take(data: bytes) -> bool:
        nonlocal taken, longest
        taken += len(data)
        longest = max(longest, player.held())
        return True

    await player.source.pump(take)
    assert (taken, player.source.ended) == (LARGE, True)
    assert longest < LARGE / 16


class Unforeseen(Exception):
    """Raised by whoever takes the body."""


@pytest.mark.parametrize("is_waiting", [False, True])
async def test_what_the_taker_raises_comes_out(player: Player, is_waiting: bool) -> None:
    def take(data: bytes) -> bool:
        raise Unforeseen

    player.head(200)
    await final_head(player.source)
    if not is_waiting:
        player.body(b"x")
        await until(lambda: not player.source.is_waiting)
    pumping = asyncio.create_task(player.source.pump(take))
    await asyncio.sleep(0)
    if is_waiting:
        player.body(b"x")
    with pytest.raises(Unforeseen):
        await pumping
    player.source.release()
    await player.given_up()


async def test_a_pump_that_is_cancelled_takes_nothing_any_more(player: Player) -> None:
    player.head(200)
    await final_head(player.source)
    taking = Taking()
    pumping = asyncio.create_task(player.source.pump(taking))
    await asyncio.sleep(0)
    pumping.cancel()
    await asyncio.gather(pumping, return_exceptions=True)
    player.body(b"late")
    await until(lambda: not player.source.is_waiting)
    assert (pumping.cancelled(), taking.pieces) == (True, [])
    player.source.release()
    await player.given_up()


@pytest.mark.parametrize("has_begun", [False, True])
async def test_a_release_before_the_end_gives_the_response_up(
    player: Player, has_begun: bool
) -> None:
    if has_begun:
        player.head(200)
        player.body(b"begun")
        await final_head(player.source)
    player.source.release()
    await player.given_up()
