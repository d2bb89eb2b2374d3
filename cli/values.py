"""What is typed for a field, checked: limits, allow lists, expiry. Problems become usage errors.

`none` stands for no limit. An option that was not given is None, one that was is a `Given`, so
that an update can tell "leave it" from "no limit".
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import typer

from cli.errors import WrongUsage
from config import parse_base_url

_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
#: A century: more is a mistake, and perhaps a date that no database takes.
_LONGEST: Final = 36_525 * 86_400
_ENDPOINT: Final = re.compile(r"((GET|POST|PUT|PATCH|DELETE|HEAD|\*) )?[/*][!-~]*")
_ORIGIN: Final = re.compile(r"\*|[a-z][a-z0-9+.-]*://[A-Za-z0-9.*_\[\]:-]+")


@dataclass(frozen=True, slots=True)
class Given:
    """What an option was given; None for `none`."""

    value: Any


def given(**options: Given | bool | str | int | None) -> dict[str, Any]:
    """The fields that were given, with their values."""
    return {
        name: option.value if isinstance(option, Given) else option
        for name, option in options.items()
        if option is not None
    }


def changes(**options: Given | bool | str | int | None) -> dict[str, Any]:
    """As `given`, for an update. Raises WrongUsage when there is nothing to change."""
    fields = given(**options)
    if not fields:
        raise WrongUsage("There is nothing to change: give at least one option.")
    return fields


def whole(most: int) -> Callable[[str], Given]:
    """A parser of numbers from 1 to `most`, or `none`."""

    def parse(text: str) -> Given:
        if text == "none":
            return Given(None)
        if not re.fullmatch(r"[0-9]{1,20}", text) or not 1 <= int(text) <= most:
            raise typer.BadParameter(f"neither a whole number from 1 to {most} nor none")
        return Given(int(text))

    return parse


def entries(check: Callable[[str], str]) -> Callable[[str], Given]:
    """A parser of comma separated entries, or `none` for no list."""

    def parse(text: str) -> Given:
        if text == "none":
            return Given(None)
        found = [entry.strip() for entry in text.split(",")]
        if not all(entry.isprintable() and 0 < len(entry) <= 200 for entry in found):
            raise typer.BadParameter("an entry is empty, too long or not printable")
        try:
            return Given([check(entry) for entry in found])
        except ValueError as exc:
            raise typer.BadParameter(str(exc)) from None

    return parse


def model(text: str) -> str:
    """A model's name, in which `*` stands for anything."""
    return text


def endpoint(text: str) -> str:
    """`/v1/path` or `METHOD /v1/path`."""
    if not _ENDPOINT.fullmatch(text):
        raise ValueError(f"{text!r} is neither a path nor METHOD and path")
    return text


def address(text: str) -> str:
    """An IP address, a network, or a text with `*`."""
    if "*" not in text:
        ipaddress.ip_network(text, strict=False)
    elif not re.fullmatch(r"[0-9A-Fa-f.:*]+", text):
        raise ValueError(f"{text!r} is no address")
    return text


def origin(text: str) -> str:
    """`https://app.example.com`, as browsers send it."""
    if not _ORIGIN.fullmatch(text):
        raise ValueError(f"{text!r} is no origin such as https://app.example.com")
    return text


def base_url(text: str) -> Given:
    """An upstream's address, or `none` for the provider's own."""
    if text == "none":
        return Given(None)
    try:
        return Given(parse_base_url(text))
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from None


def line(least: int, most: int) -> Callable[[str], str]:
    """A parser of names and labels."""

    def parse(text: str) -> str:
        if not (text.isprintable() and least <= len(text) <= most):
            raise typer.BadParameter(f"not {least} to {most} printable characters")
        return text

    return parse


def seconds(text: str) -> int:
    """Seconds, from `3600`, `90s`, `15m`, `12h`, `30d` or `2w`."""
    match = re.fullmatch(r"([0-9]{1,12})([smhdw]?)", text)
    if match is None:
        raise typer.BadParameter("not a duration such as 3600, 15m, 12h, 30d or 2w")
    found = int(match[1]) * _SECONDS[match[2]]
    if found > _LONGEST:
        raise typer.BadParameter("longer than a century")
    return found


def expiry(text: str) -> Given:
    """The end of a token: a duration from now, a time to come, or `never`."""
    if text == "never":
        return Given(None)
    present = datetime.now(UTC)
    if re.fullmatch(r"[0-9]{1,12}[smhdw]?", text):
        end = present + timedelta(seconds=seconds(text))
    else:
        end = _time(text, "a duration such as 30d, a time such as 2027-01-31T12:00:00Z, or never")
    if end <= present or end > present + timedelta(seconds=_LONGEST):
        raise typer.BadParameter("not in the future" if end <= present else "after a century")
    return Given(end)


def moment(text: str) -> datetime:
    """A time gone by: RFC 3339, a date, or a duration back from now."""
    if re.fullmatch(r"[0-9]{1,12}[smhdw]", text):
        return datetime.now(UTC) - timedelta(seconds=seconds(text))
    return _time(text, "a time such as 2027-01-31T12:00:00Z, a date, or a duration such as 7d")


def _time(text: str, allowed: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        # Where no zone is named it is UTC, as everywhere here.
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"not {allowed}") from None
