"""Raw header lists, read and changed without losing what was on the wire, sans-io.

Names are given in lower case and compared without regard to case.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

RawHeaders = list[tuple[bytes, bytes]]
"""Field lines as they were on the wire: order, case and duplicates kept."""


def value_of(headers: RawHeaders, name: bytes) -> bytes | None:
    """The first value of a field; None where it is absent."""
    for field_name, value in headers:
        if len(field_name) == len(name) and field_name.lower() == name:
            return value
    return None


def values_of(headers: RawHeaders, name: bytes) -> list[bytes]:
    """All values of a field, in order."""
    length = len(name)
    return [
        value
        for field_name, value in headers
        if len(field_name) == length and field_name.lower() == name
    ]


def with_value(headers: RawHeaders, name: bytes, value: bytes) -> RawHeaders:
    """The same lines with one field replaced in its place, or added."""
    replaced = [
        (field_name, value if field_name.lower() == name else old) for field_name, old in headers
    ]
    if value_of(headers, name) is None:
        replaced.append((name, value))
    return replaced


def without(headers: RawHeaders, *names: bytes) -> RawHeaders:
    """The same lines but for those of some fields."""
    return [field for field in headers if field[0].lower() not in names]


def wire_lines(headers: RawHeaders) -> bytes:
    """The lines as they stand in a message's head, each with its line end."""
    return b"\r\n".join([b": ".join(field) for field in headers]) + b"\r\n" if headers else b""


def field_list(lines: bytes) -> RawHeaders:
    """The fields of lines that we put together ourselves, which `wire_lines` undoes."""
    return [
        (name, value.strip(b" \t"))
        for name, _, value in (line.partition(b":") for line in lines.split(b"\r\n") if line)
    ]


def media_type(headers: RawHeaders) -> bytes:
    """The declared type of the body, in lower case and without parameters; b"" where none is."""
    return type_of(value_of(headers, b"content-type"))


def type_of(content_type: bytes | None) -> bytes:
    """The type alone, in lower case, of a `Content-Type`; b"" of none."""
    if content_type is None:
        return b""
    if len(content_type) > _REMEMBERED_BYTES:
        return _type_of(content_type)
    return _remembered_type_of(content_type)


def _type_of(content_type: bytes) -> bytes:
    return content_type.partition(b";")[0].strip().lower()


#: Nearly every body is of one of a few types.
_remembered_type_of: Final = lru_cache(256)(_type_of)
_REMEMBERED_BYTES: Final = 64


def is_json(headers: RawHeaders) -> bool:
    """Whether the body is declared to be JSON, compressed or not."""
    return is_json_type(media_type(headers))


def is_json_type(declared: bytes) -> bool:
    """Whether a `media_type` is one of JSON."""
    return declared == b"application/json" or declared.endswith(b"+json")


def is_plain(headers: RawHeaders) -> bool:
    """Whether the body is not compressed."""
    return all(value.lower() == b"identity" for value in values_of(headers, b"content-encoding"))
