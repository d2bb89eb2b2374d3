"""Posts must come from our own pages: a token that only they hold, and what the browser says.

The token is derived from the cookie's secret, which no script and no other site can read, so
nothing needs to be stored. Before sign-in a cookie of its own takes the session's place.
"""

import hashlib
import hmac
from typing import Any, Final

from sanic import Request

from admin.web.errors import ForeignPost
from config.origins import is_origin_of

#: The name of the hidden field.
FIELD: Final = "csrf"
_PURPOSE: Final = b"llm-proxy admin form"


def token(secret: str) -> str:
    """The token of the pages that are shown to the holder of the cookie `secret`."""
    return hmac.new(secret.encode(), _PURPOSE, hashlib.sha256).hexdigest()


def check_token(secret: str | None, sent: str) -> None:
    """Raises ForeignPost unless `sent` belongs to `secret`."""
    if not secret or not hmac.compare_digest(
        token(secret).encode(), sent.encode("utf-8", "ignore")
    ):
        raise ForeignPost(
            "The page was open for too long, or you have signed in anew since. "
            "Go back, reload the page and try again. Nothing was changed."
        )


def check_origin(request: Request[Any, Any], host: str) -> None:
    """Raises ForeignPost where the browser says that another site's page sent this.

    Older browsers and plain http leave one or the other header out; the token stands alone then.
    """
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none") or (
        origin is not None and not is_origin_of(origin, host)
    ):
        raise ForeignPost(
            "The browser says that it was sent from another site. If you did send it here, a proxy "
            "in between changes the Host header: let it pass Host as it is. Nothing was changed."
        )
