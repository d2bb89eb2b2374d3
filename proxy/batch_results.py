"""Where the results of a batch of Anthropic's are fetched: at the proxy, like the batch itself.

A batch that has ended says so by `results_url`, an address of Anthropic's own, and the SDKs for
Python and JavaScript fetch the results from there, with their key. Through a proxy that key is a
token: it would be shown to Anthropic, which refuses it. So the address loses its scheme and host on
its way, and what is left is the path that the SDKs put behind their base URL.
"""

from __future__ import annotations

import re
from typing import Final

from proxy.model_lists import VOIDED
from proxy.providers.endpoints import Route
from proxy.transforms import AnswerTransform
from proxy.upstream.heads import UpstreamHead

#: The endpoints that describe batches.
_DESCRIBING: Final = ("/v1/messages/batches", "/v1/messages/batches/{message_batch_id}")
_OK: Final = 200

_NAME: Final = b'"results_url"'
_SPACE: Final = rb"[ \t\r\n]*+"
#: The member up to its address's path. A quoted name within a text has backslashes, so it is none.
_MEMBER: Final = re.compile(rb"(%b%b:%b\")https?://[^/\"\\]++(?=/[^/])" % (_NAME, _SPACE, _SPACE))
#: All that may still become one when more comes.
_BEGUN: Final = re.compile(
    rb"%b%b(?::%b(?:\"[^/\"\\]*+(?:/(?:/(?:[^/\"\\]++/?)?)?)?)?)?" % (_NAME, _SPACE, _SPACE)
)
#: A longer beginning is let go.
HELD_MAX_BYTES: Final = 1024


def describes(route: Route, method: str) -> bool:
    """Whether the answer may say where results are, and so has to be asked for plain."""
    return method in ("GET", "HEAD") and route.pattern in _DESCRIBING


def redirecting(route: Route, method: str, answer: UpstreamHead) -> AnswerTransform | None:
    """What has results fetched here; None for an answer that says nothing of them, or is compressed
    although it was asked for plain: that passes as it came."""
    if not describes(route, method) or answer.status != _OK:
        return None
    return ResultsUrl() if answer.read().content_coding in (b"", b"identity") else None


class ResultsUrl:
    """Leaves scheme and host out of each `results_url`."""

    withholds = True
    voids = VOIDED
    behind = False

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def relay(self, data: bytes) -> bytes:
        """Take the next bytes of the answer; returns those that go to the client now."""
        data = _MEMBER.sub(rb"\1", self._held + data)
        at = _held_from(data)
        self._held = data[at:]
        return data[:at]

    def catch_up(self) -> bytes:
        """There is nothing to catch up with."""
        return b""

    def end(self) -> bytes:
        """The answer ended; a member that did not was none."""
        return self._held


def _held_from(data: bytes) -> int:
    """From where the last bytes may become a member with those to come; the length where none."""
    at = data.rfind(_NAME, -HELD_MAX_BYTES)
    if at >= 0 and _BEGUN.fullmatch(data, at):
        return at
    quote = data.rfind(b'"', -len(_NAME))
    return quote if quote >= 0 and _NAME.startswith(data[quote:]) else len(data)
