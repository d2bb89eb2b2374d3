"""Whether -v was given: what is said then is which database a command uses."""

import sys
from contextvars import ContextVar
from typing import Final

_wanted: Final[ContextVar[bool]] = ContextVar("details", default=False)


def want(wanted: bool = True) -> None:
    """Say details from now on, or not."""
    _wanted.set(wanted)


def wanted() -> bool:
    """Whether there is anybody to say them to."""
    return _wanted.get()


def detail(message: str) -> None:
    """A line for people, on standard error, where -v was given."""
    if wanted():
        sys.stderr.write(f"{message}\n")
