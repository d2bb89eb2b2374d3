"""What is read of an answer whose client has left: no more than a tail, and for no longer."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from proxy.tails import TAIL_MAX_BYTES, TAIL_S, Tails
from proxy.upstream.errors import ConnectionLost
from tests.proxy.virtual_time import in_virtual_time, virtual_loop


class Source:
    """A response of which `pieces` are left, each handed out by a pump of its own or all by one.

    Behind them it ends, fails, or hangs for ever.
    """

    def __init__(self, *pieces: bytes, then: Exception | None = None, hangs: bool = False) -> None:
        self.pieces = list(pieces)
        self.ended = not pieces and then is None and not hangs
        self.taken = 0
        self.pumps = 0
        self.released = 0
        self._then = then
        self._hangs = hangs

    async def pump(self, take: Callable[[bytes], bool], _through: object = None) -> None:
        """As `ResponseSource.pump`."""
        self.pumps += 1
        await asyncio.sleep(0)
        while self.pieces:
            piece = self.pieces.pop(0)
            self.taken += len(piece)
            if not take(piece):
                return
        if self._hangs:
            await asyncio.Event().wait()
        if self._then is not None:
            raise self._then
        self.ended = True

    def release(self) -> None:
        """As `ResponseSource.release`."""
        self.released += 1


def let_go(source: Source, *, read: bool = True) -> Tails:
    tails = Tails()
    tails.let_go(source, read=read)  # type: ignore[arg-type]
    return tails


async def end_of(tails: Tails) -> None:
    """Wait until all is read; nothing of it failed, and nothing is kept."""
    running = list(tails._running)
    await tails.all_read()
    assert [task.exception() for task in running] == [None] * len(running)
    await asyncio.sleep(0)
    assert not tails._running


@pytest.mark.parametrize(("source", "read"), [(Source(), True), (Source(b"left"), False)])
@in_virtual_time
async def test_what_has_ended_or_is_not_wanted_is_released_at_once(
    source: Source, *, read: bool
) -> None:
    tails = let_go(source, read=read)
    assert source.released == 1
    await end_of(tails)
    assert (source.pumps, source.released) == (0, 1)


@in_virtual_time
async def test_a_tail_is_read_to_its_end_and_released() -> None:
    source = Source(b"a", b"b")
    tails = let_go(source)
    assert source.released == 0
    await end_of(tails)
    assert (source.taken, source.released) == (2, 1)


@in_virtual_time
async def test_no_more_is_read_than_a_tail_may_be() -> None:
    piece = b"x" * (TAIL_MAX_BYTES // 4)
    source = Source(*[piece] * 100)
    await end_of(let_go(source))
    assert source.taken == TAIL_MAX_BYTES + len(piece)
    assert (source.pumps, source.released) == (1, 1)


@in_virtual_time
async def test_a_tail_that_does_not_come_is_waited_for_so_long() -> None:
    source = Source(hangs=True)
    tails = let_go(source)
    await asyncio.sleep(TAIL_S - 0.01)
    assert source.released == 0
    await end_of(tails)
    assert source.released == 1
    assert virtual_loop().time() == pytest.approx(TAIL_S)


@in_virtual_time
async def test_a_tail_that_breaks_is_no_error() -> None:
    reported: list[Any] = []
    virtual_loop().set_exception_handler(lambda _, context: reported.append(context))
    source = Source(b"a", then=ConnectionLost("cut"))
    await end_of(let_go(source))
    assert (source.released, reported) == (1, [])
