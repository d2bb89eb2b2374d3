"""Requests by a tag of theirs: `request_tag` has them in order of time, whatever else they have."""

from collections.abc import Sequence
from typing import Final

from models.db.conditions import Condition
from models.queries.scans import IndexScan, Rows, ScanStrategy

_ROWS: Final = Rows(
    "request_tag JOIN request_log ON request_log.id = request_tag.request_id",
    key="request_tag.request_id",
    id="request_log.id",
)


def carried(tag: str) -> Condition:
    """That a row of the log has the tag, which is written `team=search`."""
    return Condition(
        "EXISTS (SELECT 1 FROM request_tag WHERE tag = {} AND request_id = request_log.id)", (tag,)
    )


class ByTag:
    """The way along the rows that have a tag, for those for which `wanted` holds as well."""

    def __init__(self, tag: str, wanted: Sequence[Condition], start: str | None) -> None:
        self._indexed = Condition("request_tag.tag = {}", (tag,))
        self._wanted = wanted
        self._start = start

    def __call__(self, rest: Sequence[Condition], *, most: int, before: str | None) -> ScanStrategy:
        filters = [*self._wanted, *rest]
        return IndexScan(_ROWS, self._indexed, filters, most=most, start=self._start, before=before)
