"""The forms that values take: a description for people and a parser that says what is wrong.

A parser raises ValueError with the problem in a few words, and never with the value.
"""

import base64
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HOST_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
#: What users paste from an API's documentation. The longest of those that end alike is the first.
_ENDPOINTS: Final = (
    "/chat/completions", "/completions", "/embeddings", "/moderations", "/images/generations",
    "/images/edits", "/audio/speech", "/audio/transcriptions", "/audio/translations",
    "/v1/responses", "/v1/messages", "/v1/models", "/openai/responses", "/api/chat",
    "/api/generate", "/api/embed", "/api/tags", "/converse", "/converse-stream", "/invoke",
)  # fmt: skip
_CALLED_MODEL: Final = re.compile(r"/(?:models|tunedModels)/[^/:]++:[A-Za-z]++\Z")
_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9._~-]++)*+")
_FACTORY: Final = re.compile(
    r"[A-Za-z_][\w]*+(?:\.[A-Za-z_][\w]*+)*+:[A-Za-z_][\w]*+(?:\.[A-Za-z_][\w]*+)*+"
)
_URL_PATH: Final = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*")


@dataclass(frozen=True, slots=True)
class Form:
    """What a value may look like: `allowed` in words, `parse` in code."""

    allowed: str
    parse: Callable[[str], Any]


def integer(low: int, high: int) -> Form:
    """An integer within bounds, both included."""

    def parse(text: str) -> int:
        # int() would also take signs, spaces, underscores and other scripts' digits.
        if not re.fullmatch(r"[0-9]{1,20}", text):
            raise ValueError("not a whole number")
        if not low <= int(text) <= high:
            raise ValueError("out of range")
        return int(text)

    return Form(f"a whole number from {low} to {high}", parse)


def _parse_share(text: str) -> float:
    if not re.fullmatch(r"(0|1|0?\.[0-9]{1,6}|1\.0{1,6})", text):
        raise ValueError("not a number from 0 to 1")
    return float(text)


def seconds(high: int, *, or_none: bool = False) -> Form:
    """A time, in seconds and their decimals; 0 with `or_none` alone."""

    def parse(text: str) -> float:
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
            raise ValueError("not a number of seconds")
        if float(text) > high or (float(text) == 0 and not or_none):
            raise ValueError("out of range")
        return float(text)

    least = "at least 0" if or_none else "more than 0"
    return Form(f"seconds, {least} and at most {high}, such as 10 or 0.5", parse)


def choice(*options: str) -> Form:
    """One of some words, in whatever case."""
    folded = {option.casefold(): option for option in options}

    def parse(text: str) -> str:
        if text.casefold() not in folded:
            raise ValueError("not one of the choices")
        return folded[text.casefold()]

    return Form("one of " + ", ".join(options), parse)


def secret(least: int) -> Form:
    """A credential of at least so many characters, fit for a header field."""

    def parse(text: str) -> str:
        # In a header field anything else would be cut, folded or refused.
        if not re.fullmatch(r"[!-~]+", text):
            raise ValueError("holds a space or a character outside ASCII")
        if len(text) < least:
            raise ValueError("too short")
        return text

    return Form(f"at least {least} visible ASCII characters, no spaces", parse)


def text(least: int, most: int) -> Form:
    """Text that a person types: any script, no control characters."""

    def parse(text: str) -> str:
        if not text.isprintable():
            raise ValueError("holds a control character")
        if not least <= len(text) <= most:
            raise ValueError("too short" if len(text) < least else "too long")
        return text

    return Form(f"{least} to {most} printable characters", parse)


def _parse_switch(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("neither true nor false")
    return text.lower() == "true"


def parse_host(text: str) -> str:
    """An IP address or a host name."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        if not _HOST_NAME.fullmatch(text) or len(text) > 253:
            raise ValueError("neither an address nor a host name") from None
    return text


def _parse_directory(text: str) -> Path:
    path = Path(text)
    try:
        usable = path.is_dir() or not path.exists()
    except OSError:
        raise ValueError("cannot be reached") from None
    if not usable:
        raise ValueError("exists and is not a directory")
    return path


def parse_file(text: str) -> Path:
    """The path of a file that exists."""
    try:
        exists = Path(text).is_file()
    except OSError:
        raise ValueError("cannot be reached") from None
    if not exists:
        raise ValueError("no such file")
    return Path(text)


def _parse_networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))
    except ValueError:
        raise ValueError("not a list of networks") from None


def _parse_encryption_keys(text: str) -> tuple[bytes, ...]:
    keys = tuple(_parse_encryption_key(part.strip()) for part in text.split(","))
    if len(set(keys)) != len(keys):
        raise ValueError("names one key twice")
    return keys


def _parse_encryption_key(text: str) -> bytes:
    if re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        return bytes.fromhex(text)
    # The decoder drops what is not in its alphabet, so the alphabet is checked here.
    if not re.fullmatch(r"(?:[A-Za-z0-9_-]{43}|[A-Za-z0-9+/]{43})=?", text):
        raise ValueError("neither Base64 of 32 bytes nor 64 hexadecimal digits")
    return base64.b64decode(text.rstrip("=") + "=", altchars=b"-_" if set(text) & {*"-_"} else None)


def split_url(text: str) -> SplitResult:
    """`urlsplit` without its leniency, and without its messages, which may quote a password."""
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("holds a space or a character outside ASCII (percent-encode it)")
    if "#" in text:
        raise ValueError("holds a '#' (percent-encode it as %23)")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise ValueError("not a URL (is a special character not percent-encoded?)") from None
    if port == 0:
        raise ValueError("not a port")
    return url


def parse_base_url(text: str) -> str:
    """An upstream's address, without the trailing `/v1` that clients' settings carry.

    Parsing its own result changes nothing, so it may be applied at several places. Raises
    ValueError, with the problem in words that do not quote the text.
    """
    url = split_url(text)
    if url.scheme not in ("http", "https"):
        raise ValueError("neither http nor https")
    if "@" in url.netloc or "?" in text:
        raise ValueError("holds credentials or a query")
    host = parse_host(url.hostname or "")
    path = url.path.rstrip("/")
    while path.endswith("/v1"):
        path = path.removesuffix("/v1").rstrip("/")
    if not _URL_PATH.fullmatch(path) or {".", ".."} & set(unquote(path).split("/")):
        raise ValueError("not a plain path")
    ending = next((end for end in _ENDPOINTS if path.endswith(end)), None)
    if ending is not None:
        raise ValueError(f"ends in an endpoint: leave out {ending}, which clients ask for")
    if _CALLED_MODEL.search(path):
        raise ValueError(
            "ends in the method of a model, which clients ask for: leave out /models and the rest"
        )
    authority = f"[{host}]" if ":" in host else host
    return f"{url.scheme}://{authority}{f':{url.port}' if url.port else ''}{path}"


def parse_v1_prefix(text: str) -> str:
    """What stands upstream in place of a path's leading `/v1`; '/' and '' are none."""
    prefix = text.rstrip("/")
    if not _PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/")):
        raise ValueError("no plain path that begins with a slash")
    return prefix


def _parse_factories(text: str) -> tuple[str, ...]:
    named = tuple(part.strip() for part in text.split(","))
    if not all(map(_FACTORY.fullmatch, named)):
        raise ValueError("not a list of factories")
    if len(set(named)) != len(named):
        raise ValueError("names one factory twice")
    return named


def _parse_dsn(text: str) -> str:
    url = split_url(text)
    if url.scheme not in ("http", "https"):
        raise ValueError("neither http nor https")
    if not re.fullmatch(r"[0-9A-Za-z]+(:[0-9A-Za-z]+)?", url.netloc.rpartition("@")[0]):
        raise ValueError("holds no key")
    parse_host(url.hostname or "")
    if url.query or not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*/[0-9]+", url.path):
        raise ValueError("does not end in a project's number")
    return text


SHARE: Final = Form("a number from 0 to 1", _parse_share)
SWITCH: Final = Form("true or false", _parse_switch)
HOST: Final = Form("an IP address or a host name", parse_host)
DIRECTORY: Final = Form("a directory, made if it does not exist", _parse_directory)
FILE: Final = Form("the path of a file that exists", parse_file)
NETWORKS: Final = Form("networks such as 10.0.0.0/8 or ::1/128, comma separated", _parse_networks)
DSN: Final = Form("http(s)://KEY@HOST[:PORT][/PATH]/PROJECT", _parse_dsn)
FACTORIES: Final = Form("package.module:factory, several comma separated", _parse_factories)
BASE_URL: Final = Form("http(s)://HOST[:PORT][/PATH]", parse_base_url)
ENCRYPTION_KEYS: Final = Form(
    "Base64 (url-safe or standard) of 32 bytes, or 64 hexadecimal digits; several comma separated, "
    "newest first",
    _parse_encryption_keys,
)
