"""What a plane refuses with, and what is wrong with a body: no Sanic in here."""

from collections.abc import Mapping
from typing import ClassVar


class PlaneError(Exception):
    """A refusal that a plane chose: its status, and what it says to the caller."""

    status: ClassVar[int]

    def __init__(self, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.headers = headers or {}


class WrongContentType(Exception):
    """The body is declared as something else than what the plane reads."""


class BodyTooLarge(Exception):
    """The body is longer than the plane reads."""
