"""Endpoints of a provider, and which of them a raw path is, sans-io.

A pattern is matched on raw path segments: `{name}` is one segment, which may hold `%2F`, and may
have a suffix (`{model}:generateContent`); a `{model}` that ends a pattern takes further segments as
well, since names of models hold slashes; a final `*` is one or more segments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes

from models.endpoint_rules import Usage

ANY: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_OWN: Final = re.compile(rb"/v1/(?:llm-proxy|oauth)(?:/|\Z)")

Dialect: TypeAlias = Usage

_SEGMENT: Final = re.compile(r"\{([a-z_]++)\}([^{}]*+)")
#: Names of segments that say which model a request is for; Azure calls it a deployment.
_NAMES_OF_MODELS: Final = ("model", "deployment")
_FURTHER: Final = "(?:/[^/]++)"
#: Last segments of what counts a prompt's tokens: nothing is used, and a model is named.
_COUNTING: Final = (
    "count_tokens", "input_tokens", "count-tokens", "tokenize-text", "estimate-token-count",
)  # fmt: skip
#: Google's, whose path names the model, and whose body may name it again.
_COUNTING_GOOGLE: Final = ":countTokens"
#: Ollama's description of the model that the body names.
_DESCRIBING: Final = "/api/show"
#: Ollama's, in whose bodies `name` is the model where there is no `model`: its older clients'.
_ABOUT_A_NAME: Final = (_DESCRIBING, "/api/pull", "/api/push", "/api/delete")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One line of an allowlist.

    `method` `*` is any. `dialect` says how usage is reported by a request that creates something;
    only `POST` does. `batches` is for what runs other requests later, whose models and usage are
    not known, `free` for what costs nothing, so that an answer without usage leaves nothing open.
    `default_model` is the one that the API takes where a request names none. `isolated` is served
    only in projects that isolate objects: it shows what others have stored.
    """

    method: str
    pattern: str
    dialect: Dialect = "none"
    default_model: str = ""
    isolated: bool = False


class Off(NamedTuple):
    """What is not let through unless somebody switches it on, and the reason."""

    method: str
    pattern: str
    reason: str


@dataclass(frozen=True, slots=True)
class Route:
    """What a request's path matched: a stable label, and how its usage is read.

    `creates` says that a request with a body may create something here, whatever its method.
    """

    pattern: str
    dialect: Dialect
    creates: bool = False
    default_model: str = ""
    model_segment: int = 0
    """Which segment of the path names the model; 0 where none does."""
    model_suffix: int = 0
    """Characters of that segment which follow the name."""
    model_rest: bool = False
    """Whether the name may go on in further segments."""
    project_segment: int = 0
    location_segment: int = 0
    """Which segments name a cloud's project and location; 0 where none does."""
    isolated: bool = False
    """Whether it is served only in projects that isolate objects."""

    @property
    def asks_about_model(self) -> bool:
        """Whether it says something of the model that its body names, and uses nothing."""
        last = self.pattern.rpartition("/")[2].partition(":")[0]
        asks = last in _COUNTING or self.pattern == _DESCRIBING
        return self.dialect == "none" and asks and not self.model_segment

    @property
    def may_name_it_again(self) -> bool:
        """Whether it uses nothing, and its body may name a model beside the one of its path."""
        return self.dialect == "none" and self.pattern.endswith(_COUNTING_GOOGLE)

    @property
    def may_call_it_name(self) -> bool:
        """Whether its upstream takes `name` for the model of a body that has no `model`."""
        return self.pattern in _ABOUT_A_NAME

    @property
    def names_model(self) -> bool:
        """Whether a request with a body may name a model in it."""
        return self.dialect != "none" or self.asks_about_model

    def model_in(self, path: bytes) -> str | None:
        """The model that a raw path names, percent-decoded; None where the path names none."""
        if not self.model_segment:
            return None
        splits = self.model_segment + (not self.model_rest)
        raw = path.split(b"/", splits)[self.model_segment]
        raw = raw[: len(raw) - self.model_suffix]
        return unquote_to_bytes(raw).decode("utf-8", "replace")

    def with_model(self, path: bytes, quoted: bytes) -> bytes:
        """The same path with another model, which is percent-encoded."""
        splits = self.model_segment + (not self.model_rest)
        segments = path.split(b"/", splits)
        raw = segments[self.model_segment]
        segments[self.model_segment] = quoted + raw[len(raw) - self.model_suffix :]
        return b"/".join(segments)


Methods: TypeAlias = dict[str, Route]


class Matcher:
    """An allowlist. What a path needs of it is compiled when the first such path comes, because an
    installation uses few of the providers that it knows."""

    __slots__ = ("_endpoints", "_groups", "literal")

    def __init__(self, endpoints: tuple[Endpoint, ...]) -> None:
        self._endpoints = endpoints
        #: Paths that are a pattern themselves, which is what nearly every request needs. Each is
        #: added as it is asked for the first time.
        self.literal: dict[bytes, Methods] = {}
        #: By the first two segments of their paths; b"" for those of all others.
        self._groups: dict[bytes, _Group] = {}

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Its lines."""
        return self._endpoints

    def match(self, path: bytes) -> Methods:
        """Allowed methods of a raw path, each with its route; empty where the path is off."""
        groups = self._groups or self._grouped()
        group = groups.get(_start(path)) or groups[b""]
        found = group.find(path)
        if found is None or _OWN.match(path):
            return {}
        pattern, methods = found
        if path == pattern.encode("ascii"):
            self.literal[path] = methods
        return methods

    def _grouped(self) -> dict[bytes, _Group]:
        by_pattern: dict[str, Methods] = {}
        for endpoint in self._endpoints:
            methods = by_pattern.setdefault(endpoint.pattern, {})
            for method in ANY if endpoint.method == "*" else (endpoint.method,):
                methods[method] = _route(endpoint, method)
        starts = {pattern: _literal_start(pattern) for pattern in by_pattern}
        ordered = sorted(by_pattern, key=_generality)
        for start in {*starts.values(), b""}:
            self._groups[start] = _Group(
                [(each, by_pattern[each]) for each in ordered if starts[each] in (start, b"")]
            )
        return self._groups


class Widened:
    """An allowlist with another one added, which changes nothing of what the first one has."""

    __slots__ = ("_added", "_base", "literal")

    def __init__(self, base: Matcher | Widened, added: Matcher) -> None:
        self._base = base
        self._added = added
        self.literal: dict[bytes, Methods] = {}

    def match(self, path: bytes) -> Methods:
        """Allowed methods of a raw path, each with its route; empty where the path is off."""
        methods = self._base.match(path)
        if b"%" not in path or not self._base.match(unquote_to_bytes(path)):
            # Else an upstream that decodes it first would take it for a line of the first list.
            methods = self._added.match(path) | methods
        if path in self._base.literal or path in self._added.literal:
            self.literal[path] = methods
        return methods


class _Group:
    """Patterns that begin alike, the more literal ones first."""

    __slots__ = ("_expression", "_joined", "_patterns")

    def __init__(self, patterns: list[tuple[str, Methods]]) -> None:
        self._patterns = patterns
        self._expression: re.Pattern[bytes] | None = None
        #: For each, the more general ones that may match as well and allow other methods.
        self._joined: dict[int, tuple[tuple[re.Pattern[bytes], Methods], ...]] = {}

    def find(self, path: bytes) -> tuple[str, Methods] | None:
        """The pattern that a path is of, and the methods that are allowed there."""
        if self._expression is None:
            # A group for each; the first that matches counts.
            texts = (b"(%b)" % _expression(pattern) for pattern, _ in self._patterns)
            self._expression = re.compile(b"|".join(texts))
        match = self._expression.fullmatch(path)
        if match is None or not match.lastindex:
            return None
        at = match.lastindex - 1
        pattern, methods = self._patterns[at]
        joining = self._joined.get(at)
        if joining is None:
            joining = self._joined[at] = self._joining(at)
        for more_general, others in joining:
            if more_general.fullmatch(path):
                # A more literal pattern hides no method that a wildcard allows.
                methods = others | methods
        return pattern, methods

    def _joining(self, at: int) -> tuple[tuple[re.Pattern[bytes], Methods], ...]:
        pattern, methods = self._patterns[at]
        return tuple(
            (re.compile(_expression(other)), others)
            for other, others in self._patterns[at + 1 :]
            if not others.keys() <= methods.keys() and _may_both_match(pattern, other)
        )


def _start(path: bytes) -> bytes:
    return b"/".join(path.split(b"/", 3)[:3])


def _literal_start(pattern: str) -> bytes:
    """The first two segments, where no other path's could match them; else b""."""
    start = _start(pattern.encode("ascii"))
    return b"" if b"{" in start or start.endswith(b"*") else start


def _route(endpoint: Endpoint, method: str) -> Route:
    pattern = endpoint.pattern
    at, suffix = 0, ""
    segments = pattern.split("/")
    for number, segment in enumerate(segments):
        named = _SEGMENT.fullmatch(segment)
        if named is not None and named[1] in _NAMES_OF_MODELS:
            at, suffix = number, named[2]
    return Route(
        pattern,
        endpoint.dialect if method == "POST" else "none",
        endpoint.dialect != "none",
        endpoint.default_model,
        at,
        len(suffix),
        _takes_rest(pattern),
        segments.index("{project}") if "{project}" in segments else 0,
        segments.index("{location}") if "{location}" in segments else 0,
        endpoint.isolated,
    )


def _takes_rest(pattern: str) -> bool:
    return pattern.endswith("/{model}")


def _may_both_match(one: str, other: str) -> bool:
    """Whether some path matches both patterns."""
    mine, theirs = one.split("/"), other.split("/")
    for at, pair in enumerate(zip(mine, theirs, strict=False)):
        if "*" in pair:
            return True
        if not _segments_meet(*pair):
            return False
        if (_takes_rest(one) and at == len(mine) - 1) or (
            _takes_rest(other) and at == len(theirs) - 1
        ):
            return True
    return len(mine) == len(theirs)


def _segments_meet(one: str, other: str) -> bool:
    mine, theirs = _SEGMENT.fullmatch(one), _SEGMENT.fullmatch(other)
    if mine is None and theirs is None:
        return one == other
    ends = one if mine is None else mine[2], other if theirs is None else theirs[2]
    return ends[0].endswith(ends[1]) or ends[1].endswith(ends[0])


def _generality(pattern: str) -> tuple[bool, bool, int, int]:
    """The more literal a pattern, the earlier: `/v1/models` is not a `/v1/{anything}`."""
    return pattern.endswith("/*"), _takes_rest(pattern), pattern.count("{"), -len(pattern)


def _expression(pattern: str) -> bytes:
    body, ending = pattern, ""
    if pattern.endswith("/*"):
        body, ending = pattern[:-2], f"{_FURTHER}++"
    elif _takes_rest(pattern):
        ending = f"{_FURTHER}*+"
    return ("/".join(map(_of_segment, body.split("/"))) + ending).encode("ascii")


def _of_segment(segment: str) -> str:
    named = _SEGMENT.fullmatch(segment)
    if named is None:
        return re.escape(segment)
    # A suffix may stand in the name, too: the last one counts. Looked for from the end, since one
    # that is nearly there at each place of a long segment would be tried at all of them.
    return f"[^/]++(?<=[^/]{re.escape(named[2])})" if named[2] else "[^/]++"
