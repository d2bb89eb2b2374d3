"""The data plane's bounds on bodies and requests."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.fair_share import Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Bytes, requests of one worker, and seconds."""

    request_max_bytes: int
    """Of a body that is kept to be read."""
    upload_max_bytes: int
    """Of a body that is passed on as it comes."""
    buffered_bodies_max_bytes: int
    """Of all kept bodies at once."""
    max_active_requests: int
    shares: Shares
    comment_every: float | None = None
    """Seconds of silence after which an event stream gets a comment. None: never."""
    copied_bytes: int = 0
    """Of each body, copied for the log. 0: none, and bodies are not looked at for it."""

    def of_body(self, *, kept: bool) -> int:
        """The most bytes that one body may have; `kept` where it is kept to be read."""
        return self.request_max_bytes if kept else self.upload_max_bytes
