"""Whether the answer to a request may be kept, and so whether a kept one may answer it, sans-io.

By the route first, which is worked out with the plan, and then by the body: what makes objects,
names some, runs on behind its answer or has the provider use tools is never kept, nor is a body in
which another reader could find something else. Which answers are kept of all that may be is the
project's to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final, Literal, Protocol, TypeAlias

import msgspec

from proxy.access.grant import Grant
from proxy.body.kept_body import KeptBody
from proxy.body.model_rule import declared_plainly
from proxy.body.plain_members import plain_members
from proxy.body.request_body import AT_ONCE_BYTES, whole
from proxy.bounded_memo import PLACE_BYTES, BoundedMemo
from proxy.cache.keys import digest_of
from proxy.downstream import RequestHead
from proxy.headers import is_json_type, type_of
from proxy.metering import content
from proxy.metering.content import folded
from proxy.objects.named import Unnamed, may_name, named_in
from proxy.providers.endpoints import Route
from proxy.turns import weight
from proxy.upstream.target import Target

#: What an endpoint makes, as far as keeping it goes.
Keeps: TypeAlias = Literal[
    "chat", "completions", "embeddings", "messages", "moderations", "responses"
]
#: By the usage that an endpoint tells, how its path ends: a dialect is spoken by others, too, that
#: run an agent of the provider's, say.
_ENDPOINTS: Final[dict[str, tuple[str, Keeps]]] = {
    "chat": ("/chat/completions", "chat"),
    "completions": ("/completions", "completions"),
    "embeddings": ("", "embeddings"),
    "messages": ("", "messages"),
    "responses": ("/responses", "responses"),
    "free": ("/moderations", "moderations"),
    "generic": ("/moderations", "moderations"),
}
#: They answer the same with the same each time.
_SETTLED: Final = ("embeddings", "moderations")

#: A larger body is not looked into.
BODY_MAX_BYTES: Final = 1024 * 1024
#: What says nothing as a member's value. An empty object may switch something on.
_UNSET: Final = (b"null", b"false", b"[]", b'""')
_ZERO: Final = re.compile(rb"-?+0(?:\.0++)?+(?:[eE][-+]?+[0-9]++)?+")
#: Members that make something, run on or name what is stored, as `folded`.
_NEVER: Final = frozenset(("audio", "background", "deferred", "preset", "store"))
#: Parts of names of members, known here or not, that do so or have the provider look for something.
_DOUBTFUL: Final = re.compile(
    r"agent|assistant|connector|container|conversation|datasource|file|mcp|memory|plugin|previous"
    r"|retriev|search|session|thread|webhook"
)
_MODALITIES: Final = "modalities"
#: Models that search by themselves, or use their provider's tools, as far as their names say it.
_SEARCHING: Final = re.compile(
    rb'(?:^|[-/:_."])(?:search|sonar|online|compound|deep-?research)(?:$|[-/:_.@"])', re.IGNORECASE
)
#: A message of the model's that was spoken, which its provider keeps under an id.
_SPOKEN: Final = re.compile(rb'"audio"\s*+:\s*+\{', re.IGNORECASE)
_ESCAPED: Final = re.compile(rb"\\u00([2-7][0-9a-fA-F])")


class _Said(msgspec.Struct, frozen=True, gc=False):
    """What a body says: whether its answer may be kept, and whether it is deterministic."""

    may_be_kept: bool
    is_settled: bool
    #: Of one in the memo below, with its key and place.
    size: int = 80 + PLACE_BYTES


_NEVER_KEPT: Final = _Said(False, False)
_KEPT_WITH_ALL: Final = _Said(True, False)
_SETTLED_BY_ITSELF: Final = _Said(True, True)
#: Of bodies that come again, by their digest: what people wrote is not remembered.
_SAID: Final[BoundedMemo[_Said]] = BoundedMemo(512 * 1024, entry_max_bytes=1024)


class Asked(Protocol):
    """What is known of a request (`exchange.Exchange`)."""

    @property
    def head(self) -> RequestHead: ...

    @property
    def model(self) -> str: ...

    @property
    def pinned(self) -> Target | None:
        """The one account that knows what it names."""
        ...

    @property
    def own_list(self) -> object | None:
        """What leaves others' objects out of its answer."""
        ...


class Sent(Protocol):
    """A request as `preparing` has put it together."""

    @property
    def body(self) -> Sequence[bytes]: ...

    @property
    def size(self) -> int: ...

    @property
    def complete(self) -> bool:
        """Whether all of the body is here."""
        ...


def kept_of(route: Route, head: RequestHead) -> Keeps | None:
    """What answers of this route may be kept as, as far as the head tells; None: none is."""
    first = head.lines.first
    declared = first.get(b"content-type")
    if head.method != "POST" or not head.has_body or b"content-encoding" in first:
        return None
    if not declared_plainly(declared) or not is_json_type(type_of(declared)):
        return None
    ending, keeps = _ENDPOINTS.get(route.dialect, ("", None))
    return keeps if route.pattern.endswith(ending) else None


def may_be_kept(keeps: Keeps | None, grant: Grant, exchange: Asked, request: Sent) -> bytes | None:
    """Whether the answer to a request, which has been let in, may be kept and given again: then the
    digest of its body, for its key; None where it may not."""
    space = grant.cache
    if keeps is None or space is None:
        return None
    if not request.complete or not 0 < request.size <= BODY_MAX_BYTES:
        return None
    if exchange.pinned is not None or exchange.own_list is not None:
        return None
    lines = exchange.head.lines
    if lines.has_repeated and len(lines.values(b"content-type")) != 1:
        return None
    body = request.body
    digest = sha256(body[0]).digest() if len(body) == 1 else digest_of(body)
    asks = _SAID.young.get(digest + keeps.encode()) or _asks(keeps, request, digest)
    if not asks.may_be_kept:
        return None
    if space.rule.only == "all" or keeps in _SETTLED:
        return digest
    return digest if asks.is_settled and not _searches(grant, exchange.model) else None


def _asks(keeps: Keeps, request: Sent, digest: bytes) -> _Said:
    """What a body says, as far as keeping its answer goes."""
    key = digest + keeps.encode()
    said = _SAID.recall(key)
    if said is None:
        said = _read(keeps, request)
        _SAID.offer(key, said)
    return said


def _read(keeps: Keeps, request: Sent) -> _Said:
    pieces = request.body
    body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if len(body) > AT_ONCE_BYTES and weight(body) > content.LOOKED_INTO_MAX:
        return _NEVER_KEPT
    members = _members(body)
    if members is None or not _is_plain(keeps, members) or _names_objects(body):
        return _NEVER_KEPT
    zero = members.get("temperature")
    named = _unescaped(members.get("models", b"") + members.get("model", b""))
    is_settled = (
        zero is not None and _ZERO.fullmatch(zero) is not None and _SEARCHING.search(named) is None
    )
    return _SETTLED_BY_ITSELF if is_settled else _KEPT_WITH_ALL


def _members(body: bytes) -> dict[str, bytes] | None:
    """The text of each member by its key as every reader may take it; None where that is in doubt:
    it is no object, or two of them are the same to some reader."""
    plain = plain_members(body)
    found = plain.items() if plain is not None else _followed(body)
    members: dict[str, bytes] = {}
    for key, text in found:
        name = "" if key is None else folded(key)
        if not name or name in members or text is None:
            return None
        members[name] = text
    return members or None


def _followed(body: bytes) -> Iterator[tuple[str | None, bytes | None]]:
    """Key and value of each member of a body that is written in an unusual way."""
    reader = whole(KeptBody(body))
    if reader.followed and reader.is_object():
        for field in reader.fields():
            yield field.key, reader.raw(field, BODY_MAX_BYTES)


def _is_plain(keeps: Keeps, members: dict[str, bytes]) -> bool:
    """Whether a body asks for an answer and nothing else."""
    if keeps == "responses" and members.get("store") != b"false":
        # They are stored unless the request says no.
        return False
    for name, text in members.items():
        if text in _UNSET:
            continue
        if name in _NEVER or _DOUBTFUL.search(name) is not None:
            return False
        if name == "tools" and content.may_be_hosted(text):
            return False
        if name == "prompt" and text[:1] == b"{":
            # One that is stored at the provider, under an id.
            return False
        if name == _MODALITIES and b"audio" in _unescaped(text).lower():
            return False
    return True


def _names_objects(body: bytes) -> bool:
    """Whether it names what an account of the provider's keeps, wherever in it."""
    if _SPOKEN.search(_unescaped(body)) is not None:
        return True
    if not may_name(body):
        return False
    if len(body) > AT_ONCE_BYTES:
        return True
    try:
        return bool(named_in(body))
    except Unnamed:
        return True


def _unescaped(text: bytes) -> bytes:
    """The text with every character of ASCII as itself, to look for words in."""
    if b"\\u00" not in text:
        return text
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), text)


def _searches(grant: Grant, model: str) -> bool:
    """Whether a model is known to look for something first, by the name that the path may have for
    it, or that an account has."""
    names = [model]
    if grant.renames:
        names += [target.models.get(model, "") for target in grant.targets if target.models]
    return any(_SEARCHING.search(name.encode("utf-8", "replace")) is not None for name in names)
