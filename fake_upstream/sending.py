"""The slow path of an answer: everything that takes time or is meant to go wrong on the way out."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Protocol

from fake_upstream import framing
from fake_upstream.answer import Answer, Raw, Request
from fake_upstream.framing import Framing


@dataclass(frozen=True, slots=True)
class Timing:
    """Default pace of POSTs, in seconds; `jitter` is the share by which either may be off."""

    latency: float = 0.0
    gap: float = 0.0
    jitter: float = 0.0

    def vary(self, seconds: float) -> float:
        return seconds * random.uniform(1 - self.jitter, 1 + self.jitter)  # noqa: S311 - only a pace


class Link(Protocol):
    """The connection as this module needs it."""

    def write(self, data: bytes) -> None: ...

    async def drain(self) -> None: ...

    async def cut(self, *, reset: bool) -> None: ...

    def finish(self, *, close: bool) -> None: ...


async def send_raw(link: Link, raw: Raw) -> None:
    for part in raw.parts:
        if isinstance(part, bytes):
            link.write(part)
            await link.drain()
        else:
            await asyncio.sleep(part)
    link.finish(close=raw.close)


class Sending:
    """One answer on its way to one client."""

    def __init__(self, link: Link, request: Request, answer: Answer, timing: Timing) -> None:
        self._link = link
        self._request = request
        self._fake = request.fake
        self._timing = timing if request.method == "POST" else Timing()
        self._answer = (
            framing.encode(answer, self._fake.encoding) if self._fake.encoding else answer
        )
        self._framing = framing.choose(self._answer, request)
        self._streamed = self._answer.events is not None and self._answer.size is None

    async def run(self) -> None:
        await self._wait_for_first_byte()
        for status in self._fake.interim:
            self._link.write(framing.interim(status))
        if self._fake.break_head:
            await self._cut()
            return
        head = framing.head(self._answer, self._request, self._framing)
        if self._fake.break_midhead:
            self._link.write(head[: len(head) // 2])
            await self._cut()
            return
        self._link.write(head)
        if self._framing is Framing.NONE or self._request.method == "HEAD":
            whole = True
        else:
            whole = await self._send_body()
        if not whole:
            await self._cut()
            return
        close = self._framing is Framing.CLOSE or self._fake.final or self._fake.drop
        self._link.finish(close=close or not self._request.keep_alive)

    async def _wait_for_first_byte(self) -> None:
        delay = self._fake.delay
        if delay is None:
            delay = self._timing.vary(self._timing.latency)
        if delay:
            await asyncio.sleep(delay)
        if not self._streamed:
            await self._hold()

    async def _hold(self) -> None:
        if self._request.held is not None:
            await self._request.held.wait()

    async def _cut(self) -> None:
        await self._link.cut(reset=self._fake.reset)

    async def _send_body(self) -> bool:
        """False where the connection is to break here."""
        packed: list[bytes] = []
        left = self._fake.break_after
        number = 0
        for piece in framing.pieces(self._answer, self._fake.chunk):
            if number:
                await self._pause(number)
            number += 1
            framed = framing.chunk(piece) if self._framing is Framing.CHUNKED and piece else piece
            if left is not None:
                cost = 1 if self._streamed else len(piece)
                if left < cost:
                    self._link.write(
                        b"".join(packed) + framed[: self._fraction(framed, piece, left)]
                    )
                    return False
                left -= cost
            if self._fake.packed:
                packed.append(framed)
                continue
            self._link.write(framed)
            await self._link.drain()
        if left == 0:
            self._link.write(b"".join(packed))
            return False
        if self._framing is Framing.CHUNKED:
            packed.append(framing.last_chunk(self._fake.trailers))
        self._link.write(b"".join(packed))
        return True

    def _fraction(self, framed: bytes, piece: bytes, left: float) -> int:
        """How much of a framed piece goes out before the break: a share of an event, or octets."""
        if self._streamed:
            return int(len(framed) * left)
        # The size line announces the whole piece, so that the break falls inside its chunk.
        size_line = len(framed) - len(piece) - 2 if framed is not piece else 0
        return size_line + int(left) if left else 0

    async def _pause(self, sent: int) -> None:
        """Between two pieces: what was asked for, and for events at least a turn of the loop."""
        if sent == 1 and self._streamed:
            await self._hold()
        gap = self._fake.gap
        if gap is None:
            gap = self._timing.vary(self._timing.gap) if self._streamed else 0.0
        if gap or (self._streamed and not self._fake.packed):
            await asyncio.sleep(gap)
