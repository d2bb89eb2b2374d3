"""The request transform that asks a stream for its usage: `stream_options.include_usage`."""

from __future__ import annotations

from typing import Final, NamedTuple

from proxy.headers import RawHeaders, is_plain, with_value, without

_IDENTITY: Final = b"identity"


class UsageSplice(NamedTuple):
    """`body` has the question spliced in.

    `withholds`: the client did not ask for usage itself, so that the event that answers the
    question is kept from it (`usage.meter.meter_for`).
    """

    body: tuple[bytes, ...]
    withholds: bool

    def headers(self, headers: RawHeaders) -> RawHeaders:
        """Asks for the answer without a coding: an event can only be cut out of plain text."""
        changed = with_value(headers, b"accept-encoding", _IDENTITY)
        if is_plain(changed):
            return changed
        # The body was decoded to be spliced.
        return without(changed, b"content-encoding")
