"""What clients say of a request beside its body: its tags, and the end user whom it is for.

A tag is a key and a value, of few characters. All tags of a request stand in one order, so that
the same ones are alike wherever they are stored.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Final, NamedTuple, TypeAlias

from pydantic import AfterValidator, Field, StringConstraints

from models.rules import field_error, matching
from models.text import clean_text, in_stored_order

#: By key, in the order of `in_stored_order`.
Tags: TypeAlias = tuple[tuple[str, str], ...]

#: Of a request, and of a token; together a request may have both.
TAGS_MAX: Final = 10
KEY_MAX: Final = 32
VALUE_MAX: Final = 64
END_USER_MAX: Final = 128
_KEY: Final = r"[a-z0-9_.-]{1,32}"
_KEYS: Final = re.compile(_KEY)


class BadLabel(ValueError):
    """What is wrong with a tag or an end user, as a sentence."""


class Labels(NamedTuple):
    """Those of one request."""

    tags: Tags | None = None
    end_user: str = ""


NO_LABELS: Final = Labels()


def is_key(text: str) -> bool:
    """Whether a tag may be called so."""
    return _KEYS.fullmatch(text) is not None


def checked_value(value: str) -> str:
    """A tag's value. Raises BadLabel."""
    if not 0 < len(value) <= VALUE_MAX or not value.isprintable():
        raise BadLabel(f"A tag's value has 1 to {VALUE_MAX} printable characters.")
    return value


def ordered(tags: Mapping[str, str]) -> Tags | None:
    """As entries have them; None where there are none."""
    return tuple(in_stored_order(tags).items()) or None


def clean_tags(tags: Iterable[tuple[str, str]]) -> Tags | None:
    """Tags as every database takes them."""
    kept: dict[str, str] = {}
    for key, value in tags:
        if len(kept) < 2 * TAGS_MAX and is_key(key):
            kept.setdefault(key, clean_text(value, limit=VALUE_MAX))
    return ordered(kept)


def clean_end_user(text: str) -> str:
    """What a body says, as it is kept: it is the upstream's to judge, and so it is not refused."""
    shown = text[: 2 * END_USER_MAX].strip()[:END_USER_MAX]
    if shown.isprintable():
        return shown
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in shown)


def _value(text: str) -> str:
    try:
        return checked_value(text)
    except BadLabel as exc:
        raise field_error(str(exc)) from None


_TAG_KEY, _TAG_KEY_FIELD = matching(
    _KEY, f"A tag's key has 1 to {KEY_MAX} of the characters a-z, 0-9, _, . and -."
)
TagKey = Annotated[str, StringConstraints(max_length=KEY_MAX), _TAG_KEY, _TAG_KEY_FIELD]
TagMap = Annotated[
    dict[
        TagKey,
        Annotated[
            str,
            StringConstraints(strip_whitespace=True, min_length=1, max_length=VALUE_MAX),
            AfterValidator(_value),
        ],
    ],
    AfterValidator(in_stored_order),
    Field(
        min_length=1,
        max_length=TAGS_MAX,
        description='What each request of the token is tagged with: {"team": "search"}. They win'
        " over tags of the same key that a request brings along.",
    ),
]


def parse_tag(text: str) -> tuple[str, str]:
    """A tag as it is written: `team=search`. Raises BadLabel."""
    key, sign, value = text.partition("=")
    key, value = key.strip(" \t"), value.strip(" \t")
    if not sign or not is_key(key):
        raise BadLabel(
            "A tag is written key=value, with a key of 1 to"
            f" {KEY_MAX} of the characters a-z, 0-9, _, . and -."
        )
    return key, checked_value(value)


def _tag(text: str) -> str:
    try:
        return "=".join(parse_tag(text))
    except BadLabel as exc:
        raise field_error(str(exc)) from None


TagText = Annotated[
    str,
    StringConstraints(max_length=KEY_MAX + VALUE_MAX + 16),
    AfterValidator(_tag),
    Field(description="A tag as `team=search`."),
]
