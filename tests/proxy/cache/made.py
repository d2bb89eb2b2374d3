"""Answers as tests keep them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import time
from typing import Any

from proxy.cache.answers_file import Stored, Wanted
from proxy.cache.flights import Flights, Led
from proxy.cache.kept import About, encode_about

EVENTS = About(b"OK", b"content-type: text/event-stream\r\n", None, True, False)
DOCUMENT = About(b"OK", b"content-type: application/json\r\n", 2, False, True)


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def wanted(number: int, *, project: str = "p", epoch: int = 0, ttl: float = 60.0) -> Wanted:
    return Wanted(key(number), project, epoch, ttl)


def stored(number: int, body: bytes, about: About = DOCUMENT, **more: Any) -> Stored:
    return Stored(
        wanted(number, **more),
        encode_about(about),
        len(body),
        time(),
        7,
        lambda start, most: body[start : start + most],
    )


def flights(directory: Path, max_bytes: int = 2**26) -> Flights:
    made = Flights(directory / "flights", max_bytes=max_bytes)
    made.open()
    return made


def led(of: Flights, number: int = 1) -> Led:
    flight = of.begin(key(number))
    assert isinstance(flight, Led)
    flight.use()
    return flight


def taken(pieces: Sequence[bytes]) -> bytes:
    return b"".join(pieces)
