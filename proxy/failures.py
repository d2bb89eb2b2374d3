"""What an upstream's failure is called in the ledger, and what the client is told of it."""

from models.entry import Outcome
from proxy import errors
from proxy.upstream.errors import (
    ConnectFailed,
    ConnectTimedOut,
    ProtocolViolation,
    TimedOut,
    UpstreamError,
)


def outcome(error: UpstreamError, *, answered: bool) -> Outcome:
    """How the request ended; `answered` where the upstream had begun to."""
    if isinstance(error, TimedOut | ConnectTimedOut):
        return "timeout"
    return "upstream_broke" if answered else "upstream_unreachable"


def refusal(error: UpstreamError) -> errors.Refusal:
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
