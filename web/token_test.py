"""A request on behalf of a token, as the wiring hands it in: the data plane answers it."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Sent(NamedTuple):
    """A `POST` of JSON."""

    secret: str
    path: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    address: str
    """Whose the request is, for lists of addresses."""


class Answered(NamedTuple):
    """What a client would have got."""

    status: int
    body: bytes
    """Of a long one, its beginning."""
    is_whole: bool
    """False where the answer was broken off."""


class TokenAsking(Protocol):
    """Sends a request through the data plane."""

    async def __call__(self, sent: Sent) -> Answered:
        """The answer. Raises TimeoutError where it takes too long."""
        ...
