"""Multipart form bodies, read as far as the endpoints need (RFC 7578)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fake_upstream.answer import Request
from fake_upstream.errors import ApiError

_BOUNDARY = re.compile(rb'multipart/form-data\s*;.*?boundary="?([^";]+)', re.IGNORECASE)
_NAME = re.compile(rb'[;\s]name="([^"]*)"', re.IGNORECASE)
_FILENAME = re.compile(rb'filename="([^"]*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Form:
    fields: dict[str, bytes]
    files: dict[str, tuple[str, bytes]]

    def text(self, name: str) -> str:
        return self.fields.get(name, b"").decode("utf-8", "replace")

    def file(self, name: str) -> tuple[str, bytes]:
        """Its file name and content; a 400 where there is none."""
        try:
            return self.files[name]
        except KeyError:
            raise ApiError(400, f"Missing required parameter: '{name}'.", param=name) from None


def read_form(request: Request) -> Form:
    """The request's form; a 400 for a body that is none, or ends before its closing boundary."""
    match = _BOUNDARY.match(request.fields.get(b"content-type", b""))
    if match is None:
        raise ApiError(400, "The body must be multipart/form-data.")
    boundary = b"\r\n--" + match[1]
    _preamble, *parts = (b"\r\n" + request.body).split(boundary)
    if not parts or not parts[-1].startswith(b"--"):
        raise ApiError(400, "The multipart body is cut short.")
    form = Form({}, {})
    for part in parts[:-1]:
        _take(form, part)
    return form


def _take(form: Form, part: bytes) -> None:
    head, _, content = part.partition(b"\r\n\r\n")
    name = _NAME.search(head)
    if name is None:
        raise ApiError(400, "A part of the multipart body has no name.")
    filename = _FILENAME.search(head)
    key = name[1].decode("utf-8", "replace")
    if filename is None:
        form.fields[key] = content
    else:
        form.files[key] = filename[1].decode("utf-8", "replace"), content
