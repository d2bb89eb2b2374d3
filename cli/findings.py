"""What `doctor` found: a line each, and what it means for the exit code."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    status: Literal["ok", "warning", "failed"]
    message: str
    code: int


def fine(about: str, says: str) -> Finding:
    """As it should be."""
    return Finding(about, "ok", says, 0)


def warning(about: str, says: str) -> Finding:
    """Works, and deserves a look."""
    return Finding(about, "warning", says, 0)


def failed(about: str, says: str, *, code: int = 1) -> Finding:
    """Does not work; code 2 where the configuration is at fault."""
    return Finding(about, "failed", says, code)
