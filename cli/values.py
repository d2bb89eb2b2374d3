"""What is typed for a field, as the API would be sent it; the API's own schemas then check it.

`none` stands for no limit. An option that was not given is None, one that was is a `Provided`, so
that an update can tell "leave it" from "no limit".
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import typer

from cli.errors import WrongUsage
from manage.errors import InvalidRequest
from manage.reading import validate
from manage.schemas.schema import Schema
from models.budget_text import parse_budget
from models.labels import BadLabel, parse_tag
from models.reports.usage_report import GROUPS, is_group
from models.rules import FIRST_YEAR, LAST_YEAR, is_datable
from models.text import around_emoji, unseen

S = TypeVar("S", bound=Schema)

_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION: Final = re.compile(r"([0-9]{1,12})([smhdw]?)")
#: Options that are not named as their fields are.
_OPTIONS: Final = {
    "budgets": "budget",
    "events": "event",
    "extra_endpoints": "extra-endpoint",
    "filter.outcome": "outcome",
    "filter.project_id": "project",
    "filter.token_id": "token",
    "headers": "header",
    "expires_in": "expires",
    "expires_at": "expires",
    "grace_seconds": "grace",
    "is_active": "active",
    "tags": "tag",
}


@dataclass(frozen=True, slots=True)
class Provided:
    """What an option was given; None for `none`."""

    value: Any


def sent(**options: Provided | bool | str | int | None) -> dict[str, Any]:
    """The fields that were given, with their values."""
    return {
        name: option.value if isinstance(option, Provided) else option
        for name, option in options.items()
        if option is not None
    }


def validated(schema: type[S], fields: Mapping[str, Any], **context: Any) -> S:
    """`fields` as the API would take them. Raises WrongUsage with every one that is wrong."""
    try:
        return validate(schema, dict(fields), context)
    except InvalidRequest as exc:
        problems = [f"{_place(detail.field)}: {detail.message}" for detail in exc.details]
        raise WrongUsage("\n".join(problems)) from exc


def changes(schema: type[S], fields: Mapping[str, Any], **context: Any) -> S:
    """As `validated`, for an update. Raises WrongUsage, too, when nothing is to be changed."""
    if not fields:
        raise WrongUsage("There is nothing to change: give at least one option.")
    return validated(schema, fields, **context)


def refused(problems: Iterable[tuple[str, str]]) -> WrongUsage:
    """For fields that the data room does not take, each with what is wrong."""
    return WrongUsage("\n".join(f"{_place(field)}: {message}" for field, message in problems))


def _place(field: str) -> str:
    """An option, and the part of its value that is meant: `--failover (max_attempts)`."""
    if field in _OPTIONS:
        return f"--{_OPTIONS[field]}"
    # Entries of a list are named by their number: allowed_ips.0
    name, *inside = field.split(".")
    parts = " ".join(part for part in inside if not part.isdigit() and part != "[key]")
    option = f"--{_OPTIONS.get(name, name).replace('_', '-')}"
    return f"{option} ({parts})" if parts else option


def integer(text: str) -> Provided:
    """A parser of integers, or `none`."""
    if text == "none":
        return Provided(None)
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise typer.BadParameter("neither a whole number nor none")
    return Provided(int(text))


def entries(text: str) -> Provided:
    """A parser of comma separated entries, or `none` for no list."""
    return Provided(None if text == "none" else [entry.strip() for entry in text.split(",")])


def text_or_none(text: str) -> Provided:
    """A parser of text, or `none`."""
    return Provided(None if text == "none" else text)


def failover(text: str) -> Provided:
    """`3 statuses=429,503 first_byte_timeout=20`, or `none`."""
    if text == "none":
        return Provided(None)
    attempts, *rest = text.split() or [""]
    rule: dict[str, Any] = {"max_attempts": _number(attempts)}
    for part in rest:
        name, _, value = part.partition("=")
        if name == "statuses":
            rule[name] = [_number(status) for status in value.split(",")]
        elif name == "first_byte_timeout":
            try:
                rule[name] = float(value)
            except ValueError:
                raise typer.BadParameter("the timeout is no number of seconds") from None
        else:
            raise typer.BadParameter("neither statuses=… nor first_byte_timeout=…")
    return Provided(rule)


def cache(text: str) -> Provided:
    """`ttl=3600 scope=token only=all`, or `none`."""
    if text == "none":
        return Provided(None)
    rule: dict[str, Any] = {}
    for part in text.split():
        name, _, value = part.partition("=")
        if name not in ("ttl", "scope", "only") or not value:
            raise typer.BadParameter("none of ttl=…, scope=… and only=…")
        rule["ttl_seconds" if name == "ttl" else name] = _number(value) if name == "ttl" else value
    return Provided(rule)


def model_map(text: str) -> Provided:
    """`gpt-4o=my-deployment,o3=other`, or `none`."""
    if text == "none":
        return Provided(None)
    names: dict[str, str] = {}
    for entry in text.split(","):
        name, sign, mapped = (part.strip() for part in entry.partition("="))
        if not sign or name in names:
            raise typer.BadParameter("not as in gpt-4o=my-deployment,o3=other, each model once")
        names[name] = mapped
    return Provided(names)


def group_by(text: str) -> str:
    """`model`, `tag:team` and the like."""
    if not is_group(text):
        raise typer.BadParameter(f"none of {', '.join(GROUPS)}, and no tag such as tag:team")
    return text


def tag(text: str) -> Provided:
    """`team=search`, or `none`."""
    if text == "none":
        return Provided(None)
    try:
        return Provided(parse_tag(text))
    except BadLabel as exc:
        raise typer.BadParameter(str(exc)) from None


def tag_text(text: str) -> str:
    """The same, of requests that have it."""
    try:
        return "=".join(parse_tag(text))
    except BadLabel as exc:
        raise typer.BadParameter(str(exc)) from None


def tagged(options: list[Provided] | None) -> Provided | None:
    """The tags of an option that is given once for each; `none` stands alone."""
    given = together(options)
    if given is None or given.value is None:
        return given
    if len(dict(given.value)) != len(given.value):
        raise WrongUsage("--tag: each key once.")
    return Provided(dict(given.value))


def budget(text: str) -> Provided:
    """`usd 25 day zone=Europe/Berlin mode=soft`, or `none`."""
    if text == "none":
        return Provided(None)
    try:
        return Provided(parse_budget(text))
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from None


def together(options: list[Provided] | None) -> Provided | None:
    """An option that is given once for each entry of a list; `none` stands alone."""
    if not options:
        return None
    values = [option.value for option in options]
    if values == [None]:
        return Provided(None)
    if None in values:
        raise typer.BadParameter("none stands alone")
    return Provided(values)


def extra_endpoint(text: str) -> Provided:
    """`POST /v1/rerank usage=generic`, or `none`."""
    if text == "none":
        return Provided(None)
    method, _, rest = text.strip().partition(" ")
    path, _, more = rest.strip().partition(" ")
    name, sign, usage = more.strip().partition("=")
    if not path or (more and (name, sign) != ("usage", "=")):
        raise typer.BadParameter("not as in 'POST /v1/rerank usage=generic'")
    return Provided({"method": method, "path": path} | ({"usage": usage} if more else {}))


def policies(text: str) -> Provided:
    """The policies in a file of JSON, in - for standard input, or `none`."""
    if text == "none":
        return Provided(None)
    try:
        content = sys.stdin.buffer.read() if text == "-" else Path(text).read_bytes()
        found = json.loads(content)
    except OSError as exc:
        raise typer.BadParameter(f"cannot be read: {exc.strerror}") from None
    except (ValueError, RecursionError):
        raise typer.BadParameter("no JSON") from None
    return Provided(found)


def header(text: str) -> Provided:
    """`x-api-key: …`, or `none`."""
    if text == "none":
        return Provided(None)
    name, sign, value = text.partition(":")
    if not sign:
        raise typer.BadParameter("not as in 'x-api-key: …'")
    return Provided((name.strip(), value.strip()))


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text):
        raise typer.BadParameter("not as in '3 statuses=429,503 first_byte_timeout=20'")
    return int(text)


def expiry(text: str) -> Provided:
    """The fields for the end of a token: a duration from now, a time to come, or `never`."""
    if text == "never":
        return Provided({"expires_in": None})
    if _DURATION.fullmatch(text):
        return Provided({"expires_in": seconds(text)})
    if not re.match(r"[0-9]{4}-", text):
        raise typer.BadParameter("neither a duration such as 30d, a time, nor never")
    return Provided({"expires_at": text})


def text(least: int, most: int) -> Callable[[str], str]:
    """A parser of names and labels."""

    def parse(text: str) -> str:
        if (found := unseen(text)) is not None:
            raise typer.BadParameter(
                f"holds {found}, a character that is not seen or turns the writing round"
            )
        printable = all(part.isprintable() for part in around_emoji(text)[::2])
        if not (printable and least <= len(text) <= most):
            raise typer.BadParameter(f"not {least} to {most} printable characters")
        return text

    return parse


def seconds(text: str) -> int:
    """Seconds, from `3600`, `90s`, `15m`, `12h`, `30d` or `2w`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise typer.BadParameter("not a duration such as 3600, 15m, 12h, 30d or 2w")
    return int(match[1]) * _SECONDS[match[2]]


def moment(text: str) -> datetime:
    """A time gone by: RFC 3339, a date, or a duration back from now."""
    try:
        if re.fullmatch(r"[0-9]{1,12}[smhdw]", text):
            found = datetime.now(UTC) - timedelta(seconds=seconds(text))
        else:
            found = datetime.fromisoformat(text)
            # Where no zone is named it is UTC, as everywhere here.
            found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            "neither a time such as 2027-01-31T12:00:00Z, a date, nor a duration such as 7d"
        ) from None
    if not is_datable(found):
        raise typer.BadParameter(f"not between the years {FIRST_YEAR} and {LAST_YEAR}")
    return found
