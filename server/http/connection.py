"""One client's connection: heads, time limits, back-pressure, and how it ends.

`ClientConnection` is the only protocol that clients talk to. Bytes become a request in
`data_received`, by plain calls. What is of the data plane (`/v1`, and what else providers' paths
begin with) is driven by plain calls as far as that goes (`proxy.driving`), everything else is
served by Sanic (`planes`) in a task of its own; both through the same `ClientDownstream`. A message
that cannot be understood is answered by 400 and its connection is closed in such a way that a
client in the middle of sending reads the answer.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from models.ids import new_request_id
from proxy.driving import Waiter, client_left
from proxy.sockets import reset_on_close
from server.http import framing, planes
from server.http.alike import Alike
from server.http.body import ARRIVED_MAX_BYTES
from server.http.downstream import ClientDownstream
from server.http.faults import FramingError, HeadTimeout
from server.http.held_back import HeldBack
from server.http.refusals import log_unforeseen, meant_for, refusal, unforeseen
from server.http.slow_reader import SlowReader
from server.http.turned_away import turn_away

if TYPE_CHECKING:
    from server.context import App
    from server.http.connections import Group

#: Seconds for a whole head, from its first byte.
HEAD_DEADLINE: Final = 10.0
#: Seconds for which input is dropped behind an answer that did not wait for it.
LINGER: Final = 3.0
#: Seconds between two requests.
KEEP_ALIVE_IDLE: Final = 75.0
_LEAST_CHECK: Final = 1.0
#: Bytes that are kept of what a client sends ahead of its handler.
_RECEIVE_WINDOW: Final = 64 * 1024
#: Bytes unsent from which on a writer waits, and down to which it does.
_WRITE_LIMITS: Final = (64 * 1024, 16 * 1024)


class ClientConnection(asyncio.Protocol):
    """`received` is what the client has sent and no request has taken yet."""

    __slots__ = (
        "_app", "_arrived_max", "_head_timer", "_held", "_idle_since", "_idle_timer",
        "_input", "_is_data", "_likeness", "_linger_timer", "_next", "_reader",
        "address", "can_write", "client_ip", "clients", "context", "loop", "received",
        "request", "requests", "served", "transport", "waits_in",
    )  # fmt: skip

    def __init__(self, app: App, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self.context = app.ctx
        self.clients = app.ctx.connections
        self.loop = loop
        self.transport: asyncio.Transport | None = None
        #: The client's address and port, as the kernel says; None on a socket of another kind.
        self.address: tuple[str, int] | None = None
        #: Its address alone; "" on a socket of another kind.
        self.client_ip = ""
        self.received = bytearray()
        #: Bytes of a body that is taken with its head where both come at once.
        self._arrived_max = min(ARRIVED_MAX_BYTES, app.ctx.settings.upload_max_bytes)
        #: Of the last head: the next one mostly has it, too.
        self._likeness: Alike | None = None
        #: Whether the last request was the data plane's.
        self._is_data = False
        #: The request that is under way.
        self.request: ClientDownstream | None = None
        #: Due in the next turn of the loop: the request that has been received behind the last.
        self._next: asyncio.Handle | None = None
        #: How many there have been.
        self.requests = 0
        #: Whether an upstream has ever answered here, which takes a token.
        self.served = False
        self.waits_in: Group | None = None
        #: From the first time that it sends too far ahead.
        self._held: HeldBack | None = None
        #: Done with True once more has been received, with False where that took too long.
        self._input: Waiter[bool] | None = None
        #: Pending while the client is slower than we are.
        self.can_write: asyncio.Future[None] | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._idle_since = 0.0
        #: Set while input is dropped, after which the connection ends.
        self._linger_timer: asyncio.TimerHandle | None = None
        #: From the first time that it is slower than we are.
        self._reader: SlowReader | None = None

    # The transport's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the client in, where there is room."""
        # uvloop's transports are not registered as asyncio's.
        opened = cast(asyncio.Transport, transport)
        peer = opened.get_extra_info("peername")
        self.address = peer[:2] if isinstance(peer, tuple) else None
        self.client_ip = "" if self.address is None else self.address[0]
        if self.clients.admit(self, self.client_ip) is not None:
            turn_away(opened, self.clients.turned_away)
            return
        self.transport = opened
        opened.set_write_buffer_limits(*_WRITE_LIMITS)
        self._idle_since = self.loop.time()
        self._idle_timer = self.loop.call_later(KEEP_ALIVE_IDLE, self._check_idle)

    def data_received(self, data: bytes) -> None:
        """Begin a request, or keep what came for the one that is under way."""
        if self._linger_timer is not None:
            return
        likeness = self._likeness
        if (
            likeness is not None
            and self.request is None
            and not self.received
            and (found := likeness.read(data, self.client_ip)) is not None
        ):
            head, rest = found
            if len(rest) == head.content_length and len(rest) <= self._arrived_max:
                # The usual request: it is not copied through what has been received.
                self._begin(ClientDownstream(self, head, not self.context.draining, rest))
                return
            self.received += rest
            self._begin(ClientDownstream.of(self, head))
        else:
            self.received += data
            if self.request is None and self._next is None:
                self._read_head()
            elif self._input is not None:
                self._input.wake(True)
        if len(self.received) >= _RECEIVE_WINDOW:
            self._hold_back()

    def pause_writing(self) -> None:
        """More is unsent than we like: from now on the client must make progress."""
        if self.can_write is None:
            self.can_write = self.loop.create_future()
        self._watch_reader()

    def resume_writing(self) -> None:
        """The client keeps up again."""
        if self._reader is not None:
            self._reader.keeps_up()
        waiting, self.can_write = self.can_write, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the request under way, and let another client have this one's place."""
        self.clients.leave(self)
        timers = self._head_timer, self._idle_timer, self._linger_timer, self._held, self._reader
        # Each holds us until it is due: a flood of connections would be collected all at once.
        for timer in timers:
            if timer is not None:
                timer.cancel()
        # They refer to us: a cycle would wait for the garbage collector.
        self._held = self._reader = None
        self.transport = None
        self.resume_writing()
        if self.request is not None:
            client_left(self.request)

    # Requests

    def _read_head(self) -> None:
        """Begin the request whose head has been received; wait where it has not been."""
        try:
            found = framing.parse_head(self.received, self.context.credential_lines)
        except FramingError as error:
            self._refuse(error)
            return
        if found is None:
            if self.received and self._head_timer is None:
                # One deadline for the whole head: a byte now and then must not extend it.
                self._head_timer = self.loop.call_later(HEAD_DEADLINE, self._head_timed_out)
            self.resume_reading()
            return
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        parsed, size = found
        del self.received[:size]
        self._is_data = self.context.data_paths.has(parsed.target)
        self._likeness = parsed.likeness
        head = parsed.request(self.client_ip)
        self._begin(
            ClientDownstream.of(
                self, head,
                keep_alive=parsed.keep_alive, expects_continue=parsed.expects_continue,
            )
        )  # fmt: skip

    def _begin(self, downstream: ClientDownstream) -> None:
        """Serve a request of the data plane's, or else one of Sanic's."""
        self.requests += 1
        # As `Connections.mark_busy`, without a call for it.
        if (group := self.waits_in) is not None:
            self.waits_in = None
            del group[self]
        self.request = downstream
        plane = self.context.data_plane
        if plane is not None and self._is_data:
            if (begun := plane.begin(downstream, downstream)) is not None:
                downstream.drive(plane.handle(begun))
        else:
            # What Sanic and its handlers wait for are asyncio's own things.
            downstream.run_as_task(planes.serve(self._app, downstream))

    def _read_next(self) -> None:
        self._next = None
        if self.transport is not None and not self.transport.is_closing():
            self._read_head()

    def _head_timed_out(self) -> None:
        self._head_timer = None
        self._refuse(HeadTimeout(f"The request head took longer than {HEAD_DEADLINE:g} seconds."))

    def request_ended(
        self, downstream: ClientDownstream, error: BaseException | None, unread: bool
    ) -> None:
        """Serve the next request that is here, or end; `unread`: more of this one may come."""
        self.request = None
        if error is not None or not downstream.complete:
            if isinstance(error, asyncio.CancelledError):
                # The client left, the token was revoked, or the worker stops.
                self.abort()
                return
            # Its handler failed, and has logged why where it raised nothing.
            self._fail(downstream, error)
        elif not self.served and self._is_data and downstream.succeeded:
            self.served = True
        if self.transport is None:
            return
        if unread:
            self._linger()
        elif not downstream.keep_alive:
            self.close()
        else:
            # Time starts with the answer, however long that took.
            self._idle_since = self.loop.time()
            # As `Connections.mark_idle`, without a call for it.
            group = self.waits_in = self.clients.served if self.served else self.clients.unserved
            group[self] = None
            if self.received:
                # In a turn of its own: a packet may hold thousands that are answered at once.
                self._next = self.loop.call_soon(self._read_next)
            elif self._held is not None and not self.transport.is_closing():
                # What came ahead was whole requests, so no head that is cut resumes it.
                self.resume_reading()

    def _fail(self, downstream: ClientDownstream, error: BaseException | None) -> None:
        """500, or a visible break once the answer has begun."""
        request_id = log_unforeseen(error)
        if downstream.started:
            downstream.abort()
            return
        downstream.keep_alive = False
        self.write(unforeseen(request_id, downstream.head.target))

    # Receiving

    async def receive_more(self, seconds: float) -> bool:
        """Wait until more has been received; False where that takes too long."""
        self.resume_reading()
        waiting: Waiter[bool] = Waiter()
        self._input = waiting
        timer = self.loop.call_later(seconds, waiting.wake, False)
        try:
            return await waiting
        finally:
            timer.cancel()
            self._input = None

    def _hold_back(self) -> None:
        if self.transport is not None:
            if self._held is None:
                self._held = HeldBack(self.loop, self.transport, self.abort)
            self._held.pause()

    def resume_reading(self) -> None:
        """Read on once there is room."""
        if self._held is not None and len(self.received) < _RECEIVE_WINDOW:
            self._held.resume()

    # Sending

    def write(self, data: bytes) -> None:
        """Send bytes, unless the connection is gone."""
        if self.transport is not None:
            self.transport.write(data)

    async def drain(self) -> None:
        """Wait while the client is slower than we are."""
        if self.can_write is not None:
            # Several may wait, and one of them may be cancelled.
            await asyncio.shield(self.can_write)

    @property
    def unsent(self) -> int:
        """Bytes that the client has not taken from us yet, those in the kernel not counted."""
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    def _watch_reader(self) -> None:
        if self._reader is None:
            patience = self.context.settings.client_write_timeout
            drop = partial(self.clients.drop, self, "unread")
            self._reader = SlowReader(self.loop, lambda: self.unsent, patience, drop)
        self._reader.watch()

    # The end

    @property
    def busy(self) -> bool:
        """Whether it is between the first byte of a request and the last byte of its answer.

        An answer is complete for us while its last bytes still wait for a slow client.
        """
        return (
            self.request is not None
            or bool(self.received)
            or self._linger_timer is not None
            or self.unsent > 0
        )

    def close(self) -> None:
        """Close once everything has been sent; a client that does not read it has its time."""
        if self.transport is None or self.transport.is_closing():
            return
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self.transport.close()
        if self.unsent:
            self._watch_reader()

    def abort(self) -> None:
        """Close at once; what has not been sent yet is dropped."""
        if self.transport is not None:
            self.transport.abort()

    def reset(self) -> None:
        """Close by a TCP reset, where a plain end would pass for the end of an answer."""
        # One that is closing stays open until all has been sent.
        if self.transport is not None and (self.unsent or not self.transport.is_closing()):
            reset_on_close(self.transport)
        self.abort()

    def _refuse(self, error: FramingError) -> None:
        """Answer a message that could not be understood, and read nothing more."""
        request_id = new_request_id()
        self.write(
            refusal(
                error.status, error.code, str(error), request_id,
                headers=error.headers, shape=meant_for(self.received),
            )
        )  # fmt: skip
        if self.context.unserved is not None:
            self.context.unserved(request_id, error.code, int(error.status[:3]))
        # Whatever follows belongs to the refused message: it is dropped, never parsed.
        self._linger()

    def _linger(self) -> None:
        """Half-close, then drop what still comes: a close with unread input resets the connection
        and takes our answer with it before the client has read it."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        if self._head_timer is not None:
            # It would refuse the message again, behind the end of what we send.
            self._head_timer.cancel()
            self._head_timer = None
        self.received.clear()
        self.resume_reading()
        self._linger_timer = self.loop.call_later(LINGER, self.close)
        self.clients.mark_idle(self, served=self.served)
        try:
            transport.write_eof()
        except OSError:
            # It was gone before it could be half-closed.
            self.abort()

    def _check_idle(self) -> None:
        """Close a connection that has been idle between requests for too long.

        Heads and bodies have limits of their own, and an answer may take as long as it likes.
        """
        wait = KEEP_ALIVE_IDLE
        if self.request is None and self._linger_timer is None and not self.received:
            idle = self.loop.time() - self._idle_since
            if idle >= KEEP_ALIVE_IDLE:
                # What a slow client has not read yet still arrives.
                self.close()
                return
            wait = max(_LEAST_CHECK, KEEP_ALIVE_IDLE - idle)
        self._idle_timer = self.loop.call_later(wait, self._check_idle)
