"""Lists of models, for tokens and projects that may use only some: they hold no others.

A list is what a GET of a path that ends in `/models` answers. It is filtered as it arrives, element
by element: an element whose model is allowed passes as it came, like everything around the
elements, and one that names another or none that can be read is left out. What is no JSON is no
list, and passes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from models.patterns import Pattern
from proxy.access.authorization import check_model
from proxy.access.grant import Grant
from proxy.decoding.json_reading import Unreadable, decoder
from proxy.downstream import RequestHead
from proxy.headers import RawHeaders, with_value
from proxy.transforms import AnswerTransform
from proxy.upstream.errors import ProtocolViolation
from proxy.upstream.heads import UpstreamHead

_METHODS: Final = ("GET", "HEAD")
#: Google's tuned models have a list of their own.
_SEGMENTS: Final = (b"/models", b"/tunedModels")
#: Ollama's: of what is there, and of what is loaded.
_LISTING_PATHS: Final = (b"/api/tags", b"/api/ps")
#: The answer to one of them is a part of the list, or says of another client's that it is the same.
_CONDITIONS: Final = frozenset(
    (
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"range",
    )
)
#: What an upstream says of all of its list's bytes.
VOIDED: Final = (
    b"accept-ranges",
    b"content-digest",
    b"content-length",
    b"content-md5",
    b"digest",
    b"etag",
    b"last-modified",
    b"repr-digest",
)
_PARTIAL_CONTENT: Final = 206


def model_named(target: bytes) -> str | None:
    """The model that a path asks about, "" for the list of them all; None where it does neither."""
    path = unquote_to_bytes(target.partition(b"?")[0])
    for segment in _SEGMENTS:
        before, found, model = path.partition(segment + b"/")
        if found:
            return model.decode("utf-8", "replace")
        if before.endswith(segment):
            return ""
    return "" if path in _LISTING_PATHS else None


def restricts(grant: Grant, head: RequestHead) -> bool:
    """Whether the answer is a list that must not hold every model.

    Raises ModelNotAllowed where the request asks about one that the token may not use.
    """
    if not grant.models or head.method not in _METHODS:
        return False
    model = model_named(head.target)
    if model and not _names_one_of(grant.models, model):
        check_model(grant, model)
    return model == ""


class PlainList:
    """The request transform that asks for a list whole and without a content coding."""

    body: None = None

    def headers(self, headers: RawHeaders) -> RawHeaders:
        """Without the fields that ask for a part, or for an answer only where it has changed."""
        kept = [field for field in headers if field[0].lower() not in _CONDITIONS]
        return with_value(kept, b"accept-encoding", b"identity")


def filtering(grant: Grant, request: RequestHead, answer: UpstreamHead) -> AnswerTransform | None:
    """What leaves out of an answer what the token may not use; None where that is nothing.

    Raises ProtocolViolation for a list that cannot be looked into: compressed, although it was
    asked for without a coding, or a part of one.
    """
    if not grant.models or request.method not in _METHODS or not 200 <= answer.status < 300:
        return None
    if model_named(request.target) != "":
        return None
    check_plain(answer)
    return ModelList(grant.models)


def check_plain(answer: UpstreamHead) -> None:
    """Raise ProtocolViolation for a list that was asked for with a `PlainList`, and is none."""
    if answer.status == _PARTIAL_CONTENT:
        raise ProtocolViolation("The upstream sent a part of a list that was asked for whole.")
    if answer.read().content_coding not in (b"", b"identity"):
        raise ProtocolViolation("The upstream compressed a list that was asked for plain.")


class _Element(msgspec.Struct):
    """An element of a list, as OpenAI, Ollama or Gemini name a model in it."""

    id: str | None = None
    model: str | None = None
    name: str | None = None


_decode: Final[Callable[[bytes], _Element | str]] = decoder(_Element | str)
#: How Gemini's lists begin a name, which its users leave out.
_PREFIX: Final = re.compile(r"(?:publishers/[^/]++/)?(?:m|tunedM)odels/")
#: The members that hold a list: OpenAI's and Anthropic's, Gemini's and Ollama's, Gemini's tuned
#: ones, and Vertex's.
_LISTS: Final = (b"data", b"models", b"tunedModels", b"publisherModels")
_KEY_MAX_BYTES: Final = 16
#: A longer element is left out, white space around it included. OpenRouter's longest has 6 KiB.
ELEMENT_MAX_BYTES: Final = 256 * 1024
#: Structural characters that are looked at in one turn: about a millisecond.
_STEPS: Final = 1000

_STRUCTURE: Final = re.compile(rb'["{}\[\],:]')
#: From inside a string to its end, or as far as there are bytes.
_IN_STRING: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_SPACE: Final = b" \t\r\n"
#: White space, and a byte order mark.
_BEFORE: Final = re.compile(rb"[ \t\r\n\xef\xbb\xbf]*+")


class ModelList:
    """Leaves out of a list of models those that one of `allowed` does not name."""

    withholds = True
    voids = VOIDED

    __slots__ = (
        "_allowed", "_at", "_depth", "_element", "_elements_at", "_escaped", "_in_string",
        "_is_json", "_key", "_out", "_passed_one", "_reads_key", "_rest", "_too_long", "behind",
    )  # fmt: skip

    def __init__(self, allowed: tuple[Pattern, ...]) -> None:
        self._allowed = allowed
        self.behind = False
        #: What has come and was not looked at yet, and from where.
        self._rest = b""
        self._at = 0
        self._out: list[bytes] = []
        #: None until the first byte that is no white space has come.
        self._is_json: bool | None = None
        self._depth = 0
        #: The depth at which a list's elements lie; 0 outside of lists.
        self._elements_at = 0
        self._in_string = self._escaped = False
        self._key = b""
        self._reads_key = False
        #: What has come since the list began, or since its last comma.
        self._element = bytearray()
        self._too_long = False
        self._passed_one = False

    def relay(self, data: bytes) -> bytes:
        """Take the next bytes of the answer; returns those that go to the client now."""
        self._rest = self._rest[self._at :] + data
        self._at = 0
        return self.catch_up()

    def catch_up(self) -> bytes:
        """One more turn's work."""
        self._advance()
        passed = b"".join(self._out)
        self._out.clear()
        return passed

    def _advance(self) -> None:
        data, at = self._rest, self._at
        size = len(data)
        for _ in range(_STEPS):
            if at == size:
                break
            at = self._step(data, at)
        self.behind = at < size
        self._rest, self._at = (data, at) if self.behind else (b"", 0)

    def end(self) -> bytes:
        """The answer ended; an element that did not is left out."""
        passed = b""
        while self.behind:
            passed += self.catch_up()
        return passed

    def _step(self, data: bytes, at: int) -> int:
        """Take the bytes up to the next structural character, and that; where to go on."""
        if not self._depth:
            return self._outside(data, at)
        if self._in_string:
            return self._through_string(data, at)
        match = _STRUCTURE.search(data, at)
        start = len(data) if match is None else match.start()
        if start > at:
            self._put(data[at:start])
        if match is None:
            return start
        self._structure(match.group())
        return start + 1

    def _outside(self, data: bytes, at: int) -> int:
        """Before a document and behind it: what begins there, if it is JSON."""
        match = None if self._is_json is False else _BEFORE.match(data, at)
        begins = at if match is None else match.end()
        if begins < len(data) and self._is_json is not False:
            self._is_json = self._is_json or data[begins : begins + 1] in (b"{", b"[")
        if begins == len(data) or not self._is_json:
            self._out.append(data[at:])
            return len(data)
        opening = data[begins : begins + 1]
        self._out.append(data[at : begins + 1])
        if opening == b"[":
            self._depth = 1
            self._begin_list()
        elif opening == b"{":
            self._depth = 1
            self._key = b""
        return begins + 1

    def _through_string(self, data: bytes, at: int) -> int:
        """Behind the string's closing quote, or at the end of `data`."""
        start = at
        if self._escaped:
            self._escaped = False
            at += 1
        match = _IN_STRING.match(data, at)
        at = at if match is None else match.end()
        if at < len(data):
            if data[at] == ord('"'):
                self._in_string = False
            else:
                # A backslash is the last byte here.
                self._escaped = True
            at += 1
        piece = data[start:at]
        if self._reads_key:
            self._key = (self._key + piece)[: _KEY_MAX_BYTES + 1]
        self._put(piece)
        return at

    def _put(self, piece: bytes) -> None:
        """Pass what stands outside of lists, and keep what belongs to an element."""
        if not self._elements_at:
            self._out.append(piece)
        elif not self._too_long:
            self._element += piece
            if len(self._element) > ELEMENT_MAX_BYTES:
                self._too_long = True
                self._element.clear()

    def _structure(self, character: bytes) -> None:
        if self._elements_at == self._depth:
            if character in b",]":
                self._end_element()
                if character == b"]":
                    self._end_list()
                self._element.clear()
                return
            if character in b"}:":
                # No JSON: there is no object here that it could belong to.
                self._put(character)
                return
        if character == b'"':
            self._in_string = True
            self._reads_key = self._depth == 1 and not self._key
        elif character in b"{[":
            self._depth += 1
        elif character in b"}]":
            self._depth -= 1
        elif character == b"," and self._depth == 1:
            self._key = b""
        self._put(character)
        if character == b"[" and self._depth == 2 and self._opens_list():
            self._begin_list()

    def _begin_list(self) -> None:
        self._elements_at = self._depth
        self._passed_one = False

    def _opens_list(self) -> bool:
        """Whether the array that has begun in the document's object is one of models."""
        key = self._key.removesuffix(b'"')
        # One with an escape may be any.
        return not self._elements_at and (key in _LISTS or b"\\" in key)

    def _end_element(self) -> None:
        """Pass the element with a comma before all but the first, or leave it out."""
        element = bytes(self._element)
        if not self._too_long and self._allows(element):
            if self._passed_one:
                self._out.append(b",")
            self._out.append(element)
            self._passed_one = True
            self._element.clear()
        self._too_long = False

    def _end_list(self) -> None:
        # White space before the bracket stays.
        element = bytes(self._element)
        self._out.append(element[len(element.rstrip(_SPACE)) :] + b"]")
        self._elements_at = 0
        self._depth -= 1

    def _allows(self, element: bytes) -> bool:
        try:
            read = _decode(element)
        except Unreadable:
            return False
        name = read if isinstance(read, str) else read.id or read.model or read.name
        return name is not None and _names_one_of(self._allowed, name)


def _names_one_of(allowed: tuple[Pattern, ...], name: str) -> bool:
    prefix = _PREFIX.match(name)
    names = name, name if prefix is None else name[prefix.end() :]
    return any(all(pattern.allows(one) for pattern in allowed) for one in names)
