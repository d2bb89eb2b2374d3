"""Tags and the end user of a request, from its header fields: neither field goes upstream.

Clients name them, so what is wrong with them is refused and never cut: a request that counts as
another team's would be found too late.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models.labels import (
    END_USER_MAX,
    TAGS_MAX,
    BadLabel,
    Labels,
    ordered,
    parse_tag,
)
from proxy.errors import InvalidRequest
from proxy.header_lines import HeaderLines

TAGS: Final = b"x-llm-proxy-tags"
END_USER: Final = b"x-llm-proxy-user"


def labels_of(lines: HeaderLines, fixed: Mapping[str, str] | None) -> Labels:
    """Those of a request whose token has `fixed` tags, which win. Raises InvalidRequest."""
    given: dict[str, str] = {}
    if TAGS in lines.first:
        given = _tags(lines.values(TAGS))
    if fixed is not None:
        given |= fixed
    return Labels(ordered(given), _end_user(lines.values(END_USER)))


def _tags(values: list[bytes]) -> dict[str, str]:
    """What a list says, in however many lines it comes (RFC 9110 5.3)."""
    tags: dict[str, str] = {}
    for element in _text(TAGS, b",".join(values)).split(","):
        # RFC 9110 5.6.1: an empty element is none.
        if not (element := element.strip(" \t")):
            continue
        try:
            key, value = parse_tag(element)
        except BadLabel as exc:
            raise _refusal(TAGS, str(exc)) from None
        if key in tags:
            raise _refusal(TAGS, f"The tag {key} is there twice.")
        if len(tags) == TAGS_MAX:
            raise _refusal(TAGS, f"There are more than {TAGS_MAX} tags.")
        tags[key] = value
    return tags


def _end_user(values: list[bytes]) -> str:
    if not values:
        return ""
    if len(values) > 1:
        raise _refusal(END_USER, "It is there more than once.")
    end_user = _text(END_USER, values[0])
    if len(end_user) > END_USER_MAX or not end_user.isprintable():
        raise _refusal(END_USER, f"It has at most {END_USER_MAX} printable characters.")
    return end_user


def _text(name: bytes, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise _refusal(name, "It is not UTF-8.") from None


def _refusal(name: bytes, problem: str) -> InvalidRequest:
    # What was sent is not repeated: nobody asked whether it may be shown.
    return InvalidRequest(f"The field {name.decode()} cannot be used. {problem}")
