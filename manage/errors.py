"""Every refusal of the management API: its status, its `code`, and what the caller did.

Views raise them, or let the data room's errors pass; `refusals` makes answers of both. The schemas
and the command line, which know these too, do without the web framework.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, NamedTuple

from web.errors import PlaneError

_RETRY_SECONDS: Final = 2


class Detail(NamedTuple):
    """One thing that is wrong with what was sent. Never quotes a value: it may be a secret."""

    field: str
    message: str
    key_id: str | None = None
    """The upstream key that it is about, if it is about one."""


class ManageError(PlaneError):
    """Whatever this API refuses with."""

    code: ClassVar[str]

    def __init__(
        self,
        message: str,
        *,
        details: Sequence[Detail] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, headers=headers)
        self.details = details


class InvalidRequest(ManageError):
    """Fields, parameters or a body that are not as described; `details` has each of them."""

    status, code = 400, "invalid_request"


class BeyondPolicy(InvalidRequest):
    """A field is more than the operator allows. No mere mistake: it is in the audit trail."""


class Unauthorized(ManageError):
    """No bearer token, or one that does not exist."""

    status, code = 401, "unauthorized"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"www-authenticate": "Bearer"})


class Forbidden(ManageError):
    """A token of scope `read` that tries to change something."""

    status, code = 403, "forbidden"


class NotFound(ManageError):
    """No such path, or nothing has this id."""

    status, code = 404, "not_found"


class MethodNotAllowed(ManageError):
    """The path exists, with other methods. `Allow` says which."""

    status, code = 405, "method_not_allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        names = ", ".join(allowed)
        super().__init__(f"This path takes {names} only.", headers={"allow": names})


class RequestTimeout(ManageError):
    """The body stopped coming."""

    status, code = 408, "request_timeout"


class Conflict(ManageError):
    """A rule of the domain forbids it: a name that is taken, a token that is revoked."""

    status, code = 409, "conflict"


class KeyMustBeGiven(Conflict):
    """A change of address would send keys elsewhere; `details` names them. Give `api_key`, too."""

    code = "key_must_be_given"


class SecretMustBeGiven(Conflict):
    """Secrets of a destination would go elsewhere; `details` names them. Give them, too."""

    code = "secret_must_be_given"


class RequestTooLarge(ManageError):
    """The body is larger than 1 MiB."""

    status, code = 413, "request_too_large"


class UnsupportedMediaType(ManageError):
    """The body is not declared as `application/json`."""

    status, code = 415, "unsupported_media_type"


class TooManyFailures(ManageError):
    """Wrong tokens kept coming from this address. A right one is let in at once all the same."""

    status, code = 429, "too_many_failures"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, headers={"retry-after": str(retry_after)})


class InternalError(ManageError):
    """A mistake of ours; the log has it under the request id."""

    status, code = 500, "internal_error"


class Unavailable(ManageError):
    """The database cannot be reached now."""

    status, code = 503, "database_unavailable"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"retry-after": str(_RETRY_SECONDS)})
