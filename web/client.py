"""Whose request it is, and by which name and scheme the client knows us: TRUSTED_PROXIES' word."""

import re
from collections.abc import Sequence
from typing import Any, Final

from sanic import Request

from config import Network
from config.client_address import client_address, is_trusted

_HOST: Final = re.compile(
    r"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{1,45}\](:[0-9]{1,5})?"
)


def address_of(request: Request[Any, Any], trusted: Sequence[Network]) -> str:
    """The client's address, as the trusted proxies report it."""
    return client_address(_peer(request), request.headers.getall("x-forwarded-for", []), trusted)


def host_of(request: Request[Any, Any], trusted: Sequence[Network]) -> str:
    """Name and port by which the client knows us; a trusted proxy may say what they were."""
    forwarded = ""
    if is_trusted(_peer(request), trusted):
        forwarded = request.headers.get("x-forwarded-host", "").partition(",")[0].strip()
    return forwarded if _HOST.fullmatch(forwarded) else request.headers.get("host", "")


def is_secure(request: Request[Any, Any], trusted: Sequence[Network]) -> bool:
    """Whether the client speaks https, to a trusted proxy that says so."""
    if not is_trusted(_peer(request), trusted):
        return False
    scheme: str = request.headers.get("x-forwarded-proto", "")
    return scheme.partition(",")[0].strip().lower() == "https"


def _peer(request: Request[Any, Any]) -> str:
    return str(request.conn_info.client_ip) if request.conn_info else ""
