"""Every refusal of the pages: its status, what it is called and what to do about it.

Views raise them, or let the data room's errors pass; `translate` is the one seam where those and
Sanic's become ours, and `admin.plane` shows all of them as one page in the look of the rest.
"""

from typing import ClassVar, Final

from sanic.exceptions import SanicException

from models.errors import DatabaseUnavailable, Refused, TooManyHashes

#: By then those passwords have been hashed which wait now.
HASHES_RETRY_SECONDS: Final = 4


class AdminError(Exception):
    """Whatever the pages refuse with. The message says what it means and what to do."""

    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(self, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.headers = headers or {}


class InvalidRequest(AdminError):
    """Something no browser sends from our pages."""

    status, title = 400, "That request cannot be read"


class Forbidden(AdminError):
    """A viewer who tries to change something."""

    status, title = 403, "Only administrators may do that"


class ForeignPost(AdminError):
    """A post without our token, or from a page that is not ours."""

    status, title = 403, "That form was not ours, or is out of date"


class NotFound(AdminError):
    """No such page, or nothing has this id."""

    status, title = 404, "There is nothing here"


class MethodNotAllowed(AdminError):
    """The page exists, and is not for this method."""

    status, title = 405, "That page works differently"


class RequestTimeout(AdminError):
    """The form stopped coming."""

    status, title = 408, "The form stopped coming"


class Conflict(AdminError):
    """A rule of the domain forbids it."""

    status, title = 409, "That cannot be done now"


class TooLarge(AdminError):
    """More than a form of ours can hold."""

    status, title = 413, "That is too much at once"


class TooManyRequests(AdminError):
    """More passwords wait to be checked than may."""

    status, title = 429, "Too many passwords at once"


class InternalError(AdminError):
    """A mistake of ours; the log has it under the request id."""

    status, title = 500, "Something went wrong here"


class Unavailable(AdminError):
    """The database cannot be reached now."""

    status, title = 503, "The database cannot be reached"


def translate(error: Exception) -> AdminError:
    """`error` as the pages tell it; InternalError for whatever nobody raised on purpose."""
    if isinstance(error, AdminError):
        return error
    if isinstance(error, DatabaseUnavailable):
        return Unavailable(
            "Requests that are known to the proxy go on, and nothing is lost. Try again shortly.",
            headers={"retry-after": "2"},
        )
    if isinstance(error, Refused):
        return Conflict(str(error))
    if isinstance(error, TooManyHashes):
        return TooManyRequests(
            "More passwords wait to be checked than the proxy lets wait. Try again shortly. "
            "Nothing was changed.",
            headers={"retry-after": str(HASHES_RETRY_SECONDS)},
        )
    if isinstance(error, SanicException) and error.status_code == 408:
        return RequestTimeout("The browser began to send it and did not go on. Try again.")
    if isinstance(error, SanicException) and error.status_code == 413:
        return TooLarge("The form is larger than it may be. Send less of it.")
    if isinstance(error, SanicException) and 400 <= error.status_code < 500:
        return InvalidRequest("It is malformed. Go back and try again.")
    return InternalError("It was our mistake, and nothing more is known here. The log has it.")
