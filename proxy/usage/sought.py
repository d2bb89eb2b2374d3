"""Which events of a stream are worth taking apart, by words that they mention."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from proxy.usage.accumulator import UsageAccumulator

# Also where the data goes on in another line.
_MENTIONS_USAGE: Final = re.compile(rb'"usage"\s*+:\s*+(?:data:\s*+)?\{')
_MENTIONS_MODEL: Final = re.compile(rb'"model"\s*+:\s*+(?:data:\s*+)?"')
MENTIONS_FINISH: Final = re.compile(rb'"finish_reason"\s*+:\s*+"')


class Sought(NamedTuple):
    """What makes an event worth taking apart: a word, and what it is to look like there.

    The word alone is searched for first, which takes a tenth of the time where it is not there.
    """

    word: bytes
    form: re.Pattern[bytes] | None = None

    def find(self, data: bytes, start: int) -> int:
        """The next place from `start` on; -1 where there is none."""
        place = data.find(self.word, start)
        if place == -1 or self.form is None:
            return place
        found = self.form.search(data, place)
        return -1 if found is None else found.start()


_USAGE: Final = Sought(b'"usage"', _MENTIONS_USAGE)
_ERROR: Final = Sought(b"error")
_MODEL: Final = Sought(b'"model"', _MENTIONS_MODEL)
_STOP: Final = Sought(b"message_stop")
_FINISH: Final = Sought(b'"finish_reason"', MENTIONS_FINISH)
#: Of whatever comes next, the first byte.
ANYTHING: Final = (Sought(b""),)


def wanted(read: UsageAccumulator, watch: bool) -> tuple[Sought, ...]:
    """What makes an event worth taking apart, by what is known already."""
    found = [_USAGE]
    if not read.failed:
        found.append(_ERROR)
    if read.model is None:
        found.append(_MODEL)
    if read.awaits_completion and not read.final:
        found.append(_STOP)
    if watch and not read.finished:
        found.append(_FINISH)
    return tuple(found)
