"""What a failure behind the data path is called in the ledger, and what the client gets.

The one place where other rooms' exceptions become refusals: those of upstreams, of the limits'
store and of the database. What the path itself refuses is raised as a refusal to begin with.
"""

from typing import Final

from models.entry import Outcome
from proxy import budget_refusals, errors
from proxy.limits.budgets import BudgetExceeded
from proxy.limits.store import LimitExceeded, LimitsUnavailable, Remaining, policy_of, scope_of
from proxy.upstream.errors import (
    ConnectFailed,
    ConnectTimedOut,
    ProtocolViolation,
    TimedOut,
    UpstreamError,
)

#: What a stage raises that refuses a request before anything was written for it.
REFUSED: Final = (errors.Refusal, LimitExceeded, BudgetExceeded, LimitsUnavailable)


def outcome(error: UpstreamError, *, answered: bool) -> Outcome:
    """How the request ended; `answered` where the upstream had begun to."""
    if isinstance(error, TimedOut | ConnectTimedOut):
        return "timeout"
    # What answers, however wrongly, was reached.
    broke = answered or isinstance(error, ProtocolViolation)
    return "upstream_broke" if broke else "upstream_unreachable"


def of_upstream(error: UpstreamError) -> errors.Refusal:
    """For a client that has seen nothing of an answer yet."""
    if isinstance(error, ProtocolViolation):
        return errors.UpstreamProtocolError("The upstream's answer was malformed.")
    if isinstance(error, TimedOut):
        return errors.UpstreamTimeout("The upstream did not answer in time.")
    if isinstance(error, ConnectTimedOut):
        return errors.UpstreamTimeout("The upstream did not accept a connection in time.")
    if isinstance(error, ConnectFailed):
        return errors.UpstreamUnreachable(str(error))
    return errors.UpstreamUnreachable("The upstream broke the connection before it answered.")


def of_database(what: str) -> errors.Refusal:
    """For a client about whom the database had to be asked, and did not answer."""
    return errors.AccessUndecided(f"{what} cannot be checked right now.", retry_after=1.0)


def refusal_of(
    refused: errors.Refusal | LimitExceeded | BudgetExceeded | LimitsUnavailable,
) -> errors.Refusal:
    """For a client that one of `REFUSED` was raised for."""
    return refused if isinstance(refused, errors.Refusal) else of_limits(refused)


def of_limits(failure: LimitExceeded | BudgetExceeded | LimitsUnavailable) -> errors.Refusal:
    """For a client whose limits are used up, or cannot be decided."""
    if isinstance(failure, BudgetExceeded):
        return budget_refusals.of(failure)
    if isinstance(failure, LimitsUnavailable):
        return errors.LimitsUndecided(
            "The token's limits cannot be checked right now.", retry_after=1.0
        )
    lines = rate_lines(failure.remaining)
    key, dimension = failure.claim.key, failure.claim.dimension
    policy = policy_of(key)
    details = {} if policy is None else {"policy": policy}
    if dimension == "requests":
        whose = "this token" if policy is None else f"the {scope_of(key)}'s policy {policy!r}"
        return errors.QuotaExceeded(
            f"All requests of {whose} have been used.", lines=lines, details=details
        )
    what = "requests per minute" if dimension == "rate" else "parallel requests"
    by = "" if policy is None else f" by its policy {policy!r}"
    return errors.RateLimitExceeded(
        f"The {scope_of(key)}'s limit of {what}{by} is used up.",
        retry_after=failure.retry_after or 1.0,
        lines=lines,
        details=details,
    )


def rate_lines(remaining: Remaining) -> bytes:
    """What is left of the tightest limit, on refusals as on answers."""
    limit, left, reset = remaining
    # To format a float takes as long as all else in these lines.
    return (
        b"x-ratelimit-limit-requests: %d\r\nx-ratelimit-remaining-requests: %d\r\n"
        b"x-ratelimit-reset-requests: %d.%ds\r\n"
        % (limit, left, *divmod(int(reset * 10 + 0.5), 10))
    )
