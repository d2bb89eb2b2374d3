"""The two values between wire and endpoints: a request as read, an answer as meant."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from fake_upstream.behaviour import PLAIN, Field
from fake_upstream.errors import ApiError
from fake_upstream.recorded import Recorded

JSON: Field = (b"content-type", b"application/json")
EVENT_STREAM: tuple[Field, ...] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response before framing. With `events`, each is a piece of the body, sent as it is made."""

    status: int = 200
    headers: tuple[Field, ...] = (JSON,)
    body: bytes = b""
    events: Iterable[bytes] | None = None
    size: int | None = None
    """With `events`: their total, where it is known, for a length-delimited body."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A response given byte by byte, right or wrong; a number is a pause in seconds."""

    parts: tuple[bytes | float, ...]
    close: bool


def json_answer(payload: Any, status: int = 200, headers: tuple[Field, ...] = ()) -> Answer:
    return Answer(status, (JSON, *headers), json.dumps(payload).encode())


class Request:
    """A request while it is read. `body` is what was kept of it; `length` counts all of it."""

    __slots__ = (
        "_body", "_chunks", "_hash", "fake", "fields", "headers", "held", "keep_alive", "kept",
        "length", "method", "old", "path", "recorded", "started", "target", "trailers",
    )  # fmt: skip

    def __init__(self) -> None:
        self.method = ""
        self.target = b""
        self.path = ""
        self.headers: list[Field] = []
        self.trailers: list[Field] | None = None
        self.fields: dict[bytes, bytes] = {}
        self.length = 0
        self.kept = 0
        self._chunks: list[bytes] = []
        self._body: bytes | None = None
        self._hash: Any = None
        self.fake = PLAIN
        self.held: asyncio.Event | None = None
        self.keep_alive = True
        self.old = False
        """HTTP/1.0: no chunked answer."""
        self.started = False
        self.recorded = False

    def receive(self, data: bytes, limit: int) -> None:
        """Take a piece of the body, keeping no more than `limit` bytes of it in all."""
        if self.length + len(data) > limit and self._hash is None:
            self._hash = hashlib.sha256(b"".join(self._chunks))
        if self._hash is not None:
            self._hash.update(data)
        self.length += len(data)
        if self.kept < limit:
            kept = data[: limit - self.kept]
            self._chunks.append(kept)
            self.kept += len(kept)

    @property
    def body(self) -> bytes:
        if self._body is None:
            self._body = b"".join(self._chunks)
        return self._body

    def query(self, name: str, default: str) -> str:
        return parse_qs(self.target.partition(b"?")[2].decode("latin-1")).get(name, [default])[-1]

    def head_complete(self) -> None:
        """Work out what the rest asks for more than once."""
        self.path = self.target.partition(b"?")[0].decode("latin-1")
        self.fields = {name.lower(): value for name, value in self.headers}
        self.trailers = []

    @property
    def speaks_anthropic(self) -> bool:
        return b"anthropic-version" in self.fields

    def json(self) -> dict[str, Any]:
        """The body as an object; a 400 like OpenAI's for anything else."""
        try:
            payload = json.loads(self.body.decode())
        except ValueError as exc:
            raise ApiError(400, "We could not parse the JSON body of your request.") from exc
        if not isinstance(payload, dict):
            raise ApiError(400, "The JSON body of your request must be an object.")
        return payload

    def model(self, payload: dict[str, Any]) -> str:
        """The model to name in the answer."""
        model = payload.get("model")
        if not isinstance(model, str) or not model:
            raise ApiError(400, "you must provide a model parameter", param="model")
        return self.fake.model or model

    def sha256(self) -> str:
        digest = self._hash if self._hash is not None else hashlib.sha256(self.body)
        return str(digest.hexdigest())

    def record(self, connection: int, keep: int, complete: bool) -> Recorded:
        whole = self._hash is None and self.length <= keep
        return Recorded(
            self.method,
            self.target,
            tuple(self.headers),
            self.body if whole else self.body[:keep],
            self.length,
            None if whole else self.sha256(),
            tuple(self.trailers or ()),
            connection,
            complete,
        )
