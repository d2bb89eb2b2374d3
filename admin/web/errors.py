"""Every refusal of the pages: its status, what it is called and what to do about it.

Views raise them, or let the data room's errors pass; `translate` is the one seam where those and
Sanic's become ours, and `admin.plane` shows all of them as one page in the look of the rest.
"""

from typing import ClassVar, Final

from web.causes import Cause, cause_of
from web.errors import PlaneError

#: By then those passwords have been hashed which wait now.
HASHES_RETRY_SECONDS: Final = 4


class AdminError(PlaneError):
    """Whatever the pages refuse with. The message says what it means and what to do."""

    title: ClassVar[str]


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
    """`error` as the pages tell it; InternalError for an unforeseen one."""
    if isinstance(error, AdminError):
        return error
    match cause_of(error):
        case Cause.DATABASE_UNAVAILABLE:
            return Unavailable(
                "Requests with tokens that the proxy knows are still served, and their usage is "
                "kept. Try again shortly.",
                headers={"retry-after": "2"},
            )
        case Cause.RULE:
            return Conflict(str(error))
        case Cause.HASHING_BUSY:
            return TooManyRequests(
                "More passwords wait to be checked than the proxy lets wait. Try again shortly. "
                "Nothing was changed.",
                headers={"retry-after": str(HASHES_RETRY_SECONDS)},
            )
        case Cause.BODY_TIMEOUT:
            return RequestTimeout("The browser stopped sending the form. Try again.")
        case Cause.BODY_TOO_LARGE:
            return TooLarge("The form is larger than allowed. Send less at once.")
        case Cause.CONTENT_TYPE:
            return InvalidRequest("What was sent is not a form of this page. Reload it, try again.")
        case Cause.MALFORMED:
            return InvalidRequest("The request is malformed. Go back and try again.")
        case Cause.MISTAKE:
            return InternalError("This is a bug in LLM Proxy. The log has the details.")
