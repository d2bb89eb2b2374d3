"""For how long an account wants to be left alone, from its answer, sans-io.

Upstreams say it in half a dozen ways, and several at once; the least counts, since the others may
be of a limit that was not met. Sources: RFC 9110 10.2.3 (`Retry-After`), OpenAI's and Anthropic's
documentation of rate limits, AWS's retry guide, google/rpc/error_details.proto (`RetryInfo`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from proxy.accounts.blame import error_of
from proxy.headers import RawHeaders

#: Seconds where an answer says nothing, and at most.
DEFAULT_REST_S: Final = 30.0
LONGEST_REST_S: Final = 600.0
_NUMBER: Final = re.compile(rb"[0-9]{1,13}+(?:\.[0-9]{1,9}+)?+")
_PART: Final = re.compile(rb"([0-9]{1,9}+(?:\.[0-9]{1,9}+)?+)(ms|[smhd])")
_SECONDS: Final = {b"ms": 0.001, b"s": 1.0, b"m": 60.0, b"h": 3600.0, b"d": 86400.0}
#: A longer value is none of these.
_LONGEST_VALUE: Final = 64
#: Seconds since 1970 rather than from now.
_EPOCH_FROM: Final = 1e9
_SECONDS_FIELDS: Final = frozenset((b"retry-after", b"llm_provider-retry-after"))
_MILLISECONDS_FIELDS: Final = frozenset((b"retry-after-ms", b"x-amz-retry-after"))
_RESET: Final = b"x-ratelimit-reset"


def rest_seconds(headers: RawHeaders, body: Any, now: float) -> float:
    """Seconds from `now` (Unix time), within bounds. `body` is decoded JSON, or None."""
    said = [
        seconds
        for name, value in headers
        if len(value) <= _LONGEST_VALUE
        and (seconds := _of_field(name.lower(), value.strip(), now)) is not None
    ]
    delay = retry_delay(body)
    if delay is not None:
        said.append(delay)
    return min(max(0.0, min(said)), LONGEST_REST_S) if said else DEFAULT_REST_S


def _of_field(name: bytes, value: bytes, now: float) -> float | None:
    if name in _SECONDS_FIELDS:
        return float(value) if _NUMBER.fullmatch(value) else _until_date(value, now)
    if name in _MILLISECONDS_FIELDS:
        return float(value) / 1000 if _NUMBER.fullmatch(value) else None
    if not name.startswith(_RESET):
        return None
    if _NUMBER.fullmatch(value):
        seconds = float(value)
        return seconds - now if seconds >= _EPOCH_FROM else seconds
    return _duration(value)


def _until_date(value: bytes, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(value.decode("ascii"))
    except (ValueError, UnicodeDecodeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.fromtimestamp(now, UTC)).total_seconds()


def _duration(value: bytes) -> float | None:
    """`6m0s`, `1.2s`, `20ms`, as OpenAI and Google write them."""
    seconds, end = 0.0, 0
    for part in _PART.finditer(value):
        if part.start() != end:
            return None
        seconds += float(part[1]) * _SECONDS[part[2]]
        end = part.end()
    return seconds if end == len(value) and end else None


def retry_delay(body: Any) -> float | None:
    """`google.rpc.RetryInfo.retryDelay` of an error's details; None where there is none."""
    details = error_of(body).get("details")
    for detail in details[:16] if isinstance(details, list) else ():
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith("rpc.RetryInfo"):
            delay = detail.get("retryDelay")
            if isinstance(delay, str) and len(delay) <= _LONGEST_VALUE and delay.isascii():
                return _duration(delay.encode("ascii"))
    return None
