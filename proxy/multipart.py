"""The model that a multipart form names, read strictly, sans-io.

Only needed where a token may use some models and not others. Form parsers differ in what they make
of odd forms, so whatever is not in the plain form that HTTP clients write is refused
(RFC 7578; boundary grammar of RFC 2046 5.1.1).
"""

from __future__ import annotations

import re
from typing import Final

from proxy.errors import InvalidRequest

_BOUNDARY: Final = re.compile(
    rb"multipart/form-data;[ \t]*+boundary=(?:\"([A-Za-z0-9'()+_,./:=? -]{1,70})\""
    rb"|([A-Za-z0-9'+_.-]{1,70}))",
    re.IGNORECASE,
)
_DISPOSITION: Final = re.compile(
    rb'form-data; name="([^"\\\r\n]*+)"(; filename="(?:[^"\\\r\n]|\\.)*+")?', re.IGNORECASE
)
# Possessive, and only where a line begins: a part's head may be as large as the body.
_FIELD: Final = re.compile(rb"^([A-Za-z0-9-]++):([\t\x20-\x7e\x80-\xff]*+)\r\n", re.MULTILINE)


def model_of(content_type: bytes, body: bytes) -> str:
    """The value of the one field named `model`. Raises InvalidRequest where there is any doubt."""
    declared = _BOUNDARY.fullmatch(content_type.strip())
    if declared is None:
        raise _doubt("The form's boundary is not plainly declared.")
    models = [
        value for name, value in _parts(body, declared[1] or declared[2]) if _means_model(name)
    ]
    if len(models) != 1:
        raise _doubt("The form must name its model exactly once.")
    try:
        return models[0].decode("ascii")
    except UnicodeDecodeError:
        raise _doubt("The form's model is not ASCII.") from None


def fields_of(content_type: bytes, body: bytes) -> list[tuple[bytes, int]] | None:
    """Name and size of every field; None where there is any doubt."""
    declared = _BOUNDARY.fullmatch(content_type.strip())
    if declared is None:
        return None
    try:
        parts = _parts(body, declared[1] or declared[2])
    except InvalidRequest:
        return None
    return [(name, len(content)) for name, content in parts]


def _doubt(message: str) -> InvalidRequest:
    return InvalidRequest(message, param="model")


def _means_model(name: bytes) -> bool:
    if name == b"model":
        return True
    if name.decode("latin-1").casefold().strip(" []") == "model":
        raise _doubt("A field of the form is named almost like model.")
    return False


def _parts(body: bytes, boundary: bytes) -> list[tuple[bytes, bytes]]:
    """Name and content of every part; no byte of the body is left unexplained."""
    delimiter = b"\r\n--" + boundary
    pieces = (b"\r\n" + body).split(delimiter)
    if len(pieces) < 3 or pieces[0] or pieces[-1] not in (b"--", b"--\r\n"):
        raise _doubt("The form is malformed.")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> tuple[bytes, bytes]:
    head, separator, content = piece.partition(b"\r\n\r\n")
    if not separator or not head.startswith(b"\r\n"):
        raise _doubt("A part of the form is malformed.")
    block = head[2:] + b"\r\n"
    fields = _FIELD.findall(block)
    if block.count(b"\r\n") != len(fields):
        raise _doubt("A part of the form has a malformed header.")
    dispositions = [
        value.strip(b" \t") for name, value in fields if name.lower() == b"content-disposition"
    ]
    plain = _DISPOSITION.fullmatch(dispositions[0]) if len(dispositions) == 1 else None
    if plain is None:
        raise _doubt("A part of the form is not plainly named.")
    if plain[2] and _means_model(plain[1]):
        raise _doubt("The form's model is a file.")
    return plain[1], content
