"""Codes of refusals in plain words, and where what causes them is mended.

`docs/errors.md` has the long form. The data plane has a class for each; what it adds is told here,
too (`tests/models/test_refusal_words.py`).
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

#: Whose page mends it: the token's, its project's, the project's upstream keys, its endpoints where
#: the token has no list of its own, a new token; or nobody's, so that what was refused is to be
#: looked at.
Place: TypeAlias = Literal["token", "project", "keys", "endpoints", "new token", "log"]


class Reason(NamedTuple):
    """Why, in a few words, what to do about it, and where."""

    says: str
    mend: str
    place: Place = "log"


REASONS: Final[Mapping[str, Reason]] = {
    "missing_token": Reason("No token was sent", "Give the client a token", "new token"),
    "invalid_token": Reason("No token has this secret", "See who sends them"),
    "token_expired": Reason("The token's lifetime is over", "Give it a later end", "token"),
    "token_revoked": Reason("The token was revoked", "Issue a new one", "new token"),
    "project_inactive": Reason("Its project is switched off", "Activate it", "project"),
    "ip_not_allowed": Reason("The token is not for this address", "Edit addresses", "token"),
    "origin_not_allowed": Reason("No page of this origin is allowed", "Edit origins", "project"),
    "model_not_allowed": Reason("The model is not allowed", "Edit models", "token"),
    "not_meterable": Reason("What it uses or costs cannot be known", "See which"),
    "endpoint_not_allowed": Reason("The path is on no allowlist", "Edit endpoints", "endpoints"),
    "object_not_found": Reason("It names an object of others", "See isolation", "project"),
    "method_not_allowed": Reason("The path has other methods", "See which"),
    "invalid_request": Reason("The request is malformed", "See which"),
    "request_timeout": Reason("The client sends too slowly", "See which"),
    "request_too_large": Reason("The body is too large", "See which"),
    "rate_limit_exceeded": Reason("Too many a minute, or at once", "Edit limits", "token"),
    "budget_exceeded": Reason("A budget is spent", "Edit budgets", "token"),
    "budget_held": Reason("Running requests hold a budget", "Edit budgets", "token"),
    "tokens_per_minute_exceeded": Reason("Too many tokens a minute", "Edit budgets", "token"),
    "budget_rate_exceeded": Reason("It spends a budget too fast", "Edit budgets", "token"),
    "quota_exceeded": Reason("All of its requests are used", "Raise its limit", "token"),
    "middleware_failed": Reason("A middleware of yours failed", "See the log"),
    "middleware_refused": Reason("A middleware of yours refused it", "See which"),
    "upstream_unreachable": Reason("The upstream cannot be reached", "See address", "project"),
    "upstream_protocol_error": Reason("The upstream answers nonsense", "See address", "project"),
    "upstream_timeout": Reason("The upstream did not answer in time", "See which"),
    "overloaded": Reason("The proxy had no room", "See when"),
    "shutting_down": Reason("The proxy was stopping", "See when"),
    "database_unavailable": Reason("The database was away", "See when"),
    "loop_detected": Reason("An upstream is this proxy", "See which"),
    "no_upstream_key": Reason("The project has no usable key", "Add a key", "keys"),
    "upstream_auth_unavailable": Reason("The upstream key cannot be used", "Test the key", "keys"),
    "upgrade_required": Reason("WebSocket is not served", "See which"),
}
#: Of a code of another release.
UNKNOWN: Final = Reason("Refused", "See which")


def reason(code: str) -> Reason:
    """What is said of a code."""
    return REASONS.get(code, UNKNOWN)
