"""What a connection gets for which there is no room: 503 once it has asked, and its end."""

from __future__ import annotations

import asyncio
from typing import Final

from models.ids import new_request_id
from server.http.refusals import meant_for, refusal

#: At once; more are closed without an answer. Each takes a descriptor of the reserve.
ANSWERED_AT_ONCE: Final = 8
#: Seconds for the request, and again for what still comes of it.
_PATIENCE: Final = 2.0


class TurnedAway(asyncio.Protocol):
    """Answers the first bytes that come, drops the others, closes.

    A client that has not sent its request yet may take an answer to nothing for a broken one, and
    a close with unread input would take the answer along.
    """

    def __init__(self, transport: asyncio.Transport, others: set[TurnedAway]) -> None:
        self._transport = transport
        self._answered = False
        self._others = others
        others.add(self)
        self._timer = asyncio.get_running_loop().call_later(_PATIENCE, self._answer)

    def data_received(self, data: bytes) -> None:
        """Answer once."""
        if not self._answered:
            self._answer(data)

    def _answer(self, asked: bytes = b"") -> None:
        self._answered = True
        if self._transport.is_closing():
            return
        self._transport.write(
            refusal(
                b"503 Service Unavailable",
                "overloaded",
                "The proxy has no room for another connection.",
                new_request_id(),
                kind="overloaded_error",
                headers=[(b"retry-after", b"1")],
                shape=meant_for(asked),
            )
        )
        self._timer.cancel()
        try:
            self._transport.write_eof()
        except OSError:
            # It was gone before it could be half-closed.
            self._transport.abort()
            return
        self._timer = asyncio.get_running_loop().call_later(_PATIENCE, self._transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for the next answer."""
        self._timer.cancel()
        self._others.discard(self)

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()


def turn_away(transport: asyncio.Transport, others: set[TurnedAway]) -> None:
    """Refuse a connection that was just accepted, unless `others` are too many to add to."""
    if len(others) >= ANSWERED_AT_ONCE:
        transport.set_protocol(asyncio.Protocol())
        transport.abort()
    else:
        transport.set_protocol(TurnedAway(transport, others))
