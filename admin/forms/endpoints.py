"""The endpoints of a project: switches of its provider's list, patterns, and what it adds."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Final

from pydantic import BeforeValidator, Field

from admin.components.switches import Parts, apart, together
from admin.forms.form import Filled, Form
from models import Project
from models.endpoint_rules import (
    EXTRA_MAX,
    ExtraEndpoint,
    ExtraEndpoints,
    Method,
    Usage,
    stored,
)
from models.rules import ALLOW_LIST, Endpoint, field_error
from web.providers import Endpoint as Line

NOTHING_ON: Final = (
    "At least one has to be on. To refuse every request of the project, deactivate it."
)


def _parsed(lines: object) -> object:
    """`POST /v1/rerank generic`, as the page has written it."""
    if not isinstance(lines, list):
        return lines
    found = []
    for line in lines:
        parts = line.split(" ")
        if len(parts) != len(ExtraEndpoint.model_fields):
            raise field_error("Open the page anew: this is no endpoint as it writes them.")
        found.append(dict(zip(ExtraEndpoint.model_fields, parts, strict=True)))
    return found


class EndpointsChange(Form):
    """All that the page has."""

    LISTS: ClassVar[frozenset[str]] = frozenset({"switches", "patterns", "extra_endpoints"})

    switches: Annotated[list[Endpoint], ALLOW_LIST] | None = None
    patterns: Annotated[list[Endpoint], ALLOW_LIST] | None = None
    extra_endpoints: Annotated[ExtraEndpoints, BeforeValidator(_parsed)] | None = None
    #: One more.
    path: Annotated[str, Field(max_length=300)] = ""
    method: Method = "POST"
    usage: Usage = "generic"


class Changes(Form):
    """What is compared with what is stored, where the page was overtaken."""

    switches: str = ""
    patterns: str = ""
    extra_endpoints: str = ""


def line_of(one: ExtraEndpoint) -> str:
    """As the page sends it back."""
    return f"{one.method} {one.path} {one.usage}"


def of_project(project: Project, lines: Sequence[Line]) -> Filled[Any]:
    """The form with what holds now."""
    parts = apart(lines, project.allowed_endpoints)
    extra = [ExtraEndpoint.model_validate(one) for one in project.extra_endpoints or ()]
    return Filled(
        {
            "switches": "\n".join(parts.lines),
            "patterns": "\n".join(parts.patterns),
            "extra_endpoints": "\n".join(map(line_of, extra)),
            "method": "POST",
            "usage": "generic",
        }
    )


def allowed_of(form: EndpointsChange, lines: Sequence[Line]) -> list[str] | None:
    """The project's list, as the model takes it; an empty one where nothing is on."""
    if not lines and not form.patterns:
        return None
    return together(lines, Parts(list(form.switches or ()), list(form.patterns or ())))


def extra_of(form: EndpointsChange) -> list[dict[str, Any]] | None:
    """What is added, as the model takes it. Raises ValidationError of the one that is new, and
    ValueError where it is there already or one too many."""
    kept = list(form.extra_endpoints or ())
    if form.path:
        made = ExtraEndpoint(method=form.method, path=form.path.strip(), usage=form.usage)
        if any((one.method, one.path) == (made.method, made.path) for one in kept):
            raise ValueError("This one is there already.")
        if len(kept) >= EXTRA_MAX:
            raise ValueError(f"At most {EXTRA_MAX} can be added.")
        kept.append(made)
    return stored(kept)
