"""How one answer is to differ from a plain good one: the `x-fake` header as a frozen value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

Field = tuple[bytes, bytes]


class BehaviourError(ValueError):
    """An `x-fake` key that does not exist, or a value it cannot have; the caller sees a 400."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Durations are seconds, sizes are bytes. The package docstring explains each key."""

    status: int | None = None
    retry_after: float | None = None
    delay: float | None = None
    gap: float | None = None
    events: int | None = None
    packed: bool = False
    hold: bool = False
    break_head: bool = False
    break_midhead: bool = False
    break_after: float | None = None
    reset: bool = False
    size: int | None = None
    chunk: int | None = None
    chunked: bool = False
    close: bool = False
    final: bool = False
    drop: bool = False
    encoding: str = ""
    early: bool = False
    slowread: float | None = None
    echo: bool = False
    headers: tuple[Field, ...] = ()
    trailers: tuple[Field, ...] = ()
    interim: tuple[int, ...] = ()
    nousage: bool = False
    usage: tuple[int, int, int, int] | None = None
    model: str | None = None

    @property
    def ignores_body(self) -> bool:
        """Whether the answer does not depend on the request's body, so that none need be kept."""
        return self.echo or self.early or self.size is not None or self.status is not None

    @property
    def breaks(self) -> bool:
        return self.break_head or self.break_midhead or self.break_after is not None


PLAIN = Behaviour()

_FLAGS = frozenset(field.name for field in fields(Behaviour) if field.type == "bool")


def _number(value: str) -> float:
    number = float(value)
    if not 0 <= number < 1e12:
        raise ValueError("out of range")
    return number


def _count(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise ValueError("not a whole number")
    return int(value)


def _piece(value: str) -> int:
    return max(1, _count(value))


def _field(value: str) -> Field:
    name, colon, text = value.partition(":")
    if not colon:
        raise ValueError("not Name:value")
    return name.encode("latin-1"), text.encode("latin-1")


def _usage(value: str) -> tuple[int, int, int, int]:
    prompt, completion, cached, reasoning = (_count(part) for part in value.split("/"))
    return prompt, completion, cached, reasoning


_VALUES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "status": ("status", _count),
    "retry-after": ("retry_after", _number),
    "delay": ("delay", _number),
    "gap": ("gap", _number),
    "events": ("events", _count),
    "bytes": ("size", _count),
    "chunk": ("chunk", _piece),
    "slowread": ("slowread", _number),
    "usage": ("usage", _usage),
    "model": ("model", str),
}
_REPEATED: dict[str, tuple[str, Callable[[str], Any]]] = {
    "header": ("headers", _field),
    "trailer": ("trailers", _field),
    "1xx": ("interim", _count),
}


def parse(text: str) -> Behaviour:
    """`"status=429, delay=0.1"` as a Behaviour. Raises BehaviourError for what it does not know."""
    found: dict[str, Any] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = item.partition("=")
        try:
            _take(found, key.lower(), unquote(value) if equals else None)
        except ValueError as exc:
            raise BehaviourError(f"x-fake: cannot use {item!r} ({exc}).") from exc
    return Behaviour(**found) if found else PLAIN


def _take(found: dict[str, Any], key: str, value: str | None) -> None:
    if value is None:
        if key in ("gzip", "deflate"):
            found["encoding"] = key
        elif key in _FLAGS and not key.startswith("break_"):
            found[key] = True
        else:
            raise ValueError("unknown key, or one that needs a value")
    elif key == "break":
        found |= (
            {f"break_{value}": True}
            if value in ("head", "midhead")
            else {"break_after": _number(value)}
        )
    elif key in _REPEATED:
        name, convert = _REPEATED[key]
        found[name] = (*found.get(name, ()), convert(value))
    elif key in _VALUES:
        name, convert = _VALUES[key]
        found[name] = convert(value)
    else:
        raise ValueError("unknown key, or one that takes no value")


@lru_cache(maxsize=256)
def parse_header(value: bytes) -> Behaviour:
    """As `parse`, for the raw header; a benchmark repeats the same one, so it is remembered."""
    return parse(value.decode("latin-1"))
