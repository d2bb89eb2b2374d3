"""The usual event of a stream: one chunk in one packet, passed on as it came.

Whole chunks of an upstream's are whole chunks for its client, too. Where one says nothing that
anybody wants to know, it is neither parsed nor framed anew: it costs a look at its ends and the
search for what is wanted. Whatever else comes goes the general way (`relaying`), and the next
usual one after it as well, which shows that it is behind a chunk and between two events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from proxy.chunks import size_line

if TYPE_CHECKING:
    from proxy.downstream import Downstream, Outlet
    from proxy.usage.meter import Meter
    from proxy.usage.sse_usage import SseUsageReader

#: How a chunk ends that ends with an event.
_END: Final = b"\n\n\r\n"
#: How chunks begin, by their lengths on the wire. Each costs some hundred bytes.
_SIZE_LINES: Final[dict[int, bytes]] = {}
#: Longer chunks go the general way, and so does one of a single line end, which ends no event: what
#: stands before it is the end of its size.
_LONGEST: Final = 4 * 1024
_SHORTEST: Final = len(b"2\r\n" + _END)


class Passing:
    """Of one answer: what its upstream's connection hands packets to.

    `passed` counts the bytes of the body that went so.
    """

    __slots__ = ("_downstream", "_meter", "_outlet", "_reader", "passed")

    def __init__(self, downstream: Downstream, meter: Meter) -> None:
        self._downstream = downstream
        self._meter = meter
        self._outlet: Outlet
        self._reader: SseUsageReader
        self.passed = 0

    def is_ready(self) -> bool:
        """Whether `take` may be called from now on, as long as it returns True, while the
        upstream's parser stands between two chunks."""
        outlet, reader = self._downstream.outlet(), self._meter.between_events
        if outlet is None or reader is None:
            return False
        self._outlet, self._reader = outlet, reader
        return True

    def take(self, packet: bytes) -> bool | None:
        """Pass it on, where it is a whole chunk of whole events that say nothing; whether the
        client keeps up then. None: nothing has been done with it."""
        try:
            line = _SIZE_LINES[len(packet)]
        except KeyError:
            _learn(len(packet))
            return None
        outlet = self._outlet
        transport = outlet.transport
        if (
            transport is None
            or transport.is_closing()
            or not packet.startswith(line)
            or not packet.endswith(_END)
            or not self._reader.passes(packet)
        ):
            return None
        transport.write(packet)
        self.passed += len(packet) - len(line) - 2
        return outlet.can_write is None


def _learn(length: int) -> None:
    if _SHORTEST <= length <= _LONGEST and (line := size_line(length)) is not None:
        _SIZE_LINES[length] = line
