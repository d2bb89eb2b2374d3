"""What a view gets: who asks, what was sent, and the ways to answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from sanic import HTTPResponse, Request
from sanic.response import redirect

from admin.web import htmx, rendering, session, toasts
from admin.web.errors import InvalidRequest
from admin.web.service import AdminServices
from models import Actor, AdminSession, AdminUser
from models.text import clean_text
from web import body

Sent = dict[str, list[str]]

_LONGEST_PARAMETER: Final = 500
_LONGEST_FIELD: Final = 100_000
_MOST_FIELDS: Final = 1000
HOME: Final = "/admin/"
# As `session.new_secret` and the sessions make them.
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_DOTS: Final = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """One request, by whomever."""

    request: Request[Any, Any]
    service: AdminServices
    id: UUID
    address: str
    host: str
    """Name and port by which the browser knows us."""
    secure: bool
    """Whether the browser speaks https, to us or to a proxy of ours."""
    secret: str | None
    """What the browser's cookie holds: the session's secret, or the sign-in form's."""
    sent: Sent = field(default_factory=dict)
    """The fields of a posted form."""

    @property
    def query(self) -> dict[str, str]:
        """The parameters, each once, fit to be searched for."""
        pairs = _pairs(self.request.query_string, "The address")
        return {
            name: clean_text(value, limit=_LONGEST_PARAMETER).strip()
            for name, value in pairs
            if value.strip()
        }

    @property
    def fields(self) -> dict[str, str]:
        """The fields of a posted form, each once."""
        return {name: values[0] for name, values in self.sent.items()}

    @property
    def base_url(self) -> str:
        """Where clients reach the proxy, as this browser reaches us."""
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{self.host}"

    @property
    def actor(self) -> Actor:
        """For the audit trail."""
        return Actor("anonymous", ip=self.address, request_id=str(self.id))

    async def render(
        self,
        template: str,
        *,
        partial: str | None = None,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **context: Any,
    ) -> HTTPResponse:
        """The page; for an HTMX swap, `partial`, which the page includes as well."""
        part = partial if htmx.wants_partial(self.request) else None
        return await rendering.render(
            self,
            part or template,
            status=status,
            headers=headers,
            partial=part is not None,
            context=context,
        )

    def redirect(self, to: str, *, toast: str | None = None) -> HTTPResponse:
        """On to another page, which will show `toast`."""
        if htmx.is_htmx(self.request):
            response = HTTPResponse(status=200, headers={htmx.REDIRECT: to})
        else:
            response = redirect(to, status=303)
        if toast is not None and self.secret is not None:
            toasts.leave(response, self.secret, toast, secure=self.secure)
        return response


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatedContext(RequestContext):
    """One request of a user who is signed in."""

    secret: str
    session: AdminSession

    @property
    def user(self) -> AdminUser:
        """The administrator who is signed in."""
        return self.session.user

    @property
    def may_change(self) -> bool:
        """False for viewers."""
        return self.user.role == "admin"

    @property
    def actor(self) -> Actor:
        """For the audit trail."""
        return Actor(f"admin:{self.user.username}", ip=self.address, request_id=str(self.id))


def cookie(request: Request[Any, Any], name: str, *, secure: bool) -> str | None:
    """The secret in a cookie of ours; None where it cannot be one that we made."""
    value = request.cookies.get(session.cookie_name(name, secure=secure))
    return value if isinstance(value, str) and _SECRET.fullmatch(value) else None


async def read_form(request: Request[Any, Any], *, max_bytes: int) -> Sent:
    """Receive the fields of a posted form, of at most `max_bytes`.

    Raises InvalidRequest, and what `web.body` raises.
    """
    received = await body.receive(
        request, content_type="application/x-www-form-urlencoded", max_bytes=max_bytes
    )
    sent: Sent = {}
    for name, value in _pairs(received.decode("utf-8", "replace"), "The form"):
        sent.setdefault(name, []).append(value[:_LONGEST_FIELD])
    return sent


def _pairs(text: str, what: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            text, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise InvalidRequest(f"{what} holds more fields than any of ours.") from None


def local_path(text: str | None) -> str:
    """`text` where it is a page of ours to go on to, and the first page otherwise."""
    path = text or ""
    try:
        parts = urlsplit(path)
    except ValueError:
        return HOME
    local = not parts.scheme and not parts.netloc and parts.path.startswith(HOME)
    # A browser follows dots upwards, encoded or not, reads a backslash as a slash, and drops
    # control characters.
    if (
        not local
        or _DOTS.search(parts.path)
        or "\\" in path
        or any(c < " " or c > "~" for c in path)
    ):
        return HOME
    return path
