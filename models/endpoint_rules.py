"""What is let through beside or instead of what a provider's list says: lists of endpoints as
tokens and projects have them, and endpoints that a project adds to its provider's by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, NamedTuple, Self, TypeAlias, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from models.patterns import Pattern
from models.rules import field_error, parsed_by
from models.text import in_stored_order

#: How the answers of an endpoint tell usage.
Usage: TypeAlias = Literal[
    "none",
    "chat",
    "completions",
    "embeddings",
    "responses",
    "messages",
    "generic",
    "batches",
    "free",
    "gemini",
    "predict",
    "converse",
    "invoke",
    "ollama",
    "cohere",
]
#: `*` is any.
Method: TypeAlias = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "*"]
METHODS: Final[tuple[Method, ...]] = get_args(Method)
#: First segments of the proxy's own paths.
RESERVED_ROOTS: Final = frozenset(
    ("admin", "health", "leaks", "manage", "metrics", "oauth", "ready")
)
#: Below `/v1`, and answered by the proxy itself: no provider's pattern covers them.
OWN_PATHS: Final = ("/v1/llm-proxy", "/v1/oauth")
EXTRA_MAX: Final = 100
_LONGEST_PATH: Final = 300

_LITERAL: Final = re.compile(r"[A-Za-z0-9._~!$&'()+,;=:@-]+")
_VARIABLE: Final = re.compile(r"\{[a-z_]++\}[A-Za-z0-9._~!$&'()+,;=:@-]*+")
_NAMED: Final = re.compile(r"\{[a-z_]++\}")
#: The same for readers of the document, who have no possessive repeats.
_SEGMENT: Final = r"(?!\.{1,2}(/|$))(\{[a-z_]+\})?[A-Za-z0-9._~!$&'()+,;=:@-]"
_SHOWN: Final = (
    rf"^/(?!({'|'.join(sorted(RESERVED_ROOTS))})(/|$))(?!v1/(llm-proxy|oauth)(/|$))"
    rf"(?!\.{{1,2}}(/|$))[A-Za-z0-9._~!$&'()+,;=:@-]+"
    rf"(/({_SEGMENT}+|\{{[a-z_]+\}}))*(/\*)?$"
)


def parse_path(text: str) -> str:
    """An endpoint's pattern. Raises ValueError with what is wrong in a few words."""
    first, *segments = text.split("/")
    if first or not segments:
        raise ValueError("does not begin with a slash")
    if segments[-1] == "*" and len(segments) > 1:
        segments.pop()
    for segment in segments:
        if segment in ("", ".", ".."):
            raise ValueError("has an empty or a dot segment")
        if not _LITERAL.fullmatch(segment) and not _VARIABLE.fullmatch(segment):
            raise ValueError("has a segment that is neither literal nor {name}")
    root = segments[0]
    if root.startswith("{"):
        raise ValueError("does not begin with a literal segment")
    if root in RESERVED_ROOTS:
        raise ValueError(f"begins with /{root}, which is the proxy's own")
    if "/".join(("", *segments[:2])) in OWN_PATHS:
        raise ValueError(f"is below {' or '.join(OWN_PATHS)}, which the proxy answers itself")
    return text


class ExtraEndpoint(BaseModel):
    """An endpoint that a project adds, as every door takes it and shows it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    method: Annotated[Method, Field(description="`*` is any.")]
    path: Annotated[
        str,
        StringConstraints(max_length=_LONGEST_PATH),
        parsed_by(parse_path),
        Field(
            description="As in a provider's list: `{name}` is any one segment, `/*` at the end one"
            " or more. The first segment is literal, and one that some provider here has.",
            json_schema_extra={"pattern": _SHOWN},
        ),
    ]
    usage: Annotated[
        Usage,
        Field(
            description="How the answers to a POST tell usage; `generic`: in whatever form they"
            " have."
        ),
    ] = "generic"


def _each_once(extra: list[ExtraEndpoint]) -> list[ExtraEndpoint]:
    seen = {(one.method, shape(one.path)) for one in extra}
    if len(seen) != len(extra):
        raise field_error("Two of them are for the same method and path.")
    return extra


ExtraEndpoints = Annotated[
    list[ExtraEndpoint],
    Field(
        max_length=EXTRA_MAX,
        description="Endpoints that are let through besides those of the provider's list, which"
        " keep what that list says of them.",
    ),
    AfterValidator(_each_once),
]


def stored(extra: Sequence[ExtraEndpoint] | None) -> list[dict[str, Any]] | None:
    """As a project's row has them; None for none."""
    return [in_stored_order(one.model_dump()) for one in extra] if extra else None


class Extra(NamedTuple):
    """One of them, as the data path reads it."""

    method: str
    path: str
    usage: Usage

    @classmethod
    def all_of(cls, stored: Sequence[Mapping[str, Any]] | None) -> tuple[Self, ...]:
        """What a project's row says."""
        return tuple(
            cls(one["method"], one["path"], one.get("usage", "generic")) for one in stored or ()
        )


def shape(pattern: str) -> str:
    """A pattern without what it calls its segments: two of one shape match the same paths."""
    rest = "/{...}" if pattern.endswith("/{model}") else ""
    return _NAMED.sub("{}", pattern) + rest


def entry_for(method: str, pattern: str) -> str:
    """The entry of a list of endpoints that stands for one line of a provider's list, and for none
    that is more literal."""
    if pattern.endswith("/*"):
        pattern = f"{pattern[:-2]}/{{*}}"
    return pattern if method == "*" else f"{method} {pattern}"


class EndpointList(NamedTuple):
    """The list of endpoints that a token or a project allows, each a path or a method and a path.

    In most `*` stands for any text of the path as it was sent. One that has braces is a line of a
    provider's list instead, whatever it calls its segments: `/v1/responses/{id}` is not
    `/v1/responses/{id}/cancel`, and `/v1/images/{*}` is what the line `/v1/images/*` takes.
    """

    texts: Mapping[str, Pattern]
    """By the method that they are for; '' for any."""
    lines: frozenset[str]

    @classmethod
    def of(cls, entries: Iterable[str] | None) -> Self | None:
        """None for None: anything is allowed."""
        if entries is None:
            return None
        texts, lines = dict[str, list[str]](), set[str]()
        for entry in entries:
            method, _, path = entry.rpartition(" ")
            method = "" if method == "*" else method
            if "{" in entry:
                lines.add(_line(method, path))
            else:
                texts.setdefault(method, []).append(path)
        compiled = {method: Pattern.of(paths) for method, paths in texts.items()}
        return cls({m: one for m, one in compiled.items() if one is not None}, frozenset(lines))

    def allowed(self, path: str, lines: Mapping[str, str]) -> set[str]:
        """Which methods of a path are on it. `lines` has, for each, the provider's line it takes.

        No entry is held against the path twice, however many methods it has.
        """
        texts = self.texts
        if (for_any := texts.get("")) is not None and for_any.allows(path):
            return set(lines)
        return {
            method
            for method, line in lines.items()
            if ((own := texts.get(method)) is not None and own.allows(path))
            or (self.lines and self._has_line(method, line))
        }

    def allows(self, method: str, path: str, pattern: str) -> bool:
        """Whether a request is on it that takes the line `pattern`."""
        return method in self.allowed(path, {method: pattern})

    def _has_line(self, method: str, pattern: str) -> bool:
        line = _NAMED.sub("{}", pattern)
        return line in self.lines or f"{method} {line}" in self.lines


def _line(method: str, path: str) -> str:
    if path.endswith("/{*}"):
        path = f"{path[:-4]}/*"
    line = _NAMED.sub("{}", path)
    return f"{method} {line}" if method else line
