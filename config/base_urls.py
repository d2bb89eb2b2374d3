"""A base URL taken apart: the one place that reads where an upstream is.

What may be a base URL at all, `forms.parse_base_url` says.
"""

from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

PORTS: Final = {"http": 80, "https": 443}


class BaseUrl(NamedTuple):
    """`host` is in lower case, ASCII and without brackets; `port` is always there.

    `authority` is what belongs into a `Host` field, `path` has no slash at its end.
    """

    scheme: str
    host: str
    port: int
    authority: str
    path: str


@lru_cache(maxsize=4096)
def split_base_url(url: str) -> BaseUrl:
    """Take apart a base URL that was validated where it was set.

    Raises ValueError for one that was stored by other means and is none.
    """
    parts = urlsplit(url)
    authority = _ascii(parts.netloc.rpartition("@")[2])
    return BaseUrl(
        parts.scheme,
        _ascii(parts.hostname or ""),
        parts.port or PORTS.get(parts.scheme, 80),
        authority,
        parts.path.rstrip("/"),
    )


def _ascii(name: str) -> str:
    return name if name.isascii() else name.encode("idna").decode("ascii")
