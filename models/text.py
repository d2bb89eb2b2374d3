"""Text from outside, made fit to store and to show."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, TypeVar

T = TypeVar("T")

# Unicode's Default_Ignorable_Code_Point, which nothing is drawn for, and what orders the writing
# (UAX #9), separates lines or annotates.
_UNSEEN: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_CONTROLS: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
# Where unseen characters belong to what is drawn, and no name can hide in them: in emoji, with a
# selector of how each is drawn, joined into one such as a family; in the three flags that are
# spelled in tags; in keycaps. https://www.unicode.org/reports/tr51/#Definitions
_PICTURE: Final = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf"
    "\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_JOINED: Final = f"[{_PICTURE}][\ufe0e\ufe0f]?(?:\u200d[{_PICTURE}][\ufe0e\ufe0f]?)*"
_FLAG: Final = "\U0001f3f4(?:{})\U000e007f".format(
    "|".join("".join(chr(0xE0000 + ord(c)) for c in place) for place in ("gbeng", "gbsct", "gbwls"))
)
_EMOJI: Final = f"{_FLAG}|{_JOINED}|[0-9#*]\ufe0f\u20e3"
_EMOJIS: Final = re.compile(f"({_EMOJI})")
_UNSEEN_ONE: Final = re.compile(f"{_EMOJI}|([{_UNSEEN}])")
_NOT_SHOWN: Final = re.compile(f"{_EMOJI}|([{_UNSEEN}{_CONTROLS}\ud800-\udfff])")
_OPENING: Final = re.compile(rf"([\s{_UNSEEN}{_CONTROLS}]*)(.?)", re.DOTALL)
_BREAKS: Final = frozenset("\t\r\n")
#: What spreadsheets begin a formula with, and what becomes it (NFKC), such as a full-width sign.
#: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA: Final = ("=", "+", "-", "@", "\N{MINUS SIGN}")


def clean_text(text: str, *, limit: int) -> str:
    """`text` with what no database stores (PostgreSQL: NUL, lone surrogates) replaced by U+FFFD,
    cut at `limit` characters."""
    if "\x00" in text:
        text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if not text.isascii():
        # "surrogatepass" would store them; "replace" writes "?", which reads like the user's own.
        text = "".join(
            "\N{REPLACEMENT CHARACTER}" if "\ud800" <= character <= "\udfff" else character
            for character in text
        )
    return text[:limit]


def in_stored_order(members: Mapping[str, T]) -> dict[str, T]:
    """The members of an object as PostgreSQL's JSONB keeps them, shorter names first: SQLite keeps
    them as they are written, so that written in this order both give them back alike."""
    return dict(sorted(members.items(), key=lambda member: _place(member[0].encode())))


def _place(name: bytes) -> tuple[int, bytes]:
    return len(name), name


def unseen(text: str) -> str | None:
    """The first character that would not be seen in `text`, or that turns its writing round: as
    `U+202E`. With such ones a name can look like another, or like none."""
    if text.isascii():
        return None
    return next((_named(found[1]) for found in _UNSEEN_ONE.finditer(text) if found[1]), None)


def around_emoji(text: str) -> list[str]:
    """`text` in parts, of which every second one is an emoji with all that belongs to it."""
    return [text] if text.isascii() else _EMOJIS.split(text)


def written_out(text: str) -> str:
    """`text` with each character that would not be seen written out, as `⟨U+202E⟩`."""
    if text.isascii() and text.isprintable():
        return text
    return _NOT_SHOWN.sub(lambda found: f"⟨{_named(found[1])}⟩" if found[1] else found[0], text)


def opens_a_formula(text: str) -> bool:
    """Whether a spreadsheet may compute `text`, whatever blank or unseen characters lead it."""
    lead, sign = _OPENING.match(text).groups()  # type: ignore[union-attr]  # (matches anything)
    if not _BREAKS.isdisjoint(lead):
        return True
    return unicodedata.normalize("NFKC", sign).startswith(_FORMULA)


def _named(character: str) -> str:
    return f"U+{ord(character):04X}"
