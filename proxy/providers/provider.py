"""What the data plane knows of a kind of upstream: a provider is data, not code.

`OPENAI` and `ANTHROPIC` are built in; `files.py` extends or overrides them from TOML. A
provider says where it is, how it wants its key, which endpoints are let through, how its usage is
reported and in which shape its SDKs expect an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import msgspec

from proxy.errors import Refusal

_ANY: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")

CredentialStyle = Literal["bearer", "x-api-key", "api-key"]
ErrorShape = Literal["openai", "anthropic"]
#: 100 cents are a dollar, and 10**10 of xAI's ticks.
CostUnit = Literal["usd", "usd_cents", "usd_ticks"]
Dialect = Literal[
    "none",
    "chat",
    "completions",
    "embeddings",
    "responses",
    "messages",
    "generic",
    "batches",
    "free",
]

_CREDENTIAL: Final[dict[CredentialStyle, tuple[bytes, bytes]]] = {
    "bearer": (b"Authorization", b"Bearer "),
    "x-api-key": (b"x-api-key", b""),
    "api-key": (b"api-key", b""),
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One line of an allowlist.

    `pattern` is matched on raw path segments: `{name}` is one segment, which may hold `%2F`; a
    final `*` is one or more of them. `method` `*` is any. `dialect` says how usage is reported by
    a request that creates something; only `POST` does. `batches` is for what runs other requests
    later, whose models and usage are not known, `free` for what costs nothing, so that an answer
    without usage leaves nothing open. `default_model` is the one that the API takes where a request
    names none.
    """

    method: str
    pattern: str
    dialect: Dialect = "none"
    default_model: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """What a request's path matched: a stable label, and how its usage is read.

    `creates` says that a request with a body may create something here, whatever its method.
    """

    pattern: str
    dialect: Dialect
    creates: bool = False
    default_model: str = ""


Methods: TypeAlias = dict[str, Route]
Joining: TypeAlias = tuple[tuple[re.Pattern[bytes], Methods], ...]


@dataclass(frozen=True, slots=True)
class Provider:
    """A kind of upstream. `base_url` has no trailing slash and no `/v1`."""

    name: str
    base_url: str
    credential: CredentialStyle
    error_shape: ErrorShape
    endpoints: tuple[Endpoint, ...]
    meter_streams: bool = True
    cost: str = ""
    """Where in an answer this provider states its cost (`usage.cost`); '' where it does not."""
    cost_unit: CostUnit = "usd"
    # Literal paths are looked up, which is what nearly every request needs.
    _literal: dict[bytes, Methods] = field(init=False, repr=False, compare=False)
    _expression: re.Pattern[bytes] = field(init=False, repr=False, compare=False)
    _by_group: tuple[Methods, ...] = field(init=False, repr=False, compare=False)
    #: For each, the more general ones that may match as well and allow other methods: mostly none.
    _joining: tuple[Joining, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        literal, expression, by_group, joining = _compile(self.endpoints)
        object.__setattr__(self, "_literal", literal)
        object.__setattr__(self, "_expression", expression)
        object.__setattr__(self, "_by_group", by_group)
        object.__setattr__(self, "_joining", joining)

    def match(self, path: bytes) -> dict[str, Route]:
        """Allowed methods of a raw path, each with its route; empty where the path is off."""
        literal = self._literal.get(path)
        if literal is not None:
            return literal
        match = self._expression.fullmatch(path)
        if match is None or not match.lastindex:
            return {}
        methods = self._by_group[match.lastindex - 1]
        for expression, others in self._joining[match.lastindex - 1]:
            if expression.fullmatch(path):
                methods = _joined(methods, others)
        return methods

    def credential_header(self, key: str) -> tuple[bytes, bytes]:
        """The header in which this provider expects its key."""
        name, prefix = _CREDENTIAL[self.credential]
        return name, prefix + key.encode("latin-1")


def _compile(
    endpoints: tuple[Endpoint, ...],
) -> tuple[dict[bytes, Methods], re.Pattern[bytes], tuple[Methods, ...], tuple[Joining, ...]]:
    by_pattern: dict[str, Methods] = {}
    for endpoint in endpoints:
        methods = by_pattern.setdefault(endpoint.pattern, {})
        for method in _ANY if endpoint.method == "*" else (endpoint.method,):
            dialect = endpoint.dialect if method == "POST" else "none"
            creates = endpoint.dialect != "none"
            methods[method] = Route(endpoint.pattern, dialect, creates, endpoint.default_model)
    ordered = sorted(by_pattern, key=_generality)
    joining = tuple(
        tuple(
            (re.compile(_expression(other)), by_pattern[other])
            for other in ordered[at:]
            if not by_pattern[other].keys() <= by_pattern[pattern].keys()
            and _may_both_match(pattern, other)
        )
        for at, pattern in enumerate(ordered, 1)
    )
    literal: dict[bytes, Methods] = {}
    for pattern, others in zip(ordered, joining, strict=True):
        if "{" not in pattern and not pattern.endswith("/*"):
            methods = by_pattern[pattern]
            for _, more in others:
                methods = _joined(methods, more)
            literal[pattern.encode("ascii")] = methods
    # One group for each; the first that matches counts.
    expression = re.compile(b"|".join(b"(%b)" % _expression(pattern) for pattern in ordered))
    return literal, expression, tuple(by_pattern[pattern] for pattern in ordered), joining


def _joined(first: Methods, others: Methods) -> Methods:
    """The methods of both; a more literal pattern hides no method that a wildcard allows."""
    return others | first


def _may_both_match(one: str, other: str) -> bool:
    """Whether some path matches both patterns."""
    pairs = list(zip(one.split("/"), other.split("/"), strict=False))
    for mine, theirs in pairs:
        if "*" in (mine, theirs):
            return True
        if mine != theirs and "{" not in mine + theirs:
            return False
    return one.count("/") == other.count("/")


def _generality(pattern: str) -> tuple[bool, int, int]:
    """The more literal a pattern, the earlier: `/v1/models` is not a `/v1/{anything}`."""
    return pattern.endswith("/*"), pattern.count("{"), -len(pattern)


def _expression(pattern: str) -> bytes:
    body, wildcard = (pattern[:-2], r"(?:/[^/]+)+") if pattern.endswith("/*") else (pattern, "")
    segments = [
        "[^/]+" if segment.startswith("{") and segment.endswith("}") else re.escape(segment)
        for segment in body.split("/")
    ]
    return ("/".join(segments) + wildcard).encode("ascii")


def error_body(shape: ErrorShape, refusal: Refusal) -> bytes:
    """The JSON that this provider's SDKs turn into their typed errors."""
    if shape == "anthropic":
        inner = {"type": refusal.type, "message": refusal.message, "code": refusal.code}
        return msgspec.json.encode({"type": "error", "error": inner})
    return msgspec.json.encode(
        {
            "error": {
                "message": refusal.message,
                "type": refusal.type,
                "param": refusal.param,
                "code": refusal.code,
            }
        }
    )


OPENAI: Final = Provider(
    name="openai",
    base_url="https://api.openai.com",
    credential="bearer",
    error_shape="openai",
    endpoints=(
        Endpoint("POST", "/v1/chat/completions", "chat"),
        Endpoint("POST", "/v1/completions", "completions"),
        Endpoint("POST", "/v1/embeddings", "embeddings"),
        Endpoint("GET", "/v1/models"),
        Endpoint("GET", "/v1/models/{model}"),
        Endpoint("POST", "/v1/moderations", "free", "omni-moderation-latest"),
        Endpoint("*", "/v1/responses", "responses"),
        # Sub-paths that are known have a name of their own in logs and counters. A POST to one that
        # is not may create something: its usage is looked for, and its model must be allowed.
        Endpoint("*", "/v1/responses/compact", "responses"),
        Endpoint("*", "/v1/responses/input_tokens"),
        Endpoint("*", "/v1/responses/{response_id}", "generic"),
        Endpoint("*", "/v1/responses/{response_id}/cancel"),
        Endpoint("*", "/v1/responses/{response_id}/input_items"),
        Endpoint("*", "/v1/responses/*", "generic"),
        Endpoint("*", "/v1/images/generations", "generic"),
        Endpoint("*", "/v1/images/edits", "generic"),
        Endpoint("*", "/v1/images/variations", "generic"),
        Endpoint("*", "/v1/images/*", "generic"),
        Endpoint("*", "/v1/audio/speech", "generic"),
        Endpoint("*", "/v1/audio/transcriptions", "generic"),
        Endpoint("*", "/v1/audio/translations", "generic"),
        Endpoint("*", "/v1/audio/*", "generic"),
        Endpoint("*", "/v1/files"),
        Endpoint("*", "/v1/files/{file_id}"),
        Endpoint("*", "/v1/files/{file_id}/content"),
        Endpoint("*", "/v1/files/*"),
        # What a batch will run is in a file: its models cannot be known, its usage neither.
        Endpoint("*", "/v1/batches", "batches"),
        Endpoint("*", "/v1/batches/{batch_id}"),
        Endpoint("*", "/v1/batches/{batch_id}/cancel"),
        Endpoint("*", "/v1/batches/*"),
    ),
)

ANTHROPIC: Final = Provider(
    name="anthropic",
    base_url="https://api.anthropic.com",
    credential="x-api-key",
    error_shape="anthropic",
    endpoints=(
        Endpoint("POST", "/v1/messages", "messages"),
        Endpoint("POST", "/v1/messages/count_tokens"),
        Endpoint("GET", "/v1/models"),
        Endpoint("GET", "/v1/models/{model}"),
    ),
)

BUILT_IN: Final = {provider.name: provider for provider in (OPENAI, ANTHROPIC)}
