"""Text from outside, made fit to store and to show."""

import re
import unicodedata
from typing import Final

# Unicode's Default_Ignorable_Code_Point, which nothing is drawn for, and what orders the writing
# (UAX #9), separates lines or annotates. Variation selectors stay: they belong to emoji.
_UNSEEN: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_CONTROLS: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_UNSEEN_ONE: Final = re.compile(f"[{_UNSEEN}]")
_NOT_SHOWN: Final = re.compile(f"[{_UNSEEN}{_CONTROLS}\ud800-\udfff]")
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


def unseen(text: str) -> str | None:
    """The first character that nobody would see in `text`, or that turns its writing round: as
    `U+202E`. With such ones a name can look like another, or like none."""
    found = None if text.isascii() else _UNSEEN_ONE.search(text)
    return None if found is None else _named(found)


def shown(text: str) -> str:
    """`text` with each character that would not be seen written out, as `⟨U+202E⟩`."""
    if text.isascii() and text.isprintable():
        return text
    return _NOT_SHOWN.sub(lambda found: f"⟨{_named(found)}⟩", text)


def opens_a_formula(text: str) -> bool:
    """Whether a spreadsheet may compute `text`, whatever blank or unseen characters lead it."""
    lead, sign = _OPENING.match(text).groups()  # type: ignore[union-attr]  # (matches anything)
    if not _BREAKS.isdisjoint(lead):
        return True
    return unicodedata.normalize("NFKC", sign).startswith(_FORMULA)


def _named(found: re.Match[str]) -> str:
    return f"U+{ord(found[0]):04X}"
