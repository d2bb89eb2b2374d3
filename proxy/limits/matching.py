"""Which requests a policy's budgets are about, as an entry of the journal tells them apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from models.entry import Entry
from models.patterns import Pattern

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
    about = _parsed(match)
    if about.models is not None and not about.models.allows(model):
        return False
    if about.endpoints is None or about.paths is None:
        return True
    if not method:
        return about.paths.allows(endpoint)
    return about.endpoints.allows(endpoint) or about.endpoints.allows(f"{method} {endpoint}")


class _About(NamedTuple):
    endpoints: Pattern | None
    #: The same without their methods.
    paths: Pattern | None
    models: Pattern | None


@lru_cache(maxsize=1024)
def _parsed(match: str) -> _About:
    endpoints, models = json.loads(match)
    paths = None if endpoints is None else [one.rpartition(" ")[2] for one in endpoints]
    return _About(Pattern.of(endpoints), Pattern.of(paths), Pattern.of(models))
