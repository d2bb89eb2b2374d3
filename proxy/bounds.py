"""What the data plane takes at most, as its wiring says."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.fair_share import Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Bytes, and requests of one worker."""

    request_max_bytes: int
    """Of a body that is kept to be read."""
    upload_max_bytes: int
    """Of a body that is passed on as it comes."""
    buffered_bodies_max_bytes: int
    """Of all kept bodies at once."""
    max_active_requests: int
    shares: Shares
    copied_bytes: int = 0
    """Of each body, kept for the log. 0: none, and nothing looks on."""

    def of_body(self, *, kept: bool) -> int:
        """Of one body."""
        return self.request_max_bytes if kept else self.upload_max_bytes
