"""Every refusal of the data plane: its code, what the client gets, and why.

One class per `code` of the public contract. The handler raises them, `providers.ErrorShape` turns
them into the body that the client's SDK expects. Nothing here knows about HTTP framing.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, Self

from models.spent_budgets import SpentBudget

_REASONS: Final = {
    400: b"Bad Request",
    401: b"Unauthorized",
    402: b"Payment Required",
    403: b"Forbidden",
    404: b"Not Found",
    405: b"Method Not Allowed",
    408: b"Request Timeout",
    413: b"Content Too Large",
    429: b"Too Many Requests",
    500: b"Internal Server Error",
    502: b"Bad Gateway",
    503: b"Service Unavailable",
    504: b"Gateway Timeout",
    508: b"Loop Detected",
}

#: Types of statuses that a middleware chooses; the classes below say theirs themselves.
_TYPES: Final = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    429: "rate_limit_error",
    503: "overloaded_error",
}
#: Statuses that say that the same request may be served later.
_MAY_PASS: Final = (408, 429, 503)
_NONE: Final[Mapping[str, object]] = MappingProxyType({})


def _reason_of(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode("ascii")
    except ValueError:
        return b"Refused"


class Refusal(Exception):
    """The proxy itself answers instead of the upstream.

    `retry` says whether the same request can succeed later with nothing changed by a person;
    where it cannot, SDKs are told so by `x-should-retry: false`. `lines` are header lines of its
    answer, each with its line end; `details` are further members of the error's object.
    """

    status: int
    reason: bytes
    code: str
    type: str
    retry: bool = False
    #: What was asked for, where the exchange does not say so yet.
    model: str = ""

    def __init_subclass__(cls) -> None:
        cls.reason = _REASONS[cls.status]

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        retry_after: float | None = None,
        lines: bytes = b"",
        details: Mapping[str, object] = _NONE,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after = retry_after
        self.lines = lines
        self.details = details


class InvalidRequest(Refusal):
    """Framing, headers, a path with dot or empty segments, or a model that cannot be known."""

    status, code, type = 400, "invalid_request", "invalid_request_error"


class RequestTimeout(Refusal):
    """The client stopped sending its body."""

    status, code, type, retry = 408, "request_timeout", "invalid_request_error", True


class MissingToken(Refusal):
    """No credential was presented."""

    status, code, type = 401, "missing_token", "authentication_error"


class InvalidToken(Refusal):
    """The credential is malformed, fails its checksum, or no token has this secret."""

    status, code, type = 401, "invalid_token", "authentication_error"


class TokenExpired(Refusal):
    """The token's lifetime is over."""

    status, code, type = 401, "token_expired", "authentication_error"


class TokenRevoked(Refusal):
    """The token was revoked."""

    status, code, type = 401, "token_revoked", "authentication_error"


class ProjectInactive(Refusal):
    """The token's project is switched off or deleted."""

    status, code, type = 403, "project_inactive", "permission_error"


class AddressNotAllowed(Refusal):
    """The client's address is not on the token's `allowed_ips`."""

    status, code, type = 403, "ip_not_allowed", "permission_error"


class OriginNotAllowed(Refusal):
    """A browser on an origin that the project's `allowed_origins` does not name."""

    status, code, type = 403, "origin_not_allowed", "permission_error"


class EndpointNotAllowed(Refusal):
    """The path is on no allowlist: the provider's, or the token's `allowed_endpoints`."""

    status, code, type = 404, "endpoint_not_allowed", "invalid_request_error"


class ObjectNotFound(Refusal):
    """The project isolates objects, and this one is no object of the token's or of its project's.

    The body is worded as its provider words it for one that it lacks.
    """

    status, code, type = 404, "object_not_found", "invalid_request_error"


class MethodNotAllowed(Refusal):
    """The path is allowed, with another method. `Allow` says which."""

    status, code, type = 405, "method_not_allowed", "invalid_request_error"


class RequestTooLarge(Refusal):
    """The body is larger than REQUEST_MAX_BYTES."""

    status, code, type = 413, "request_too_large", "invalid_request_error"


class ModelNotAllowed(Refusal):
    """The body asks for a model that is not on `allowed_models`."""

    status, code, type = 403, "model_not_allowed", "permission_error"


class NotMeterable(Refusal):
    """What the request uses cannot be counted, or what it costs is not known, and its project or a
    budget asks for that."""

    status, code, type = 403, "not_meterable", "permission_error"


class RateLimitExceeded(Refusal):
    """Requests per minute or parallel requests are used up; `Retry-After` says for how long."""

    status, code, type, retry = 429, "rate_limit_exceeded", "rate_limit_error", True


class QuotaExceeded(Refusal):
    """All requests of `max_requests` have been used."""

    status, code, type = 429, "quota_exceeded", "insufficient_quota"


class BudgetExceeded(Refusal):
    """What is spent of a budget leaves less than the request may cost."""

    #: Which, as those are told who answer for it.
    spent: SpentBudget | None = None
    status, code, type = 402, "budget_exceeded", "insufficient_quota"


class BudgetHeld(Refusal):
    """A budget would have room, but for what running requests hold of it."""

    status, code, type, retry = 429, "budget_held", "rate_limit_error", True


class TokensPerMinuteExceeded(Refusal):
    """A budget of tokens for a minute has not run full again; `Retry-After` says when it has."""

    status, code, type, retry = 429, "tokens_per_minute_exceeded", "rate_limit_error", True


class BudgetRateExceeded(Refusal):
    """The same of another budget for a minute or an hour."""

    status, code, type, retry = 429, "budget_rate_exceeded", "rate_limit_error", True


class MiddlewareFailed(Refusal):
    """A middleware raised something, took too long, or returned what it must not."""

    status, code, type = 500, "middleware_failed", "api_error"


class MiddlewareRefused(Refusal):
    """A middleware refused the request. It is counted by this code; the client gets another one,
    and a status, that the middleware chose."""

    status, code, type = 403, "middleware_refused", "permission_error"

    def told_as(self, status: int, code: str) -> Self:
        """The same, as the client is told of it."""
        self.status, self.code = status, code
        self.reason = _REASONS.get(status) or _reason_of(status)
        self.type = _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
        self.retry = status in _MAY_PASS
        return self


class UpstreamUnreachable(Refusal):
    """No connection to the upstream, or it broke before the first byte of its answer."""

    status, code, type, retry = 502, "upstream_unreachable", "upstream_error", True


class UpstreamProtocolError(Refusal):
    """The upstream's answer was malformed or ambiguous."""

    status, code, type, retry = 502, "upstream_protocol_error", "upstream_error", True


class UpstreamTimeout(Refusal):
    """The upstream did not connect, or did not begin to answer, in time."""

    status, code, type, retry = 504, "upstream_timeout", "upstream_error", True


class Overloaded(Refusal):
    """MAX_ACTIVE_REQUESTS are running in this worker."""

    status, code, type, retry = 503, "overloaded", "overloaded_error", True


class ShuttingDown(Refusal):
    """The worker drains and takes nothing new."""

    status, code, type, retry = 503, "shutting_down", "overloaded_error", True


class AccessUndecided(Refusal):
    """The token is not cached, or is limited, and the database cannot be asked."""

    status, code, type, retry = 503, "database_unavailable", "overloaded_error", True


class LimitsUndecided(AccessUndecided):
    """The token is limited, and its limits cannot be checked. The same to the client."""


class LoopDetected(Refusal):
    """The request has passed too many proxies like this one: an upstream is one of them."""

    status, code, type = 508, "loop_detected", "upstream_error"


class NoUpstreamKey(Refusal):
    """The project has no active upstream key. Waiting does not help; it must be given one."""

    status, code, type = 503, "no_upstream_key", "overloaded_error"


class UpstreamAuthUnavailable(Refusal):
    """The upstream key needs a short-lived token, or a credential, that cannot be had now.

    `detail` is for administrators: what a token endpoint or a cloud's library said of it may name
    accounts and files.
    """

    status, code, type, retry = 503, "upstream_auth_unavailable", "upstream_error", True
    detail = ""


class RequestBroken(Exception):
    """A fault of ours, which is the cause, broke the request of this id: 500, or a cut answer."""

    def __init__(self, request_id: str) -> None:
        super().__init__(request_id)
        self.request_id = request_id


class ClientGone(Exception):
    """The client's connection is closed; no answer can be sent."""


class NotWritten(ClientGone):
    """Nor were the bytes that were to be written just now."""
