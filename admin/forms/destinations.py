"""Destinations: a form for each kind, of which what does not belong to the kind is left out."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, cast

from pydantic import BeforeValidator, ValidationInfo, field_validator

from admin.forms.form import Filled, Form
from models.destination_rules import (
    DestinationFilter,
    DestinationUrl,
    Events,
    Headers,
    Kind,
    Secret,
)
from models.destinations import Destination, DestinationFields
from models.entry import Outcome
from models.event_kinds import TRACES
from models.rules import Id, Name, field_error

Scope = Literal["all", "some", "none"]


class Explained(NamedTuple):
    """A kind, for people."""

    kind: Kind
    title: str
    summary: str
    url: str
    """An example of its address."""
    url_help: str
    secret_label: str
    secret_help: str


KINDS: Final = {
    one.kind: one
    for one in (
        Explained(
            "webhook",
            "Webhook",
            "Signed JSON for each event, by the scheme of Standard Webhooks.",
            "https://ops.example.com/llm-proxy",
            "Receives a POST for each item, and answers 2xx within 30 seconds.",
            "Secret to sign with",
            "whsec_ and 24 to 64 bytes in base64. Empty: one is made, and shown once.",
        ),
        Explained(
            "otlp",
            "OpenTelemetry",
            "A span for each request, with the names of the GenAI conventions, to a collector.",
            "http://collector:4318",
            "The base URL of an OTLP/HTTP receiver, or the whole address with /v1/traces.",
            "Bearer token",
            "Sent as Authorization: Bearer. Other fields that let in go below.",
        ),
        Explained(
            "langfuse",
            "Langfuse",
            "A generation for each request, by Langfuse's door for OpenTelemetry.",
            "https://cloud.langfuse.com",
            "The installation's own address; /api/public/otel is added.",
            "Keys",
            "The public key, a colon and the secret key: pk-lf-…:sk-lf-…",
        ),
        Explained(
            "jsonl",
            "JSONL file",
            "A line for each item, under DATA_DIR/exports of the machine that delivers.",
            "",
            "",
            "",
            "",
        ),
    )
}


def _pairs(lines: object) -> object:
    """`x-api-key: …`, a line each."""
    if not isinstance(lines, list):
        return lines
    fields: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        name, sign, value = (part.strip() for part in str(line).partition(":"))
        if not sign or name in fields:
            raise field_error(f"Line {number}: not as in x-api-key: …, each field once.")
        fields[name] = value
    return fields


class DestinationForm(Form):
    """What is asked of a destination, at creation and later."""

    LISTS: ClassVar[frozenset[str]] = frozenset({"headers", "event"})
    SECRETS: ClassVar[frozenset[str]] = frozenset({"secret", "headers"})

    name: Name
    url: DestinationUrl | None = None
    secret: Secret | None = None
    headers: Annotated[Headers | None, BeforeValidator(_pairs)] = None
    #: Whether what is kept of them goes; an empty field leaves it.
    drop_secret: bool = False
    drop_headers: bool = False
    scope: Scope = "all"
    event: Events | None = None
    requests: bool = False
    project_id: Id | None = None
    token_id: Id | None = None
    outcome: Outcome | None = None

    @field_validator("event")
    @classmethod
    def _some_are_named(cls, event: list[str] | None, info: ValidationInfo) -> list[str] | None:
        return event if info.data.get("scope") == "some" else None

    def fields(
        self, kind: Kind, *, has_secret: bool = False, has_headers: bool = False
    ) -> DestinationFields:
        """What the model takes; secrets that were left empty stay."""
        wanted: dict[str, Any] = {"name": self.name, "filter": self._filter()}
        wanted["requests"] = True if kind in TRACES else self.requests
        if kind not in TRACES:
            some = self.event or []
            wanted["events"] = None if self.scope == "all" else some if self.scope == "some" else []
        if kind == "jsonl":
            return cast(DestinationFields, wanted)
        wanted["url"] = self.url
        for name, there, drop in (
            ("secret", has_secret, self.drop_secret),
            ("headers", has_headers, self.drop_headers),
        ):
            given = getattr(self, name)
            if given is not None or (there and drop):
                wanted[name] = given
        return cast(DestinationFields, wanted)

    def _filter(self) -> dict[str, str] | None:
        return DestinationFilter.model_construct(
            project_id=self.project_id, token_id=self.token_id, outcome=self.outcome
        ).stored()


def blank(kind: Kind) -> Filled[DestinationForm]:
    """The form of a new one."""
    return Filled({"scope": "all", "requests": "" if kind in ("webhook", "jsonl") else "true"})


def of_destination(row: Destination) -> Filled[DestinationForm]:
    """The form with what is set."""
    scope = "all" if row.events is None else "some" if row.events else "none"
    values: Mapping[str, str | None] = {
        "name": row.name,
        "url": row.url,
        "scope": scope,
        "event": "\n".join(row.events or ()),
        "requests": "true" if row.requests else "",
        **(row.only or {}),
    }
    return Filled({name: text for name, text in values.items() if text})


#: Fields of a refusal that the form has under another name.
_NAMES: Final = {
    "events": "event",
    "filter.project_id": "project_id",
    "filter.token_id": "token_id",
}


def refused(
    form: Filled[DestinationForm], problems: tuple[tuple[str, str], ...]
) -> Filled[DestinationForm]:
    """The form with what the model does not take."""
    for field, message in problems:
        form = form.with_error(_NAMES.get(field, field), message)
    return form
