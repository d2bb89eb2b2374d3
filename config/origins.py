"""Origins (RFC 6454): the scheme, host and port of a URL, in one spelling.

The rules are here; who asks which: `UPSTREAM_ORIGINS` and the bindings of keys compare origins of
base URLs, the admin the `Origin` of a post with its own Host, and a project's `allowed_origins` are
matched with the `Origin` of its clients (`proxy/access`).
"""

from typing import Final
from urllib.parse import urlsplit

from config.base_urls import PORTS, split_base_url
from config.forms import Form, parse_host, split_url

#: An entry of `allowed_origins`, in lower case: scheme and host, no path; `*` may stand for parts.
ALLOWED_ORIGIN: Final = r"\*|[a-z][a-z0-9+.-]*://[!\"$-.0->@-~]+"


def origin_of(url: str) -> str:
    """`https://api.example.com:443`, of a base URL that was validated where it was set.

    Two base URLs lead to the same place exactly where their origins are the same text.

    The host is in lower case, without the dot that may end it; the port is always named.
    """
    base = split_base_url(url)
    host = base.host.rstrip(".")
    return f"{base.scheme}://{f'[{host}]' if ':' in host else host}:{base.port}"


def is_origin_of(origin: str, host: str) -> bool:
    """Whether an `Origin` header names the site that the request's `Host` names.

    Of whichever scheme: a proxy in front may end TLS without saying so. `null` is no site.
    """
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    port = PORTS.get(parts.scheme)
    suffix = "" if port is None else f":{port}"
    named = parts.netloc.lower().removesuffix(suffix)
    return bool(named) and named == host.lower().removesuffix(suffix)


def _parse_origins(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_parse_origin(part.strip()) for part in text.split(",")))


def _parse_origin(text: str) -> str:
    if not text:
        raise ValueError("an entry is empty")
    url = split_url(text)
    if url.scheme not in PORTS:
        raise ValueError("neither http nor https")
    if "@" in url.netloc or "?" in text or url.path not in ("", "/"):
        raise ValueError("more than scheme, host and port")
    parse_host(url.hostname or "")
    return origin_of(text)


ORIGINS: Final = Form(
    "origins such as https://api.openai.com or http://10.0.0.7:8000, comma separated",
    _parse_origins,
)
