"""What the data path must know of a JSON request body, and the one thing it may splice in, sans-io.

A small body is decoded at once. `JsonReader` reads a large one in parts, and one whose members
must be known: their keys as other readers may take them, and their places.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from proxy.body.kept_body import KeptBody, Splice
from proxy.decoding.json_reading import Unreadable, decode_any, decoder
from proxy.decoding.json_scanner import TopLevelScanner
from proxy.decoding.json_skeleton import JsonCheck
from proxy.turns import PART_BYTES

#: A body up to this size is decoded in one call, which takes a millisecond at most.
AT_ONCE_BYTES: Final = 64 * 1024
#: Longer keys are none that we look for, however they are escaped.
_KEY_MAX_BYTES: Final = 256
#: Of values, escaped as they may be: of a name, a switch, and options.
_NAME_MAX_BYTES: Final = 8 * 1024
_SWITCH_MAX_BYTES: Final = 64
_OPTIONS_MAX_BYTES: Final = 4 * 1024
#: Repeated options; no client writes more of them.
_OPTIONS_MAX: Final = 8

_SPLICED: Final = b'"stream_options":{"include_usage":true}'
_INCLUDE: Final = b'"include_usage":true'
_WHITESPACE: Final = b" \t\r\n"
#: What lenient servers take for false beside the words of JSON (pydantic's list); the rest is true.
_FALSE: Final = frozenset(("", "0", "off", "f", "false", "n", "no"))


class _StreamOptions(msgspec.Struct, gc=False):
    include_usage: bool | None = None


class _Usage(msgspec.Struct, gc=False):
    include: bool | None = None


class Said(msgspec.Struct, gc=False):
    """What a plain body says of what we need to know, as far as it says anything."""

    model: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    usage: _Usage | None = None
    background: bool | None = None

    @property
    def asks_for_usage(self) -> bool:
        """Whether that of its stream is asked for, in the way of most upstreams."""
        return self.stream_options is not None and self.stream_options.include_usage is True


#: Escapes behind which a letter of a key may hide, also one that case folding turns into ASCII.
#: (Unescaped, such letters stand for s, k, st or f: the words that are searched for have none.)
_HIDING: Final = re.compile(rb"\\u(?:00[2-7]|017[fF]|212[aA]|[fF][bB]0|[dD][89a-fA-F])")

#: Raises Unreadable.
read_plain: Final[Callable[[bytes], Said]] = decoder(Said)
#: A key with half a character in it is none that we look for: other readers may read it as another.
_decode_key: Final[Callable[[bytes], str]] = decoder(str, repair=False)


class Inspected(msgspec.Struct, frozen=True, gc=False):
    """What a body says. `model` is '' where it names none; `readable` whether it is such JSON.

    `doubtful` says that another reader of JSON may find that it streams where we do not. `includes`
    says that the client asked in OpenRouter's way, which only its kind of upstream understands: the
    event that comes of it is the client's, and any other upstream has to be asked all the same.
    """

    model: str
    streams: bool
    asks_for_usage: bool
    readable: bool
    background: bool = False
    doubtful: bool = False
    includes: bool = False


UNREAD: Final = Inspected("", False, False, False)


def inspect(body: bytes) -> Inspected:
    """Read the few fields we need of a plain body, at most `AT_ONCE_BYTES` of it."""
    try:
        said = read_plain(body)
    except Unreadable:
        return UNREAD
    includes = said.usage is not None and said.usage.include is True
    return Inspected(
        said.model or "",
        said.stream is True,
        said.asks_for_usage,
        True,
        said.background is True,
        False,
        includes,
    )


def names_one_model(body: bytes, said: Inspected) -> bool:
    """Whether a small body, of which `inspect` said this, has no word but one that could name a
    model, so that its members need not be looked at one by one."""
    lowered = body.lower()
    return (
        bool(said.model)
        and lowered.count(b"model") == 1
        # `in` would ask first whether the bytes are a number, and take longer than the search.
        and lowered.find(b"allbac") < 0
        and lowered.find(b'"route"') < 0
        and _HIDING.search(body) is None
        and _is_utf_8(body)
    )


def names_no_model(body: bytes, said: Inspected) -> bool:
    """Whether a small body, of which `inspect` said this, has no word that could name a model."""
    lowered = body.lower()
    return (
        said.readable
        and b"model" not in lowered
        and b"allbac" not in lowered
        and b'"route"' not in lowered
        and b"outing" not in lowered
        and _HIDING.search(body) is None
        and _is_utf_8(body)
    )


def asked_plainly(body: bytes) -> bytes | None:
    """A small body that `inspect` can read, with the question for its usage in it.

    None where it may have stream options of its own, which only its members tell.
    """
    if b"ream_option" in body.lower() or _HIDING.search(body) is not None:
        return None
    brace = body.index(b"{") + 1
    return body[:brace] + _SPLICED + b"," + body[brace:]


def _is_utf_8(body: bytes) -> bool:
    try:
        return body.isascii() or bool(body.decode())
    except UnicodeDecodeError:
        return False


class Field(NamedTuple):
    """A top-level member: its decoded key (None where it is no text, or too long to be one that
    we look for) and its value's place."""

    key: str | None
    raw_key: bytes
    start: int
    end: int

    def means(self, name: str) -> bool:
        """Whether a reader that folds case takes it for `name`."""
        return self.key is not None and self.key.casefold() == name


class JsonReader:
    """Is fed a kept body; afterwards says what its members are.

    With `strict` it also finds out whether all of it is JSON.
    """

    def __init__(self, *, strict: bool) -> None:
        self._scanner = TopLevelScanner()
        self._check = JsonCheck() if strict else None
        self._fields: list[Field] | None = None
        self._kept = KeptBody()

    def feed(self, data: bytes) -> None:
        """Take the next part, of at most `turns.PART_BYTES`."""
        self._scanner.feed(data)
        if self._check is not None:
            self._check.feed(data)

    def end(self, kept: KeptBody) -> None:
        """All of the body has been fed: this is it."""
        self._kept = kept

    def is_json(self) -> bool:
        """Whether the body is one JSON document, strictly; asked once, of a strict reader."""
        return self._check is not None and self._check.ends_well()

    @property
    def followed(self) -> bool:
        """Whether all top-level members are known."""
        return self._scanner.complete

    def fields(self) -> list[Field]:
        """The top-level members, in order."""
        if self._fields is None:
            self._fields = [
                Field(_text(key), key, start, end) for key, start, end in self._scanner.members
            ]
        return self._fields

    def raw(self, field: Field, bound: int) -> bytes | None:
        """The text of a value; None where it is longer than `bound`."""
        if field.end - field.start > bound:
            return None
        return self._kept.range(field.start, field.end).strip(_WHITESPACE)

    def place(self, field: Field) -> tuple[int, int]:
        """Where the text of a value, which is not long, begins and ends."""
        text = self._kept.range(field.start, field.end)
        start = field.start + len(text) - len(text.lstrip(_WHITESPACE))
        return start, start + len(text.strip(_WHITESPACE))

    def value(self, field: Field, bound: int) -> Any:
        """The decoded value. Raises Unreadable, also where it is longer than `bound`."""
        raw = self.raw(field, bound)
        if raw is None:
            raise Unreadable("The value is too long.")
        return decode_any(raw)

    def inspected(self) -> Inspected:
        """What the body says, read member by member; the last of a repeated one counts."""
        last = {field.key: field for field in self.fields()}
        streams, sure = self._switch(last.get("stream"))
        named = [field.key for field in self.fields() if field.means("stream")]
        asks = [self._asks(field) for field in self._options()]
        return Inspected(
            self._name(last.get("model")),
            streams,
            bool(asks) and all(asks),
            self.followed and self.is_object(),
            any(
                self._switch(field) != (False, True)
                for field in self.fields()
                if field.means("background")
            ),
            not sure or named not in ([], ["stream"]),
            self._includes(last.get("usage")),
        )

    def _includes(self, field: Field | None) -> bool:
        """Whether the client asked for its usage in OpenRouter's way."""
        if field is None:
            return False
        try:
            value = self.value(field, _OPTIONS_MAX_BYTES)
        except Unreadable:
            return False
        return isinstance(value, dict) and value.get("include") is True

    def _options(self) -> list[Field]:
        options = [field for field in self.fields() if field.means("stream_options")]
        return options if len(options) <= _OPTIONS_MAX else []

    def _name(self, field: Field | None) -> str:
        if field is None:
            return ""
        try:
            value = self.value(field, _NAME_MAX_BYTES)
        except Unreadable:
            return ""
        return value if isinstance(value, str) else ""

    def is_object(self) -> bool:
        """Whether the text begins as an object does."""
        return self._kept.range(0, PART_BYTES).lstrip(_WHITESPACE).startswith(b"{")

    def _switch(self, field: Field | None) -> tuple[bool, bool]:
        """As `truth`, of a member that may be absent; what cannot be read is never sure."""
        if field is None:
            return False, True
        try:
            return truth(self.value(field, _SWITCH_MAX_BYTES))
        except Unreadable:
            return False, False

    def _asks(self, field: Field) -> bool:
        """Whether these stream options ask for usage, for lenient and strict readers."""
        inner = self._inside(field)
        asked = [inner._switch(one)[0] for one in inner.fields() if one.means("include_usage")]
        return bool(asked) and all(asked)

    def _inside(self, field: Field) -> JsonReader:
        """A reader of an object that is a member's value, its places counted from 0."""
        return whole(KeptBody(self.raw(field, _OPTIONS_MAX_BYTES) or b""))

    def splices(self) -> list[Splice] | None:
        """What makes the body ask every reader for usage; None where nothing does that."""
        options = [field for field in self.fields() if field.means("stream_options")]
        if not self.followed or not self.is_object() or len(options) > _OPTIONS_MAX:
            return None
        made: list[Splice] = []
        for field in options:
            merged = self._merged(field)
            if merged is None:
                return None
            made += merged
        if all(field.key != "stream_options" for field in options):
            text = _SPLICED if not self.fields() else _SPLICED + b","
            first = self._kept.range(0, PART_BYTES).index(b"{") + 1
            made.append(Splice(first, first, text))
        return made

    def _merged(self, field: Field) -> list[Splice] | None:
        """What makes existing options ask for usage; the others among them stay as they are."""
        raw = self.raw(field, _OPTIONS_MAX_BYTES)
        if raw is None:
            return None
        value = self._kept.range(field.start, field.end)
        at = field.start + len(value) - len(value.lstrip(_WHITESPACE))
        if raw == b"null":
            return [Splice(at, at + len(raw), b"{" + _INCLUDE + b"}")]
        inner = self._inside(field)
        if raw[:1] != b"{" or not inner.followed:
            return None
        named = [one for one in inner.fields() if one.means("include_usage")]
        made = []
        for one in named:
            text = inner._kept.range(one.start, one.end)
            start = at + one.start + len(text) - len(text.lstrip(_WHITESPACE))
            made.append(Splice(start, start + len(text.strip(_WHITESPACE)), b"true"))
        if all(one.key != "include_usage" for one in named):
            text = _INCLUDE if not inner.fields() else _INCLUDE + b","
            made.append(Splice(at + 1, at + 1, text))
        return made


def whole(kept: KeptBody, *, strict: bool = False) -> JsonReader:
    """A reader that has been fed all of a small body."""
    reader = JsonReader(strict=strict)
    for part in kept.parts(PART_BYTES):
        reader.feed(part)
    reader.end(kept)
    return reader


def truth(value: Any) -> tuple[bool, bool]:
    """Whether a member's value switches something on, and whether all servers agree on that."""
    if value is None or isinstance(value, bool):
        return bool(value), True
    if isinstance(value, str):
        lowered = value.strip().casefold()
        return lowered not in _FALSE, lowered not in _FALSE
    return value != 0, value != 0


def _text(key: bytes) -> str | None:
    if len(key) > _KEY_MAX_BYTES:
        return None
    try:
        return _decode_key(b'"' + key + b'"')
    except Unreadable:
        return None
