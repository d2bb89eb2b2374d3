"""The forms that the values of a provider's file take, each with words for one who has to mend it.

A parser raises ValueError with the problem in a few words. `ALLOWED` has, for every key, what may
stand there and an example.
"""

from __future__ import annotations

import re
from typing import Final

from config import parse_base_url
from models.endpoint_rules import METHODS
from proxy.header_rules import CREDENTIALS, KEEPABLE, may_cross_upstream
from proxy.providers.provider import AUTH_KINDS, AUTH_NAMED, Probe

#: What a base URL may leave open, for a project's own to fill in.
OPEN_PARTS: Final = ("region", "location", "resource")

#: Fields that frame a message, say who it is for, or are the proxy's own.
_NEVER_SET: Final = frozenset(
    (
        b"connection", b"content-encoding", b"content-length", b"content-type", b"cookie",
        b"expect", b"host", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade",
    )
)  # fmt: skip
_TOKEN: Final = re.compile(r"[0-9A-Za-z!#$&'*+.^`|~-]{1,128}")
_COST: Final = re.compile(r"usage(?:\.[A-Za-z0-9_]{1,64}){1,4}")
_VALUE: Final = re.compile(r"[\x20-\x7e]++")

_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE or * for any"
ALLOWED: Final[dict[str, tuple[str, str]]] = {
    "providers": (
        "tables named in lower case, of letters, digits, - and _, at most 64 characters",
        "[providers.my-server]",
    ),
    "like": ("the name of a built-in provider", 'like = "openai"'),
    "base_url": (
        "http(s)://HOST[:PORT][/PATH], in which {region}, {location} and {resource} may stand for "
        'what projects fill in; "" for none',
        'base_url = "https://api.example.com"',
    ),
    "v1_prefix": (
        'a path that stands upstream in place of /v1, or "" for none',
        'v1_prefix = "/api/v2"',
    ),
    "auth": (
        f"{', '.join(AUTH_KINDS)}, header:NAME or query:NAME",
        'auth = "header:x-auth-token"',
    ),
    "error_shape": ("openai, anthropic, google, aws or ollama", 'error_shape = "openai"'),
    "prices": ("a provider's name in the price list", 'prices = "google"'),
    "headers": (
        "names of fields with their values, but for those that frame a message",
        'headers = { "x-team" = "search" }',
    ),
    "keep_client_headers": (
        f"a list of {', '.join(sorted(name.decode() for name in KEEPABLE))}",
        'keep_client_headers = ["openai-project"]',
    ),
    "test": ("GET or POST and a path", 'test = "GET /v1/models"'),
    "blames_key": ("a list of codes of errors", 'blames_key = ["invalid_api_key"]'),
    "meter_streams": ("true or false", "meter_streams = false"),
    "cost": ("usage and up to four members below it", 'cost = "usage.cost"'),
    "cost_unit": ("usd, usd_cents or usd_ticks", 'cost_unit = "usd"'),
    "service": ("a service of AWS", 'service = "bedrock"'),
    "token_uris": ("a list of URLs", 'token_uris = ["https://oauth2.googleapis.com/token"]'),
    "scopes": ("a list of scopes", 'scopes = ["https://example.com/.default"]'),
    "endpoints": (
        "a list of at least one endpoint",
        'endpoints = [{ method = "POST", path = "/v1/chat/completions", usage = "chat" }]',
    ),
    "also_allow": (
        "a list of endpoints",
        'also_allow = [{ method = "POST", path = "/v1/rerank" }]',
    ),
    "off": (
        "paths, or a method and a path, of what is not let through, each with the reason",
        'off = { "/v1/fine_tuning/*" = "trains models at the account\'s cost" }',
    ),
    "method": (_METHODS, 'method = "POST"'),
    "path": (
        "segments of letters, digits and ._~!$&'()+,;=:@-, or {name}, or {name} with a suffix, and "
        "/* at the end; the first one is literal",
        'path = "/v1/models/{model}"',
    ),
    "usage": ("one of the names in docs/providers.md", 'usage = "chat"'),
    "default_model": ("the name of a model", 'default_model = "omni-moderation-latest"'),
    "isolated": ("true for what is served in projects with `isolation` alone", "isolated = true"),
}


def parse_base(text: str) -> str:
    """A provider's address, which may leave parts open; '' for none."""
    if not text:
        return ""
    filled = text
    for part in OPEN_PARTS:
        filled = filled.replace(f"{{{part}}}", f"open-{part}")
    if "{" in filled or "}" in filled:
        raise ValueError("has braces around something else than region, location or resource")
    parsed = parse_base_url(filled)
    for part in OPEN_PARTS:
        parsed = parsed.replace(f"open-{part}", f"{{{part}}}")
    return parsed


def parse_auth(text: str) -> str:
    """How a key is presented."""
    kind, colon, name = text.partition(":")
    if kind not in (AUTH_NAMED if colon else AUTH_KINDS):
        raise ValueError("not a way to present a key")
    if colon and (not _TOKEN.fullmatch(name) or name.lower().encode() in _NEVER_SET):
        raise ValueError("names no field that could hold a key")
    return f"{kind}:{name}" if colon else kind


def parse_headers(fields: dict[str, str]) -> dict[str, str]:
    """Fields to add, by their names in lower case."""
    for name, value in fields.items():
        parse_field_name(name)
        if not _VALUE.fullmatch(value) or value != value.strip(" "):
            raise ValueError(f"the value of {name} is empty, or not printable ASCII")
    return {name.lower(): value for name, value in fields.items()}


def parse_field_name(name: str) -> str:
    """The name of a field that may cross, in lower case."""
    lower = name.lower()
    if not _TOKEN.fullmatch(name) or lower.encode() in _NEVER_SET:
        raise ValueError("names a field that cannot be set")
    if lower.encode() in CREDENTIALS:
        raise ValueError("names a field for a key, which `auth` is for")
    if lower.startswith("x-llm-proxy-"):
        raise ValueError("names a field of the proxy's own")
    return lower


def parse_kept_name(name: str) -> str:
    """The name of a client's field that is to cross, in lower case."""
    lower = parse_field_name(name)
    if lower.encode() not in KEEPABLE and not may_cross_upstream(lower.encode()):
        raise ValueError("names a field that never crosses")
    return lower


def parse_test(text: str) -> Probe:
    """A request, as `GET /v1/models`."""
    method, _, path = text.partition(" ")
    if method not in ("GET", "POST") or not path.startswith("/") or not path.isprintable():
        raise ValueError("not a method and a path")
    return Probe(method, path)


def parse_off(text: str) -> str:
    """What is not let through, as `/v1/agents/*` or `DELETE /v1/models/{model}`."""
    method, path = off_line(text)
    if method not in METHODS or not path.startswith("/") or not path.isprintable() or " " in path:
        raise ValueError("neither a path nor a method and a path")
    return text


def off_line(text: str) -> tuple[str, str]:
    """Its method, `*` for any, and its path."""
    method, _, path = text.rpartition(" ")
    return method or "*", path


def parse_cost(text: str) -> str:
    """Where an answer states its cost."""
    if not _COST.fullmatch(text):
        raise ValueError("is not a member of usage")
    return text
