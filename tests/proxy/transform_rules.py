"""The rules of `proxy.transforms`, as checks that every transform has to pass.

A test module gives each of its transforms to `check_stream` and `check_request`.
"""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from proxy.headers import RawHeaders
from proxy.transforms import RequestTransform, StreamTransform

#: Of a stream without end, so much is sent; the pieces are those of a fast upstream.
_ENDLESS_BYTES: Final = 12 * 1024 * 1024
_PIECE_BYTES: Final = 64 * 1024
#: Python's own: frames, caches of expressions, lists.
_SLACK_BYTES: Final = 256 * 1024


class StreamCase(NamedTuple):
    """A stream, and what of it the client gets. `bound` is what the transform may hold at once.

    `drops`: what never comes to a point is left out rather than let go.
    """

    make: Callable[[], StreamTransform]
    stream: bytes
    passes: bytes
    bound: int
    drops: bool = False


def relayed(transform: StreamTransform, pieces: Iterable[bytes]) -> list[bytes]:
    """What came out for each piece, and last what came out at the end, as the data path does it."""
    out = []
    for piece in pieces:
        passed = transform.relay(piece)
        while transform.behind:
            passed += transform.catch_up()
        out.append(passed)
    out.append(transform.end())
    return out


def cut(stream: bytes, size: int) -> list[bytes]:
    return [stream[start : start + size] for start in range(0, len(stream), size)]


def check_stream(case: StreamCase) -> None:
    """Every rule of `StreamTransform`."""
    _check_cuts(case)
    _check_order_and_delay(case)
    _check_length(case)
    _check_hostile(case)
    _check_bound(case)


def _check_cuts(case: StreamCase) -> None:
    """What passes does not depend on where the stream was cut."""
    for size in (1, 2, 7, 50, 1000, 1 << 20):
        assert b"".join(relayed(case.make(), cut(case.stream, size))) == case.passes, size
    for at in range(1, len(case.stream)):
        pieces = (case.stream[:at], case.stream[at:])
        assert b"".join(relayed(case.make(), pieces)) == case.passes, at


def _check_order_and_delay(case: StreamCase) -> None:
    """Bytes come out in order and never twice; with the last of its bytes, a stream is out."""
    passed = b""
    out = relayed(case.make(), cut(case.stream, 1))
    for one in out:
        passed += one
        assert case.passes.startswith(passed)
    if case.stream.endswith(b"\n\n"):
        assert out[-1] == b"", "whole events were held until the end"


def _check_length(case: StreamCase) -> None:
    """A length that was announced is kept, where the transform does not say otherwise."""
    assert case.make().withholds or case.passes == case.stream


def _check_hostile(case: StreamCase) -> None:
    """Nothing is raised for damage, and what passes is what came, less whole stretches of it."""
    chance = random.Random(13)
    for _ in range(50):
        damaged = bytearray(case.stream)
        for _ in range(3):
            at = chance.randrange(len(damaged))
            damaged[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        out = b"".join(relayed(case.make(), cut(bytes(damaged), 1 + chance.randrange(99))))
        rest = iter(damaged)
        assert all(byte in rest for byte in out), "bytes came out that never came in"
        assert case.make().withholds or out == damaged


def _check_bound(case: StreamCase) -> None:
    """A stream that never comes to a point is let go, or left out, and is not kept in memory."""
    transform, taken, passed = case.make(), 0, 0
    filler = b"x" * _PIECE_BYTES
    transform.relay(case.stream[: len(case.stream) // 2])
    tracemalloc.start()
    try:
        while taken < _ENDLESS_BYTES:
            passed += len(transform.relay(filler))
            while transform.behind:
                passed += len(transform.catch_up())
            taken += len(filler)
            assert case.drops or taken - passed <= case.bound + _PIECE_BYTES
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held <= case.bound + _PIECE_BYTES + _SLACK_BYTES


def check_request(transform: RequestTransform, body: bytes, *, added: bytes) -> None:
    """Every rule of `RequestTransform`: `added` is what it puts into the body."""
    sent = b"".join(transform.body or ())
    at = sent.index(added)
    assert sent[:at] + sent[at + len(added) :] == body, "other bytes of the body were changed"
    headers: RawHeaders = [
        (b"X-First", b"1"),
        (b"Content-Length", b"%d" % len(body)),
        (b"content-type", b"application/json"),
        (b"X-First", b"2"),
    ]
    given = list(headers)
    changed = transform.headers(headers)
    assert headers == given, "the list that was given was changed"
    assert [field for field in changed if field in given] == given, "other fields were changed"
    owned = {b"content-length", b"transfer-encoding", b"host", b"authorization"}
    assert not {name.lower() for name, _ in changed if (name, _) not in given} & owned
