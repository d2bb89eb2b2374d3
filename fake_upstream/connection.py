"""One client connection: reads requests with llhttp, answers them in turn.

A plain answer is one write within the read that completed its request; what takes time gets a task.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections import deque
from typing import cast

import httptools

from fake_upstream import framing
from fake_upstream.answer import Answer, Raw, Request, json_answer
from fake_upstream.behaviour import PLAIN
from fake_upstream.errors import ApiError, openai_error
from fake_upstream.framing import Framing
from fake_upstream.sending import Sending, send_raw
from fake_upstream.service import CONTROL, Service

_RESET = struct.pack("ii", 1, 0)


class Connection(asyncio.Protocol):
    def __init__(self, service: Service, open_connections: set[Connection]) -> None:
        self._service = service
        self._history = service.history
        self._open = open_connections
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._waiting: deque[Request] = deque()
        self._answering: Request | None = None
        self._task: asyncio.Task[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._prompt = not service.timing.latency and not service.timing.gap

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._history.connections += 1
        self._history.open_connections += 1
        self._number = self._history.connections
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._answering is not None:
            self._history.aborted += 1
            self._service.forget(self._answering)
        if self._task is not None:
            self._task.cancel()
        if self._request.method and not self._request.recorded:
            self._service.forget(self._request)
            self._record(self._request, complete=False)
        self._history.open_connections -= 1
        self._history.changed()

    def pause_writing(self) -> None:
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._transport.close()
        except httptools.HttpParserCallbackError:
            # Our own fault, not the client's: let the loop report it and close.
            raise
        except httptools.HttpParserError as exc:
            self._refuse(f"Malformed request ({exc}).")
        else:
            self._read_slowly(len(data))

    def _refuse(self, reason: str) -> None:
        request = Request()
        request.keep_alive = False
        answer = json_answer(openai_error(ApiError(400, reason)), 400)
        self.write(framing.head(answer, request, Framing.LENGTH) + answer.body)
        self._transport.close()

    def _read_slowly(self, received: int) -> None:
        rate = self._request.fake.slowread
        if rate is None or self._transport.is_closing():
            return
        self._transport.pause_reading()
        if rate:
            self._timer = self._loop.call_later(received / rate, self._transport.resume_reading)

    # httptools' side

    def on_message_begin(self) -> None:
        self._request = Request()

    def on_url(self, url: bytes) -> None:
        self._request.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        trailers = self._request.trailers
        (self._request.headers if trailers is None else trailers).append((name, value))

    def on_headers_complete(self) -> None:
        request = self._request
        request.method = self._parser.get_method().decode()
        request.head_complete()
        request.keep_alive = self._parser.should_keep_alive()
        request.old = self._parser.get_http_version() == "1.0"
        refusal = self._service.begin(request)
        if refusal is not None:
            request.fake = PLAIN
            self._start(request, refusal)
        elif request.fake.early:
            self._turn(request)
        elif request.fields.get(b"expect", b"").lower() == b"100-continue":
            self.write(framing.CONTINUE)

    def on_body(self, data: bytes) -> None:
        self._request.receive(data, self._service.body_limit(self._request))

    def on_message_complete(self) -> None:
        request = self._request
        self._record(request, complete=True)
        if not request.started:
            self._turn(request)

    def _record(self, request: Request, *, complete: bool) -> None:
        request.recorded = True
        if not request.path.startswith(CONTROL):
            self._history.add(request.record(self._number, self._service.keep_body, complete))

    # answering

    def _turn(self, request: Request) -> None:
        """Answer now, or after the answers to what came before."""
        request.started = True
        if self._answering is None:
            self._start(request, self._service.answer(request))
        else:
            self._waiting.append(request)

    def _start(self, request: Request, answer: Answer | Raw) -> None:
        request.started = True
        self._answering = request
        if isinstance(answer, Raw):
            self._task = self._loop.create_task(send_raw(self, answer))
        elif request.fake is PLAIN and self._prompt and answer.events is None:
            self._send_at_once(request, answer)
        else:
            sending = Sending(self, request, answer, self._service.timing)
            self._task = self._loop.create_task(sending.run())

    def _send_at_once(self, request: Request, answer: Answer) -> None:
        kind = framing.choose(answer, request)
        head = framing.head(answer, request, kind)
        self._transport.write(head if request.method == "HEAD" else head + answer.body)
        self.finish(close=not request.keep_alive)

    def write(self, data: bytes) -> None:
        if data and not self._transport.is_closing():
            self._transport.write(data)

    async def drain(self) -> None:
        if self._transport.is_closing():
            # Lost, of which we hear in the next turn. Without it the rest would count as sent.
            await asyncio.sleep(0)
        elif self._drained is not None:
            await self._drained

    def finish(self, *, close: bool) -> None:
        """The answer in hand is written; take the next request, or close."""
        if self._answering is not None:
            self._service.forget(self._answering)
        self._history.finished += 1
        self._answering = self._task = None
        self._history.changed()
        if close:
            self._transport.close()
        elif self._waiting:
            request = self._waiting.popleft()
            self._start(request, self._service.answer(request))

    async def cut(self, *, reset: bool) -> None:
        """End the connection in the middle of an answer, after what was written so far has left."""
        if self._answering is not None:
            self._service.forget(self._answering)
        self._answering = self._task = None
        # Any unsent byte now counts as a full buffer, so that drained means gone to the kernel.
        # Over TLS asyncio takes a limit of 0 for one that is always reached.
        secure = self._transport.get_extra_info("sslcontext") is not None
        self._transport.set_write_buffer_limits(int(secure), 0)
        await self.drain()
        if reset and not self._transport.is_closing():
            descriptor = self._transport.get_extra_info("socket").fileno()
            # Through a duplicate, since uvloop's stand-in for the socket takes no options.
            with socket.socket(fileno=os.dup(descriptor)) as duplicate:
                duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def abort(self) -> None:
        """For the server's shutdown."""
        self._transport.abort()
