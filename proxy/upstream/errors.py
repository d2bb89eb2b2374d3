"""What can go wrong with an upstream.

`proxy/failures.py` makes refusals of these while the client has seen nothing of an answer; once it
has, its connection breaks.
"""

from __future__ import annotations

from typing import Self


class UpstreamError(Exception):
    """Any of them."""

    def anew(self) -> Self:
        """The same without a traceback, whose frames would keep its connection alive."""
        return type(self)(*self.args)


class ConnectFailed(UpstreamError):
    """No connection: name, route, port, certificate, or an address that is refused."""


class ConnectTimedOut(UpstreamError):
    """No connection within UPSTREAM_CONNECT_TIMEOUT."""


class ConnectionLost(UpstreamError):
    """The connection ended before the response did.

    `unsent` where nothing of the request was written to it.
    """

    unsent = False


class TimedOut(UpstreamError):
    """No first byte, or no further byte, in time."""


class ProtocolViolation(UpstreamError):
    """The response is malformed, or could be read in two ways."""
