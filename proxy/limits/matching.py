"""Which requests a policy's budgets are about, as an entry of the journal tells them apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from models.entry import Entry

#: Of a budget that is no policy's.
ALL: Final = ""


def match_text(endpoints: Sequence[str] | None, models: Sequence[str] | None) -> str:
    """What a policy is about, as its budgets' rows have it."""
    if endpoints is None and models is None:
        return ALL
    return json.dumps([endpoints, models], separators=(",", ":"))


def matches(match: str, entry: Entry) -> bool:
    """Whether a request is one of those."""
    return match == ALL or is_about(match, entry.method, entry.endpoint, entry.model)


def is_about(match: str, method: str, endpoint: str, model: str) -> bool:
    """The same, of what is counted by endpoint and model; `method` may be '': any."""
    if match == ALL:
        return True
    endpoints, models = _parsed(match)
    return (endpoints is None or _has_endpoint(endpoints, method, endpoint)) and (
        models is None or any(_fits(pattern, model) for pattern in models)
    )


@lru_cache(maxsize=1024)
def _parsed(match: str) -> tuple[list[str] | None, list[str] | None]:
    endpoints, models = json.loads(match)
    return endpoints, models


def _has_endpoint(patterns: Sequence[str], method: str, endpoint: str) -> bool:
    for pattern in patterns:
        of_method, space, path = pattern.partition(" ")
        if not space:
            of_method, path = "", pattern
        if (not of_method or not method or of_method == method) and _fits(path, endpoint):
            return True
    return False


def _fits(pattern: str, text: str) -> bool:
    """Whether a text is described by a pattern, in which `*` is any text."""
    first, star, rest = pattern.partition("*")
    if not star:
        return pattern == text
    if not text.startswith(first):
        return False
    text = text[len(first) :]
    *middle, last = rest.split("*")
    for part in middle:
        at = text.find(part)
        if at < 0:
            return False
        text = text[at + len(part) :]
    return len(text) >= len(last) and text.endswith(last)
