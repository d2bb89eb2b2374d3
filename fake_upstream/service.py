"""What the fake upstream decides about a request, whichever connection it came on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fake_upstream import pattern
from fake_upstream.answer import Answer, Raw, Request, json_answer
from fake_upstream.behaviour import PLAIN, Behaviour, BehaviourError, Field, parse_header
from fake_upstream.errors import (
    ApiError,
    anthropic_error,
    aws_error,
    google_error,
    ollama_error,
    openai_error,
)
from fake_upstream.recorded import History, text_pairs
from fake_upstream.routes import OF_GEMINI, respond
from fake_upstream.sending import Timing
from fake_upstream.store import Store

CONTROL = "/__fake/"
# Enough for any body the proxy lets through by default.
_BODY_LIMIT = 64 * 1024 * 1024


T = TypeVar("T")


@dataclass(slots=True)
class Order(Generic[T]):
    """What a test asked for in advance: for one path or all, so many times or until cleared."""

    path: str | None
    left: int | None
    what: T


def _next(orders: list[Order[T]], path: str) -> T | None:
    """The first order that is for this path and not used up."""
    for order in orders:
        if order.left != 0 and order.path in (None, path):
            if order.left is not None:
                order.left -= 1
            return order.what
    return None


class Service:
    def __init__(
        self,
        *,
        api_keys: Iterable[str] | None,
        default: Behaviour,
        timing: Timing,
        history: int,
        keep_body: int,
    ) -> None:
        self.api_keys = None if api_keys is None else set(api_keys)
        self.default = default
        self.timing = timing
        self.keep_body = keep_body
        self.history = History(history)
        self.store = Store()
        self.behaviours: list[Order[Behaviour]] = []
        self.replies: list[Order[Answer | Raw]] = []
        self._held: set[asyncio.Event] = set()

    def release(self) -> int:
        """Let every held answer go on, and every one that is on its way to being held."""
        released = len(self._held)
        for event in self._held:
            event.set()
        self._held.clear()
        self.history.held = 0
        return released

    def begin(self, request: Request) -> Answer | None:
        """Decide the behaviour once the head is in. An answer means that it cannot be followed."""
        if request.path.startswith(CONTROL):
            return None
        self.history.heads += 1
        try:
            request.fake = self._behaviour(request)
        except BehaviourError as exc:
            return self._error(request, ApiError(400, str(exc), param="x-fake"))
        finally:
            self.history.changed()
        if request.fake.hold:
            self._hold(request)
        return None

    def _behaviour(self, request: Request) -> Behaviour:
        asked = request.fields.get(b"x-fake")
        if asked is not None:
            return parse_header(asked)
        return _next(self.behaviours, request.path) or self.default

    def _hold(self, request: Request) -> None:
        # Registered at the head, so that a release cannot come too early to be noticed.
        request.held = asyncio.Event()
        self._held.add(request.held)
        self.history.held = len(self._held)
        self.history.changed()

    def forget(self, request: Request) -> None:
        """The answer is out or will never be."""
        if request.held is not None:
            self._held.discard(request.held)
            self.history.held = len(self._held)

    def body_limit(self, request: Request) -> int:
        return self.keep_body if request.fake.ignores_body else _BODY_LIMIT

    def answer(self, request: Request) -> Answer | Raw:
        """The answer to a request that has been read as far as it is going to be."""
        if request.path.startswith(CONTROL):
            return self._control(request)
        ordered = _next(self.replies, request.path)
        if ordered is not None:
            return ordered
        try:
            self._check_key(request)
            return self._provide(request)
        except ApiError as error:
            return self._error(request, error)

    def _check_key(self, request: Request) -> None:
        if self.api_keys is None:
            return
        scheme, _, secret = request.fields.get(b"authorization", b"").partition(b" ")
        given = secret if scheme.lower() == b"bearer" else _plain_key(request)
        if given.decode("latin-1") not in self.api_keys:
            raise ApiError(401)

    def _provide(self, request: Request) -> Answer:
        fake = request.fake
        if fake is PLAIN:
            return respond(request, self.store)
        if fake.status is not None and fake.status >= 400:
            raise ApiError(fake.status)
        if fake.status in (204, 304):
            return Answer(fake.status, ((b"etag", b'"fake"'),))
        if fake.echo:
            answer = _echo(request)
        elif fake.size is not None:
            kind = (b"content-type", b"application/octet-stream")
            body = pattern.pieces(fake.size, fake.chunk or pattern.PIECE)
            answer = Answer(headers=(kind,), events=body, size=fake.size)
        elif fake.early:
            answer = json_answer({"early": True})
        else:
            answer = respond(request, self.store)
        if fake.status is not None:
            return Answer(fake.status, answer.headers, answer.body, answer.events, answer.size)
        return answer

    def _error(self, request: Request, error: ApiError) -> Answer:
        request_id = self.store.new_id("req_")
        headers: tuple[Field, ...] = ((b"x-request-id", request_id.encode()),)
        wait = request.fake.retry_after
        if wait is None and error.status in (429, 503, 529):
            wait = 1
        if wait is not None:
            headers += ((b"retry-after", b"%g" % wait),)
        if request.speaks_anthropic or request.path.startswith("/v1/messages"):
            return json_answer(
                anthropic_error(error, headers[0][1].decode()), error.status, headers
            )
        if request.path.startswith("/model/"):
            name, body = aws_error(error)
            told = (b"x-amzn-errortype", name.encode() + b":http://internal.amazon.com/")
            return json_answer(body, error.status, (*headers, told))
        if request.path.startswith("/api/"):
            return json_answer(ollama_error(error), error.status, headers)
        if OF_GEMINI.fullmatch(request.path):
            return json_answer(google_error(error), error.status, headers)
        return json_answer(openai_error(error), error.status, headers)

    def _control(self, request: Request) -> Answer:
        action = request.method, request.path.removeprefix(CONTROL)
        if action == ("POST", "release"):
            return json_answer({"released": self.release()})
        if action == ("DELETE", "requests"):
            self.history.clear()
        elif action != ("GET", "requests"):
            return json_answer({"error": "no such control"}, 404)
        last = request.query("last", "20")
        return json_answer(self._seen(int(last) if last.isdecimal() else 20))

    def _seen(self, last: int) -> dict[str, Any]:
        history = self.history
        return {
            "count": history.count,
            "heads": history.heads,
            "connections": history.connections,
            "open_connections": history.open_connections,
            "finished": history.finished,
            "aborted": history.aborted,
            "held": history.held,
            "requests": [seen.as_dict() for seen in list(history.requests)[-last:]]
            if last > 0
            else [],
        }


def _plain_key(request: Request) -> bytes:
    """The key in a field of its own, Anthropic's, Azure's or Google's."""
    names = (b"x-api-key", b"api-key", b"x-goog-api-key")
    return next((key for name in names if (key := request.fields.get(name))), b"")


def _echo(request: Request) -> Answer:
    return json_answer(
        {
            "method": request.method,
            "target": request.target.decode("latin-1"),
            "headers": text_pairs(request.headers),
            "body_length": request.length,
            "body_sha256": request.sha256(),
        }
    )
