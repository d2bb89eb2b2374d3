"""The half of a connection to an upstream that sends, and looks whether it may be used."""

from __future__ import annotations

import asyncio
import select
from typing import Final, cast

from proxy.sockets import reset_on_close
from proxy.upstream.errors import ConnectionLost, UpstreamError
from proxy.upstream.response import ResponseReader
from proxy.upstream.timeouts import Timeouts

#: For how many seconds a connection is kept idle at most.
IDLE_SECONDS: Final = 30.0
NEVER: Final = float("inf")
#: How far an exchange is. Nothing of its request has been written; some of it; all of it, in the
#: usual way. Some of its response has arrived; all of it, in the usual way.
NEW, SENT, ASKED, READ, WHOLE = range(5)


class Sending(asyncio.Protocol):
    """The half of an `UpstreamConnection` that sends."""

    __slots__ = (
        "_error", "_first_byte", "_loop", "_poll", "_reader", "_stage", "_timeouts", "_unsent",
        "_writable", "deadline", "idle_since", "idles_for", "transport", "upload",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, timeouts: Timeouts) -> None:
        self._loop = loop
        self._timeouts = timeouts
        self._reader = ResponseReader()
        self._stage = NEW
        self._writable: asyncio.Event | None = None
        #: From when on there is a transport.
        self._poll: select.poll
        self._error: UpstreamError | None = None
        self.transport: asyncio.Transport | None = None
        #: Since when, and for how many seconds it may idle.
        self.idle_since = 0.0
        self.idles_for = IDLE_SECONDS
        self._unsent = 0
        self._first_byte = timeouts.first_byte
        self.upload: asyncio.Future[None] | None = None
        self.deadline = NEVER

    def begin(self, method: str) -> None:
        """Get ready for a request and its response."""
        self._reader.begin(head_only=method == "HEAD")

    def answer_within(self, seconds: float) -> None:
        """Wait for this answer no longer than that, where others are waited for longer."""
        self._first_byte = min(seconds, self._first_byte)

    @property
    def usable(self) -> bool:
        """Whether a request may be written: as far as we know, the connection lives."""
        return self.transport is not None and not self.transport.is_closing() and not self._error

    def may_idle(self, now: float) -> bool:
        """Whether it may go on to idle."""
        return now - self.idle_since < self.idles_for and self.usable

    @property
    def written(self) -> bool:
        """Whether anything of the request has been sent."""
        return self._stage != NEW

    @property
    def received(self) -> bool:
        """Whether anything of the response has come."""
        return self._stage >= READ

    def takes(self, method: str, message: bytes = b"") -> bool:
        """Get ready for another request and its response, where the connection lives as far as we
        know, and the kernel holds no input that the event loop has not read yet.

        That would be its end, or bytes that answer no request, which would pass for the answer to
        this one. What comes after this look cannot be told from the answer. A `message` is all of
        the request, and is sent.
        """
        transport, poll, now = self.transport, self._poll, self._loop.time()
        # As `may_idle`, without a call for it.
        if (
            now - self.idle_since >= self.idles_for
            or transport is None
            or transport.is_closing()
            or poll.poll(0)
        ):
            return False
        if message and method != "HEAD":
            if self._reader.trailers:
                self._reader.trailers = []
            self._stage = ASKED
            self.deadline = now + self._first_byte
            transport.write(message)
        else:
            self.begin(method)
            if message:
                self.write(message)
        return True

    def write(self, data: bytes) -> None:
        """Send request bytes. Raises ConnectionLost once the connection is gone."""
        if self._error is not None:
            raise self._error.anew()
        if self.transport is None or self.transport.is_closing():
            raise ConnectionLost("The upstream closed the connection.")
        if self._stage < READ:
            self._stage = SENT
            self.deadline = self._loop.time() + self._first_byte
        self.transport.write(data)

    def write_whole(self, message: bytes) -> None:
        """Send all of a request. Raises ConnectionLost once the connection is gone."""
        self.write(message)
        is_usual = self._first_byte == self._timeouts.first_byte and self._writable is None
        if is_usual and not self._reader.head_only:
            self._stage = ASKED

    async def drain(self) -> None:
        """Wait while the upstream is slower than we are."""
        if self._writable is not None:
            await self._writable.wait()
            if self._error is not None:
                raise self._error.anew()

    def _is_sending(self) -> bool:
        """Whether the request moved since we last looked, or the client keeps us waiting for it."""
        if self.transport is None:
            return False
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
        uploading = self.upload is not None and not self.upload.done()
        return self._unsent != before or (uploading and not self._unsent)

    def _is_unusual(self) -> None:
        """Go on in the general way, to the end of the exchange."""
        if self._stage == ASKED:
            self._stage = SENT
        elif self._stage == WHOLE:
            self._stage = READ

    def _reset_on_close(self) -> None:
        """Make the close a reset: a plain end would reach the upstream only behind all of the
        request that it has not read yet."""
        if self.usable and self.transport is not None:
            reset_on_close(self.transport)

    def _abort(self) -> None:
        self._is_unusual()
        if self.transport is not None:
            self.transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not registered as asyncio's.
        self.transport = cast(asyncio.Transport, transport)
        self._poll = select.poll()
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def pause_writing(self) -> None:
        self._is_unusual()
        self._writable = asyncio.Event()

    def resume_writing(self) -> None:
        if self._writable is not None:
            self._writable.set()
            self._writable = None
