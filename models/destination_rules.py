"""What may be said of a destination: each field with its bounds, and what its kind asks of them.

The API, the admin and the command line check what they are sent by `DestinationSettings`; what
depends on the kind, which a change does not name, the model checks with `problems`.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from config import parse_destination_url
from models.entry import Outcome
from models.event_kinds import EVENT_KINDS, TRACES
from models.rules import Id, field_error, matching, parsed_by

Kind: TypeAlias = Literal["webhook", "otlp", "langfuse", "jsonl"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_WEBHOOK_PREFIX: Final = "whsec_"
#: Bytes that a webhook's secret decodes to: https://www.standardwebhooks.com
_WEBHOOK_BYTES: Final = range(24, 65)
_GENERATED_BYTES: Final = 32
_LONGEST_SECRET: Final = 4096
_LANGFUSE: Final = re.compile(r"[!-9;-~]++:[!-~]++")
#: The whole of a file's name but for its ending, on every file system.
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
#: What a request of ours says itself, or what belongs to one connection (RFC 9110 7.6.1).
_OURS: Final = re.compile(
    r"host|content-.*|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect"
    r"|proxy-.*|webhook-.*|accept-encoding|user-agent|x-langfuse-ingestion-version",
    re.DOTALL,
)


class Problem(NamedTuple):
    """What is wrong with one field, and how to mend it. Never quotes a value: it may be secret."""

    field: str
    message: str


def generated_secret() -> str:
    """A new secret of a webhook."""
    return _WEBHOOK_PREFIX + base64.b64encode(secrets.token_bytes(_GENERATED_BYTES)).decode()


def _known_events(names: list[str]) -> list[str]:
    unknown = [name for name in names if name not in EVENT_KINDS]
    if unknown:
        raise field_error(f"There is no such event. The events are: {', '.join(EVENT_KINDS)}.")
    if len(set(names)) != len(names):
        raise field_error("This names one event twice.")
    return names


def _ours_left_out(headers: dict[str, str]) -> dict[str, str]:
    """The fields, by names in lower case."""
    lower = {name.lower(): value for name, value in headers.items()}
    if len(lower) != len(headers):
        raise field_error("This names one field twice.")
    if any(_OURS.fullmatch(name) for name in lower):
        raise field_error(
            "Host, User-Agent, Content-*, Webhook-*, Accept-Encoding and fields of the connection"
            " are set by the proxy itself: leave them out."
        )
    return lower


_FIELD_NAME, _FIELD_NAME_SHOWN = matching(
    r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", "This is not the name of a header field."
)
_FIELD_VALUE, _FIELD_VALUE_SHOWN = matching(
    r"[!-~]([ -~]*[!-~])?", "The value of a field is printable ASCII, without spaces around it."
)
FieldName = Annotated[str, StringConstraints(max_length=100), _FIELD_NAME, _FIELD_NAME_SHOWN]
FieldValue = Annotated[str, StringConstraints(max_length=4096), _FIELD_VALUE, _FIELD_VALUE_SHOWN]
_SECRET, _SECRET_SHOWN = matching("[!-~]+", "Only visible ASCII characters, no spaces.")

Headers = Annotated[
    dict[FieldName, FieldValue],
    AfterValidator(_ours_left_out),
    Field(
        min_length=1,
        max_length=20,
        description="Header fields that each request carries. Kept encrypted, never read back.",
    ),
]
Secret = Annotated[
    str,
    StringConstraints(min_length=1, max_length=_LONGEST_SECRET),
    _SECRET,
    _SECRET_SHOWN,
    Field(
        description="Of a webhook `whsec_` and 24 to 64 bytes in base64, generated where none is"
        " given; of Langfuse `PUBLIC_KEY:SECRET_KEY`; of otlp sent as bearer. Kept encrypted, never"
        " read back.",
    ),
]
DestinationUrl = Annotated[
    str,
    StringConstraints(max_length=2048),
    parsed_by(parse_destination_url),
    Field(
        description="http(s)://HOST[:PORT][/PATH]. Of otlp with or without /v1/traces, of langfuse"
        " the address of the installation.",
        json_schema_extra={"format": "uri"},
    ),
]
Events = Annotated[
    list[str],
    AfterValidator(_known_events),
    Field(
        description="Which events are sent: null all, an empty list none.",
        json_schema_extra={"items": {"type": "string", "enum": list(EVENT_KINDS)}},
    ),
]


class DestinationFilter(BaseModel):
    """Of which requests and events it is told: those that are of this project and of this token."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    project_id: Id | None = None
    token_id: Id | None = None
    outcome: Annotated[Outcome | None, Field(description="Of requests alone: how they ended.")] = (
        None
    )

    def stored(self) -> dict[str, str] | None:
        """What the row keeps of it; None for a filter that lets everything through."""
        return self.model_dump(mode="json", exclude_none=True) or None


class DestinationSettings(BaseModel):
    """What may be set on a destination, at creation and later, but for its name."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    url: DestinationUrl | None = None
    secret: Secret | None = Field(default=None, repr=False)
    headers: Headers | None = Field(default=None, repr=False)
    events: Events | None = None
    requests: Annotated[
        bool,
        Field(description="Whether each finished request is sent. Default: of otlp, langfuse."),
    ] = False
    filter: DestinationFilter | None = None
    is_active: bool = True


def is_file_name(name: str) -> bool:
    """Whether a jsonl destination may have this name: its file has it."""
    return _FILE_NAME.fullmatch(name) is not None


class Settled(NamedTuple):
    """A destination as a change would leave it, as far as its kind has a say in it."""

    kind: Kind
    name: str
    url: str | None
    secret: str | None
    """None where it has none, '' where it keeps the one that it has."""
    headers: Mapping[str, str] | None
    """Likewise; an empty mapping where it keeps those that it has."""
    events: Sequence[str] | None
    requests: bool


def problems(wanted: Settled) -> list[Problem]:
    """Everything about it that its kind does not allow."""
    found = [*_of_any(wanted)]
    if wanted.kind == "jsonl":
        found += _of_jsonl(wanted)
    elif wanted.url is None:
        found.append(Problem("url", f"A destination of kind {wanted.kind} needs an address."))
    if wanted.kind in TRACES:
        found += _of_traces(wanted)
    if wanted.kind == "webhook" and wanted.secret:
        found += _of_webhook_secret(wanted.secret)
    if wanted.kind == "langfuse":
        found += _of_langfuse(wanted)
    return found


def _of_any(wanted: Settled) -> Iterator[Problem]:
    if not wanted.requests and wanted.events is not None and not wanted.events:
        yield Problem("events", "With neither events nor requests nothing would be sent: name one.")


def _of_jsonl(wanted: Settled) -> Iterator[Problem]:
    if not is_file_name(wanted.name):
        yield Problem(
            "name",
            "The name of a jsonl destination is its file's: letters, digits, '.', '_' and '-', the"
            " first a letter or a digit, at most 100.",
        )
    if wanted.url is not None:
        yield Problem(
            "url", "A jsonl destination writes a file under DATA_DIR/exports: no address."
        )
    if wanted.secret is not None:
        yield Problem("secret", "A jsonl destination has no secret: leave it out.")
    if wanted.headers is not None:
        yield Problem("headers", "A jsonl destination has no header fields: leave them out.")


def _of_traces(wanted: Settled) -> Iterator[Problem]:
    if wanted.events:
        yield Problem(
            "events",
            f"{wanted.kind} takes traces of requests and no events: leave them out, and make a"
            " webhook or jsonl destination for them.",
        )
    if not wanted.requests:
        yield Problem("requests", f"{wanted.kind} takes requests only: this must be true.")
    if wanted.secret is not None and "authorization" in (wanted.headers or ()):
        yield Problem("headers", "The secret is sent as authorization: give one of the two.")


def _of_webhook_secret(secret: str) -> Iterator[Problem]:
    try:
        if not secret.startswith(_WEBHOOK_PREFIX):
            raise ValueError
        if len(base64.b64decode(secret[6:], validate=True)) not in _WEBHOOK_BYTES:
            raise ValueError
    except (binascii.Error, ValueError):
        yield Problem(
            "secret",
            "The secret of a webhook is whsec_ followed by 24 to 64 bytes in base64. Leave it out"
            " to have one made.",
        )


def _of_langfuse(wanted: Settled) -> Iterator[Problem]:
    if wanted.secret is None or (wanted.secret and not _LANGFUSE.fullmatch(wanted.secret)):
        yield Problem(
            "secret",
            "The secret of a langfuse destination is its public key, a colon and its secret key:"
            " pk-lf-…:sk-lf-….",
        )
