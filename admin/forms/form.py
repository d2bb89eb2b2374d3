"""From a posted form to a valid value, or to what was typed with an error at each field."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from admin.web.request import Sent

F = TypeVar("F", bound="Form")

_MESSAGES: Final = {
    "missing": "Fill this in.",
    "string_too_short": "Fill this in.",
    "string_too_long": "At most {max_length} characters.",
    "int_parsing": "This is not a whole number.",
    "int_parsing_size": "This number is too large.",
    "greater_than_equal": "At least {ge}.",
    "less_than_equal": "At most {le}.",
    "literal_error": "Choose one of these.",
    "too_long": "At most {max_length} entries.",
}


class Form(BaseModel):
    """The fields of a form. An empty field counts as absent."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    #: Text areas that hold one entry per line, and boxes to tick under one name.
    LISTS: ClassVar[frozenset[str]] = frozenset()
    #: Fields that are never shown again.
    SECRETS: ClassVar[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Filled(Generic[F]):
    """A form as it is shown: what stands in its fields, and what is wrong with them."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    valid: F | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    """What somebody else has made of fields meanwhile, in words."""

    def value(self, name: str) -> str:
        """What stands in a field."""
        return self.values.get(name, "")

    def error(self, name: str) -> str:
        """The error of a field; empty if it has none."""
        return self.errors.get(name, "")

    def note(self, name: str) -> str:
        """What was changed of a field meanwhile; empty if nothing was."""
        return self.notes.get(name, "")

    def says(self, name: str) -> bool:
        """Whether anything is said of a field, so that it may not be folded away."""
        return name in self.errors or name in self.notes

    def with_error(self, name: str, message: str) -> Self:
        """The same form, refused for one field more."""
        return replace(self, errors={**self.errors, name: message}, valid=None)


def fill(form: type[F], sent: Sent, *, context: Mapping[str, Any] | None = None) -> Filled[F]:
    """What was sent, checked."""
    sent = {n: ["\n".join(texts)] if n in form.LISTS else texts for n, texts in sent.items()}
    values = {name: texts[0] for name, texts in sent.items() if name not in form.SECRETS}
    given: dict[str, Any] = {}
    for name, texts in sent.items():
        text = texts[0] if name in form.SECRETS else texts[0].strip()
        if text:
            given[name] = _lines(text) if name in form.LISTS else text
    try:
        valid = form.model_validate(given, context=dict(context or {}))
    except ValidationError as exc:
        return Filled(values, _errors(exc), None)
    return Filled(values, {}, valid)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _errors(exc: ValidationError) -> dict[str, str]:
    found: dict[str, str] = {}
    for problem in exc.errors(include_url=False, include_input=False):
        name, *place = map(str, problem["loc"]) if problem["loc"] else ("form",)
        kind, said = problem["type"], problem.get("ctx", {})
        if kind == "too_long" and said["field_type"] == "Value":
            # A text whose own rule allows more: pydantic takes what it then has for anything.
            kind = "string_too_long"
        template = _MESSAGES.get(kind)
        message = template.format(**said) if template else problem["msg"]
        if place and place[0].isdigit():
            message = f"Line {int(place[0]) + 1}: {message}"
        found.setdefault(name, message)
    return found
