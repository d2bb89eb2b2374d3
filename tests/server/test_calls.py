"""How many steps a usual request takes: counted, since a clock says more of the machine."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Final

from tests.server.corpus import HOST
from tests.server.door import Door

_ROOT: Final = Path(__file__).parents[2]
_ROOMS: Final = tuple(
    str(_ROOT / room) + "/" for room in ("models", "proxy", "server", "telemetry")
)
_BODY: Final = b'{"model": "gpt-4o", "messages": []}'
_FIELDS: Final = HOST + b"$AUTH\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
#: Calls of our own functions, and steps of our own coroutines, from the first byte of a request to
#: the last of its answer. It was some 270 before a usual request had a way of its own.
MOST_CALLS: Final = 146


async def test_a_usual_request_takes_few_calls(door: Door) -> None:
    """The token known, the body with its head, the upstream's connection kept, the answer short."""
    message = door.with_token(
        b"POST /v1/chat/completions HTTP/1.1\r\n" + _FIELDS % len(_BODY) + _BODY
    )
    counted: list[int] = []

    def count(frame: FrameType, what: str, _argument: object) -> None:
        if what == "call" and frame.f_code.co_filename.startswith(_ROOMS):
            counted[-1] += 1

    async with await door.connect() as client:
        # What comes again and again is remembered from the second time on.
        for number in range(20):
            counted.append(0)
            sys.setprofile(count if number >= 5 else None)
            try:
                await client.send(message)
                answer = await client.answer()
            finally:
                sys.setprofile(None)
            assert answer.status == 200
    # What the worker does now and then is in some of them.
    assert min(counted[5:]) <= MOST_CALLS
