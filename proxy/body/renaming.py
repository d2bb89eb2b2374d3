"""Another name for a model, in the place where a request has the client's, sans-io.

Names are compared as they decode, and written so that every reader decodes them alike. Whatever
else is in the request stays as it came, byte by byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

from proxy.body.kept_body import Splice
from proxy.body.model_rule import NAME_MAX_BYTES, name_in
from proxy.body.multipart import Part
from proxy.body.request_body import Field, JsonReader
from proxy.decoding.json_reading import Unreadable
from proxy.providers.endpoints import Route

#: With every character escaped.
_RAW_NAME_MAX_BYTES: Final = 8 * NAME_MAX_BYTES
_LENGTH: Final = re.compile(rb"(?i)(?<=\ncontent-length:)[ \t]*+[0-9]++")
_CODING: Final = re.compile(rb"(?i)(?<=\n)content-encoding:[^\r\n]*+\r\n")


def in_json(reader: JsonReader, names: Mapping[str, str]) -> list[Splice]:
    """What puts the new names into a body of JSON: each top-level `model`, however it is written,
    since of a repeated one some readers take the first and some the last."""
    found = (_in_member(reader, field, names) for field in reader.fields() if field.means("model"))
    return [splice for splice in found if splice is not None]


def _in_member(reader: JsonReader, field: Field, names: Mapping[str, str]) -> Splice | None:
    raw = reader.raw(field, _RAW_NAME_MAX_BYTES)
    if raw is None or not raw.startswith(b'"'):
        return None
    try:
        name = names.get(name_in(raw))
    except Unreadable:
        return None
    if name is None:
        return None
    return Splice(*reader.place(field), json.dumps(name).encode("ascii"))


def in_form(parts: Iterable[Part], names: Mapping[str, str]) -> list[Splice]:
    """The same of a form."""
    made = []
    for part in parts:
        if part.name != b"model" or part.is_file or part.size != len(part.value):
            continue
        name = names.get(part.value.decode("utf-8", "replace"))
        if name is not None:
            made.append(Splice(part.start, part.start + part.size, name.encode()))
    return made


def in_target(route: Route, target: bytes, names: Mapping[str, str]) -> bytes | None:
    """Path and query with another name for the model that the path names; None where it names
    none of these."""
    path, mark, query = target.partition(b"?")
    name = names.get(route.model_in(path) or "")
    if name is None:
        return None
    quoted = quote(name, safe="/" if route.model_rest else "").encode("ascii")
    return route.with_model(path, quoted) + mark + query


def in_lines(lines: bytes, size: int) -> bytes:
    """Header lines for a body that has another length by now, and no coding."""
    plain = _CODING.sub(b"", b"\n" + lines)
    return _LENGTH.sub(b" %d" % size, plain)[1:]
