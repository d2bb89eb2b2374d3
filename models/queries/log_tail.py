"""What came to the request log since the last look, and just before the first look.

An id says when a request began, and its row is written when it ended: behind the newest id more
may still come. So a look covers the last two minutes whole, remembers what it has seen of them,
and now and then asks for the few that ran longer.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from models.ids import first_id_at
from models.request_log import RequestLog

_RECENT: Final = timedelta(minutes=2)
_LONG: Final = timedelta(minutes=30)
_LONG_EVERY: Final = timedelta(seconds=10)
#: How long before a viewer joined a request may have ended to have missed the viewer's list: from
#: the end of a request to its row, and from the list to the stream that adds to it.
_JUST_BEFORE: Final = timedelta(seconds=5)
#: Rows on a page of the list. Of what ended just before, no more than these are new: whatever is
#: among the newest so many now, and was there when the list was read, is on the list's first page.
LIST_PAGE: Final = 50
#: Rows of one look; of more, the newest.
_MOST: Final = 100
_MOST_IDS: Final = 1000


class LogTail:
    """One reader of the log's end."""

    __slots__ = ("_looked_for_long", "_seen")

    def __init__(self) -> None:
        self._seen: set[UUID] | None = None
        self._looked_for_long: datetime | None = None

    async def look(self, present: datetime) -> list[RequestLog]:
        """The rows that were not there at the last look, in order of id; none at the first.

        Raises DatabaseUnavailable.
        """
        found = await self._ids(present)
        if self._seen is None:
            self._seen = set(found)
            return []
        fresh = [each for each in found if each not in self._seen]
        oldest = first_id_at(present - _LONG)
        self._seen = {each for each in self._seen if each > oldest}.union(fresh)
        return await self._rows(fresh)

    async def _ids(self, present: datetime) -> list[UUID]:
        recent = first_id_at(present - _RECENT)
        rows = RequestLog.filter(id__gte=recent).order_by("-id").limit(_MOST_IDS)
        found = [row.id for row in await rows.only("id")]
        if self._looked_for_long is None or present - self._looked_for_long >= _LONG_EVERY:
            self._looked_for_long = present
            long = RequestLog.filter(
                id__gte=first_id_at(present - _LONG),
                id__lt=recent,
                duration_us__gte=(_RECENT - _LONG_EVERY) // timedelta(microseconds=1),
            )
            found += [row.id for row in await long.order_by("-id").limit(_MOST).only("id")]
        return found

    async def _rows(self, ids: list[UUID]) -> list[RequestLog]:
        return await RequestLog.filter(id__in=ids[:_MOST]).order_by("id") if ids else []


async def newest() -> list[RequestLog]:
    """The rows of the list's first page, in order of id. Raises DatabaseUnavailable."""
    return list(reversed(await RequestLog.all().order_by("-id").limit(LIST_PAGE)))


def ended(row: RequestLog) -> datetime:
    """When the request ended; its row came a moment later."""
    return row.at + timedelta(microseconds=row.duration_us)


def ended_just_before(row: RequestLog, moment: datetime) -> bool:
    """Whether the request ended so shortly before `moment`, or since, that a list read then may
    lack its row."""
    return ended(row) > moment - _JUST_BEFORE
