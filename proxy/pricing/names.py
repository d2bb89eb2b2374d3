"""Names of models: what is before a name, and what of it is an edition."""

from __future__ import annotations

import re
from typing import Final

#: What a name of a model may have more than another of the same: a date, a number, a version.
_EDITION: Final = re.compile(
    r"[-@:._]?(?:20\d\d-?\d\d-?\d\d|\d{3,4}|latest)?(?:-v\d++(?::\d++)?)?", re.ASCII
)
#: `acme/`, and Bedrock's `eu.anthropic.`
_BEFORE: Final = re.compile(r"^(?:[^/]*+/)*+(?:[a-z][a-z-]*+\.)*+", re.ASCII)


def bare(name: str) -> str:
    """A name in lower case, without its maker and region."""
    return _BEFORE.sub("", name.lower())


def is_edition(long: str, short: str) -> bool:
    """Whether the one bare name is the other with an edition."""
    return long.startswith(short) and _EDITION.fullmatch(long, len(short)) is not None


def are_alike(asked: str, answered: str) -> bool:
    """Whether the one name is the other with an edition, or with a maker and region before it."""
    short, long = sorted((bare(asked), bare(answered)), key=len)
    return is_edition(long, short)
