"""The address of a destination: what events and requests are posted to."""

import re
from typing import Final
from urllib.parse import unquote

from config.forms import parse_host, split_url

_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]*+)*+")


def parse_destination_url(text: str) -> str:
    """The address as it is stored: scheme, host and port in one spelling, the path as it is.

    Parsing its own result changes nothing. Raises ValueError, with the problem in words that do not
    quote the text.
    """
    url = split_url(text)
    if url.scheme not in ("http", "https"):
        raise ValueError("neither http nor https")
    if "@" in url.netloc or "?" in text:
        raise ValueError("holds credentials or a query: put what is secret into headers")
    host = parse_host(url.hostname or "")
    if not _PATH.fullmatch(url.path) or {".", ".."} & set(unquote(url.path).split("/")):
        raise ValueError("not a plain path")
    authority = f"[{host}]" if ":" in host else host
    return f"{url.scheme}://{authority}{f':{url.port}' if url.port else ''}{url.path}"
