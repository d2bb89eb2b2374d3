"""What needs somebody, in words, each with the one click that mends it."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

from admin.components import filters
from models.reports.attention import MOST, Matter, MatterKind


class Mending(NamedTuple):
    """How a kind of thing is shown and mended. `{id}` and `{owner}` are of the thing."""

    level: str
    icon: str
    #: Of what it is the name.
    thing: str
    href: str
    mend: str
    mend_href: str
    #: Where all of the kind are, if there are more.
    more_href: str
    #: Whether the click does it, and leads to no form.
    is_post: bool = False


_AT_TOKEN: Final = "/admin/tokens/{id}"  # noqa: S105  (an address)
_PROJECT: Final = "/admin/projects/{id}"
_KEYS: Final = "/admin/projects/{owner}#keys"
_MENDING: Final[dict[MatterKind, Mending]] = {
    "project_without_key": Mending(
        "bad", "tokens", "Project", _PROJECT, "Add a key", _PROJECT + "#keys",
        "/admin/tokens?status=no_upstream_key",
    ),
    "key_suspended": Mending(
        "bad", "warning", "Key", _KEYS, "Test or replace it", _KEYS, "/admin/projects",
    ),
    "key_misplaced": Mending(
        "bad", "warning", "Key", _KEYS, "Enter it anew", _KEYS, "/admin/projects",
    ),
    "project_inactive": Mending(
        "warning", "pause", "Project", _PROJECT, "Activate", _PROJECT + "/activate",
        "/admin/projects?is_active=false", is_post=True,
    ),
    "token_exhausted": Mending(
        "bad", "drained", "Token", _AT_TOKEN, "Raise the limit", _AT_TOKEN + "/edit",
        "/admin/tokens?status=exhausted",
    ),
    "destination_failing": Mending(
        "bad", "warning", "Destination", "/admin/destinations/{id}", "See why",
        "/admin/destinations/{id}", "/admin/destinations",
    ),
    "key_resting": Mending(
        "warning", "pause", "Key", _KEYS, "Add another key", _KEYS, "/admin/projects",
    ),
    "token_expiring": Mending(
        "warning", "clock", "Token", _AT_TOKEN, "Give it a later end", _AT_TOKEN + "/edit",
        "/admin/tokens?expiring_within=604800",
    ),
}  # fmt: skip


class ShownMatter(NamedTuple):
    """One thing, as a line."""

    matter: Matter
    level: str
    icon: str
    thing: str
    href: str
    says: str
    #: What it says ends, or began, with this moment.
    at: datetime | None
    mend: str
    mend_href: str
    is_post: bool


class ShownKind(NamedTuple):
    """Things of a kind; `more_href` where there are more."""

    lines: Sequence[ShownMatter]
    more_href: str | None


def shown(matters: Sequence[Matter], *, may_change: bool) -> list[ShownKind]:
    """Kind by kind, as they come."""
    found = []
    for kind, group in groupby(matters, key=lambda matter: matter.kind):
        of_kind = list(group)
        lines = [_line(matter, _MENDING[kind], may_change=may_change) for matter in of_kind[:MOST]]
        found.append(ShownKind(lines, _MENDING[kind].more_href if len(of_kind) > MOST else None))
    return found


def _line(matter: Matter, mending: Mending, *, may_change: bool) -> ShownMatter:
    def at(address: str) -> str:
        return address.format(id=matter.id, owner=matter.owner)

    says, moment = _says(matter)
    look = mending._replace(mend="Look", mend_href=mending.href, is_post=False)
    how = mending if may_change else look
    return ShownMatter(
        matter=matter,
        level=how.level,
        icon=how.icon,
        thing=how.thing,
        href=at(how.href),
        says=says,
        at=moment,
        mend=how.mend,
        mend_href=at(how.mend_href),
        is_post=how.is_post,
    )


def _says(matter: Matter) -> tuple[str, datetime | None]:
    """What is the matter, and the moment that it names behind that."""
    if matter.kind == "project_without_key":
        return "has no upstream key that is in use and not suspended: its requests fail", None
    if matter.kind == "key_suspended":
        answered = matter.note or "that it is no good"
        return f"is suspended: its upstream answered {answered},", matter.at
    if matter.kind == "key_misplaced":
        return f"is sent nowhere: {matter.note}", None
    if matter.kind == "project_inactive":
        times = filters.plural(matter.times, "request")
        return f"is inactive and still asked for: {times} refused in 24 h", None
    if matter.kind == "token_exhausted":
        if matter.note == "requests":
            return "is refused: it used the last of its requests", matter.at
        return "is refused: a budget that never starts anew was spent", matter.at
    if matter.kind == "destination_failing":
        return f"fails ({matter.note.rstrip('.') or 'no answer'}), first", matter.at
    if matter.kind == "key_resting":
        return f"rests after {matter.note}; that is over", matter.at
    return "ends", matter.at
