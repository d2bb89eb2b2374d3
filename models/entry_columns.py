"""A batch's entries by column: what is asked of all is a step for a field, not for an entry."""

from collections.abc import Iterable, Sequence

import msgspec

from models.again import Told
from models.columns import Columns
from models.entry import Entry, all_fit, storable


def by_column(entries: Sequence[Entry]) -> Columns:
    """At least one entry."""
    if type(entries) is Told:
        return entries.columns()
    told = map(msgspec.structs.astuple, entries)
    return dict(zip(Entry.__struct_fields__, zip(*told, strict=True), strict=True))


def some(entries: Sequence[Entry], places: Iterable[int]) -> Sequence[Entry]:
    """Those that stand there."""
    if type(entries) is Told:
        return entries.some(places)
    return [entries[place] for place in places]


def all_storable(entries: Sequence[Entry]) -> tuple[Sequence[Entry], Columns]:
    """Entries as `storable` has them, most of which are as they are, and their columns."""
    columns = by_column(entries)
    if all_fit(columns):
        return entries, columns
    mended = [storable(entry) for entry in entries]
    return mended, by_column(mended)
