"""What a route has to do with objects that upstream accounts keep, sans-io.

By the words of its path, so that it holds for every provider that has OpenAI's or Anthropic's
paths, under whatever prefix.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes

from models.objects import RESPONSE
from proxy.providers.endpoints import Route

#: Placeholders of paths that name no object of an account.
NAMES_NONE: Final = frozenset(
    ("{model}", "{deployment}", "{project}", "{location}", "{publisher}", "{region}")
)
#: What is kept, by the segment of a path that stands before its id.
KINDS: Final = {
    "files": "file",
    "uploads": "upload",
    "batches": "batch",
    "jobs": "batch",
    "responses": "response",
    "conversations": "conversation",
    "containers": "container",
    "vector_stores": "vector_store",
    "videos": "video",
    # xAI's: a chat that is asked for later.
    "deferred-completion": "deferred",
}
#: Chat completions are kept where they are asked for with `store: true`.
COMPLETION: Final = "completion"
KNOWN_KINDS: Final = frozenset((*KINDS.values(), COMPLETION))
#: Reports no usage: a POST makes or changes what an account keeps.
_KEEPING: Final = ("none", "batches")
_READING: Final = ("GET", "HEAD")
_KIND_MAX: Final = 32

#: Which ids an answer tells of: its own (`made`; `stored` only where the request asks for it to be
#: kept), and those in it (`told`), which is all that a request for reading has.
Tells: TypeAlias = Literal["", "made", "stored", "told"]


class Rule(NamedTuple):
    """Of one route and method."""

    kind: str
    """What stands in its collection; '' where it has none."""
    id_segment: int
    """Which segment of the path is an id; 0: none, -1: the one behind a word of `KINDS`."""
    tells: Tells
    names: bool
    """Whether its body may name objects."""
    lists: bool
    """Whether its answer lists a collection."""
    deletes: bool
    """Whether it deletes what its path names."""

    @property
    def shows_response(self) -> bool:
        """Whether it is about a response that was made before."""
        return self.kind == RESPONSE and bool(self.id_segment) and bool(self.tells)

    def id_in(self, path: bytes) -> str:
        """The id that a raw path names; '' where it names none."""
        at = self.id_segment
        segments = path.split(b"/")
        if at < 0:
            # As a server sees it that decodes a path before it takes it apart.
            segments = unquote_to_bytes(path).replace(b"\\", b"/").split(b"/")
            at = next(
                (n + 1 for n, word in enumerate(segments) if word.decode("latin-1") in KINDS), 0
            )
        if not 0 < at < len(segments):
            return ""
        found = segments[at] if self.id_segment < 0 else unquote_to_bytes(segments[at])
        return found.decode("utf-8", "replace")


def rule_of(route: Route, method: str) -> Rule:
    """What a request by this route has to do with objects."""
    return _rule(route.pattern, route.dialect, method)


@lru_cache(maxsize=1024)
def _rule(pattern: str, dialect: str, method: str) -> Rule:
    segments = pattern.split("/")
    at = next((n for n, segment in enumerate(segments) if _is_id(segment)), 0)
    kind = _kind(segments, at)
    reads = method in _READING
    wild = segments[-1] == "*"
    return Rule(
        kind,
        -1 if wild and not at else at,
        _tells(segments, kind, dialect, method),
        names=not reads,
        lists=reads and bool(kind) and not at and not wild,
        deletes=method == "DELETE" and (at == len(segments) - 1 or wild),
    )


def _is_id(segment: str) -> bool:
    bare = segment.partition(":")[0]
    return bare[:1] == "{" and bare not in NAMES_NONE


def _kind(segments: list[str], at: int) -> str:
    """What the collection of a path holds."""
    if at:
        collection = segments[at - 1]
        if collection == "completions":
            return COMPLETION
        return KINDS.get(collection, collection)[:_KIND_MAX]
    if segments[-2:] == ["chat", "completions"]:
        return COMPLETION
    return next((KINDS[segment] for segment in segments if segment in KINDS), "")


def _tells(segments: list[str], kind: str, dialect: str, method: str) -> Tells:
    if method == "DELETE":
        return ""
    if method in _READING:
        # Their finished ones name what they made.
        return "told" if kind in ("batch", "response", "conversation") else ""
    if kind == COMPLETION and dialect == "chat":
        return "stored"
    if kind or dialect in _KEEPING:
        return "" if segments[-1] in ("count_tokens", "input_tokens", "compact") else "made"
    # A container in which an answer's code ran.
    return "told" if dialect == "messages" else ""
