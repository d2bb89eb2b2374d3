"""What the list of requests is narrowed to: read from the address, with what it cannot mean."""

import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from admin.components.tables import between, chosen_id, ends_problems
from admin.web.request import RequestContext
from models.labels import BadLabel, parse_tag
from models.queries import request_lists, token_names
from models.rules import parse_id

_STATUS: Final = re.compile("[1-5][0-9]{2}")
_STATUS_CLASS: Final = re.compile("[1-5]xx", re.IGNORECASE)
_MOST_TOKENS: Final = 2


@dataclass(slots=True)
class Filters:
    """`wanted` of `request_lists.requests`. What is a problem is left out of it, and said."""

    wanted: dict[str, Any]
    problems: list[str] = field(default_factory=list)
    #: The part of a model's name that is asked for, where it is no whole name that is known.
    model_part: str | None = None

    @property
    def of_the_tail(self) -> dict[str, Any]:
        """Those that a row is held against as it comes, its model's name perhaps unknown so far."""
        if self.model_part is None:
            return self.wanted
        return {**self.wanted, "models": None, "model_part": self.model_part}

    @property
    def of_refusals(self) -> dict[str, Any]:
        """Those that hold for refusals, which the proxy answered itself."""
        known = ("request_id", "project_id", "token_id", "models", "status", "status_class")
        return {name: self.wanted[name] for name in (*known, "start", "end") if name in self.wanted}


async def read(ctx: RequestContext) -> Filters:
    """The filters of the list. A look into the database for part of a name, and for a token's."""
    query = ctx.query
    found = Filters(
        {
            "project_id": chosen_id(ctx, "project"),
            "outcome": query.get("outcome"),
            "endpoint": query.get("endpoint"),
            "upstream_code": query.get("upstream_code"),
            "end_user": query.get("end_user"),
            **between(ctx),
        },
        ends_problems(ctx),
    )
    _read_id(found, query.get("id"))
    _read_status(found, query.get("status"))
    _read_tag(found, query.get("tag"))
    _read_cached(found, query.get("cached"))
    await _read_token(found, query.get("token"))
    if (model := query.get("model")) is not None:
        table: Literal["refusal", "request_log"] = (
            "refusal" if query.get("outcome") == "refused" else "request_log"
        )
        found.wanted["models"] = await request_lists.models_like(model, table)
        found.model_part = None if found.wanted["models"] == [model] else model
    return found


def _read_id(found: Filters, text: str | None) -> None:
    if text is None:
        return
    id_ = found.wanted["request_id"] = parse_id(text)
    if id_ is None:
        found.problems.append(
            "The request's id is no UUID: it stands in the answer's x-llm-proxy-request-id."
        )


def _read_status(found: Filters, text: str | None) -> None:
    if text is None:
        return
    if _STATUS.fullmatch(text):
        found.wanted["status"] = int(text)
    elif _STATUS_CLASS.fullmatch(text):
        found.wanted["status_class"] = int(text[0])
    else:
        found.problems.append("The status is no number like 429, and no class like 4xx.")


def _read_tag(found: Filters, text: str | None) -> None:
    if text is None:
        return
    try:
        found.wanted["tag"] = "=".join(parse_tag(text))
    except BadLabel as exc:
        found.problems.append(f"The tag cannot be read: {exc}")


def _read_cached(found: Filters, text: str | None) -> None:
    if text is None:
        return
    if text in ("true", "false"):
        found.wanted["cached"] = text == "true"
    else:
        found.problems.append("Whether it came from the cache is neither true nor false.")


async def _read_token(found: Filters, text: str | None) -> None:
    if text is None:
        return
    if (id_ := parse_id(text)) is not None:
        # One that was deleted with its project still has its history.
        found.wanted["token_id"] = id_
        return
    rows = await token_names.called(text, most=_MOST_TOKENS)
    if len(rows) == 1:
        found.wanted["token_id"] = rows[0].id
    elif rows:
        found.problems.append("Several tokens are called so: give the id of one.")
    else:
        found.problems.append("No token has this name, hint or id.")
