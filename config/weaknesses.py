"""Weak settings that work: a start warns of them, and so does `doctor`."""

import ipaddress
from typing import Final, NamedTuple

from config.table import Settings

#: Characters that a MANAGEMENT_TOKEN should have, since every guess at it is checked.
LONG_ENOUGH: Final = 32


class Weakness(NamedTuple):
    """One thing that works and is weak. `about` is its short name; no value is ever quoted."""

    about: str
    says: str


def weaknesses(settings: Settings) -> list[Weakness]:
    """All of them."""
    found = []
    token = settings.management_token
    if token is not None and len(token) < LONG_ENOUGH:
        found.append(
            Weakness(
                "management token",
                f"MANAGEMENT_TOKEN has fewer than {LONG_ENOUGH} characters, and its length is what "
                "protects /manage from guessing: use one such as openssl rand -hex 32 prints",
            )
        )
    if settings.metrics_token is None and not _is_loopback(settings.host):
        found.append(
            Weakness(
                "metrics",
                f"/metrics is open to every client of {settings.host}:{settings.port}: set "
                "METRICS_TOKEN, or keep the path from the outside in the reverse proxy",
            )
        )
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
