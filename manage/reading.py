"""What a request brings, read strictly: its JSON body, or its query.

The JSON that is read here has one meaning only: valid UTF-8, no name twice in an object, no NaN,
no number beyond a float. All fields that are wrong are named at once.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import parse_qsl

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from manage.errors import Detail, InvalidRequest
from manage.schemas.schema import Schema
from models.text import clean_text

S = TypeVar("S", bound=Schema)

_MOST_PARAMETERS: Final = 50
_MOST_DETAILS: Final = 100
_MESSAGES: Final = {
    "extra_forbidden": "There is no such field.",
    "missing": "This field is required.",
    "model_type": "This is not a JSON object.",
    "dict_type": "This is not a JSON object.",
    "list_type": "This is not a list.",
    "string_type": "This is not a text.",
    "int_type": "This is not a whole number.",
    "int_from_float": "This is not a whole number.",
    "float_type": "This is not a number.",
    "bool_type": "This is neither true nor false.",
    "greater_than_equal": "At least {ge}.",
    "less_than_equal": "At most {le}.",
    "string_too_short": "Too short: at least {min_length} characters.",
    "string_too_long": "Too long: at most {max_length} characters.",
    "too_short": "Too few entries: at least {min_length}.",
    "too_long": "Too many entries: at most {max_length}.",
    "literal_error": "This is none of {expected}.",
}


def parse_json(text: bytes) -> object:
    """`text` as JSON, `{}` for none. Raises InvalidRequest."""
    if not text:
        return {}
    try:
        return json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError:
        problem = "This is not valid UTF-8."
    except json.JSONDecodeError as exc:
        problem = f"This is not valid JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}."
    except (ValueError, RecursionError) as exc:
        problem = f"This is not JSON that can be used: {_first_line(exc)}."
    raise InvalidRequest("The body cannot be read.", details=[Detail("body", problem)])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object names a field twice")
    if any("\ud800" <= character <= "\udfff" for name in found for character in name):
        raise ValueError("the name of a field holds a lone surrogate")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _first_line(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    # Python's own refusal of very long integers goes on about interpreter settings.
    return str(error).partition(";")[0]


def read_query(query: str) -> dict[str, str]:
    """The parameters, each of which may be given once. Raises InvalidRequest."""
    try:
        pairs = parse_qsl(
            query,
            keep_blank_values=True,
            strict_parsing=bool(query),
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )
    except ValueError:
        raise InvalidRequest(
            "The query cannot be read.",
            details=[Detail("query", "This is not name=value&…, percent-encoded UTF-8.")],
        ) from None
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidRequest(
            "Parameters were given twice.",
            details=[Detail(_named((name,)), "This was given more than once.") for name in twice],
        )
    return dict(pairs)


def validate(schema: type[S], sent: object, context: Mapping[str, Any]) -> S:
    """`sent` as a `schema`. Raises InvalidRequest with every field that is wrong."""
    details = schema.clashes(sent) if isinstance(sent, dict) else []
    try:
        valid = schema.model_validate(sent, context=dict(context))
    except ValidationError as exc:
        problems = exc.errors(include_url=False, include_input=False)
        details += [
            Detail(_named(problem["loc"]), _said(problem)) for problem in problems[:_MOST_DETAILS]
        ]
    if details:
        raise InvalidRequest("Some of what was sent is not valid.", details=details)
    return valid


def _said(problem: ErrorDetails) -> str:
    """What is wrong, in the words of this API rather than of the library that found it."""
    template = _MESSAGES.get(problem["type"])
    return problem["msg"] if template is None else template.format_map(problem.get("ctx", {}))


def _named(location: tuple[int | str, ...]) -> str:
    """Where in the body, as a path; the caller's own words are made fit to be sent back."""
    # Behind the name of a member, where that name itself is wrong.
    parts = location[:-1] if location[-1:] == ("[key]",) else location
    return clean_text(".".join(map(str, parts)), limit=200) or "body"


def refuse_query(query: Mapping[str, str]) -> None:
    """For operations that take a body: a parameter can only be a mistake. Raises InvalidRequest."""
    if query:
        raise InvalidRequest(
            "This takes no parameters.",
            details=[Detail(_named((name,)), "There is no such parameter.") for name in query],
        )
