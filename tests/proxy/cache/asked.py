"""Requests as they are to be sent, and what keys are made in, for the tests of kept answers."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from uuid import UUID

from models.cache_rule import CacheRule
from proxy import forward
from proxy.cache.keys import digest_of, key_of
from proxy.cache.space import CacheSpace, space_of
from proxy.downstream import RequestHead
from proxy.forward import Outgoing
from proxy.questions import Question
from proxy.upstream.target import Address, Origin, Target
from server.http.downstream import read_head

PROJECT: Final = UUID(int=1)
TOKEN: Final = UUID(int=2)
JSON: Final = "content-type: application/json"
CHAT: Final = b'{"model":"gpt-4.1","temperature":0,"messages":[]}'


class Record(NamedTuple):
    """What a space is made of, of a token and its project."""

    token_id: UUID = TOKEN
    project_id: UUID = PROJECT
    provider: str = "openai"
    cache: CacheRule | None = CacheRule(60, "project", "deterministic")
    cache_epoch: int = 0


#: The one account of a project.
TARGET: Final = Target(
    Address(Origin("https", "a.example", 443), b"a.example", b""), b"authorization: x\r\n", TOKEN
)


def a_space(*, scope: Any = "project", **changes: Any) -> CacheSpace:
    """That of a token of a project with one account."""
    record = Record(**({"cache": CacheRule(60, scope, "deterministic")} | changes))
    space = space_of(record, (TARGET,))
    assert space is not None
    return space


def a_head(
    *fields: str,
    target: str = "/v1/chat/completions",
    method: str = "POST",
    length: int = len(CHAT),
) -> RequestHead:
    """A request's head, as the front door makes it of its bytes."""
    framing = "transfer-encoding: chunked" if length < 0 else f"content-length: {length}"
    lines = [f"{method} {target} HTTP/1.1", "host: a", framing, *fields, "", ""]
    return read_head("\r\n".join(lines).encode("latin-1"), "")


def key_in(space: CacheSpace, request: Outgoing, question: Question | None = None) -> bytes:
    """The key of a request."""
    return key_of(space, request, question, digest_of(request.body))


def asked(
    *fields: str, body: bytes = CHAT, target: str = "/v1/chat/completions", method: str = "POST"
) -> Outgoing:
    """A request with its body, ready to be sent."""
    return forward.whole(
        a_head(*fields, target=target, method=method, length=len(body)), body, None
    )
