"""Usage in one JSON document, read while it passes, sans-io."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar, Final

import msgspec

from proxy.decoding.json_reading import WRONG, Unreadable, decoder
from proxy.decoding.json_scanner import TopLevelScanner
from proxy.turns import PART_BYTES, TURN_WEIGHT, weight
from proxy.usage.accumulator import UsageAccumulator
from proxy.usage.error_code import ERROR_MAX_BYTES, code_of_answer, code_of_error
from proxy.usage.odd_usage import read_usage
from proxy.usage.reported import Reported, Word

ABSENT: Final = (b"", b"null")
#: What a member is that is not there.
_NO_MEMBER: Final = msgspec.Raw()


class Answer(msgspec.Struct):
    """A JSON answer, or the one that an event holds as `response` or `message`."""

    model: str | None = None
    usage: Reported | None = None
    service_tier: Word = None
    choices: msgspec.Raw = _NO_MEMBER
    output: msgspec.Raw = _NO_MEMBER
    error: msgspec.Raw = _NO_MEMBER
    #: Of an answer that is too large for its `output` to be looked into.
    tools: msgspec.Raw = _NO_MEMBER


class _OddAnswer(msgspec.Struct):
    """The same, each member decoded on its own, so that an odd one loses itself alone."""

    model: msgspec.Raw = _NO_MEMBER
    usage: msgspec.Raw = _NO_MEMBER
    service_tier: msgspec.Raw = _NO_MEMBER
    choices: msgspec.Raw = _NO_MEMBER
    output: msgspec.Raw = _NO_MEMBER
    error: msgspec.Raw = _NO_MEMBER
    tools: msgspec.Raw = _NO_MEMBER


class _Choice(msgspec.Struct):
    usage: msgspec.Raw = msgspec.Raw()


class _Item(msgspec.Struct):
    type: msgspec.Raw = msgspec.Raw()
    action: msgspec.Raw = msgspec.Raw()


class _Action(msgspec.Struct):
    type: msgspec.Raw = msgspec.Raw()


_decode_usual_answer: Final[Callable[[bytes], Answer]] = msgspec.json.Decoder(Answer).decode
_decode_answer: Final[Callable[[bytes], Answer]] = decoder(Answer)
_decode_odd_answer: Final[Callable[[bytes], _OddAnswer]] = decoder(_OddAnswer)
_decode_choices: Final[Callable[[bytes], list[_Choice]]] = decoder(list[_Choice])
_decode_items: Final[Callable[[bytes], list[_Item]]] = decoder(list[_Item])
_decode_action: Final[Callable[[bytes], _Action]] = decoder(_Action)
_decode_text: Final[Callable[[bytes], str | None]] = decoder(str | None)
_decode_word: Final[Callable[[bytes], str | None]] = decoder(Word)
#: A tool that is not the client's own.
_HOSTED: Final = re.compile(rb'"type"\s*+:\s*+"(?!function"|custom")')
#: Of OpenAI's tools, the ones whose calls cost something.
_CHARGED_CALL: Final = re.compile(
    rb'"type"\s*+:\s*+"(?:web_search|file_search|code_interpreter|image_generation|mcp)_call"'
)


#: The members of an `Answer` that are looked for in one that is scanned.
SCANNED: Final = (b"model", b"usage", b"choices", b"service_tier", b"error", b"tools")


def decode_answer(text: bytes, read: UsageAccumulator) -> Answer:
    """An answer of which each member is of its form. Raises Unreadable for no object."""
    try:
        return _decode_answer(text)
    except Unreadable:
        return _mended(_decode_odd_answer(text), read)


def of_members(found: dict[bytes, bytes], read: UsageAccumulator) -> Answer:
    """An answer whose members were found by a scanner."""
    members = {key.decode(): msgspec.Raw(value) for key, value in found.items()}
    return _mended(_OddAnswer(**members), read)


def _mended(odd: _OddAnswer, read: UsageAccumulator) -> Answer:
    return Answer(
        text_of(odd.model),
        read_usage(bytes(odd.usage)) if memoryview(odd.usage).nbytes else None,
        tier_of(odd.service_tier, read),
        odd.choices,
        odd.output,
        odd.error,
        odd.tools,
    )


def text_of(raw: msgspec.Raw) -> str | None:
    """A member that should be a text; None where it is absent or is none."""
    try:
        return _decode_text(raw) if memoryview(raw).nbytes else None
    except Unreadable:
        return None


def usage_in_choices(choices: msgspec.Raw) -> Reported | None:
    """The usage that stands in a choice, as at Moonshot."""
    listed = bytes(choices)
    if b'"usage"' in listed:
        try:
            for choice in _decode_choices(listed):
                text = bytes(choice.usage)
                if text not in ABSENT and (usage := read_usage(text)) is not None:
                    return usage
        except Unreadable:
            pass
    return None


def apply(read: UsageAccumulator, answer: Answer, *, final: bool) -> None:
    """Take over what an answer says of its usage."""
    usage = answer.usage
    if usage is None and answer.choices is not _NO_MEMBER:
        usage = usage_in_choices(answer.choices)
    if answer.service_tier is not None:
        read.service_tier = answer.service_tier
    if answer.output is not _NO_MEMBER:
        _read_tools(read, bytes(answer.output))
    elif answer.tools is not _NO_MEMBER and _HOSTED.search(bytes(answer.tools)):
        read.tools = {"unknown"}
    read.update(answer.model, usage, final=final)


def tier_of(raw: msgspec.Raw, read: UsageAccumulator) -> str | None:
    """The service tier that an answer or event names; one that cannot be read is lost."""
    try:
        return _decode_word(raw) if memoryview(raw).nbytes else None
    except Unreadable:
        read.lose("service_tier")
        return None


def _read_tools(read: UsageAccumulator, output: bytes) -> None:
    """Hosted tools that the answer shows to have been used: they cost beside the tokens."""
    if b'_call"' not in output or _CHARGED_CALL.search(output) is None:
        return
    try:
        items = _decode_items(output)
    except Unreadable:
        read.tools = {"unknown"}
        return
    read.tools = {
        kind.removesuffix("_call")
        for item in items
        if _CHARGED_CALL.fullmatch(b'"type":' + bytes(item.type))
        and (kind := text_of(item.type)) not in (None, "web_search_call")
    }
    read.web_searches = sum(_is_search(item) for item in items) or None


def _is_search(item: _Item) -> bool:
    """Whether it is a call of the web search that is charged; opening a page is not."""
    if bytes(item.type) != b'"web_search_call"':
        return False
    action = bytes(item.action)
    try:
        return action in ABSENT or bytes(_decode_action(action).type) in (b"", b'"search"')
    except Unreadable:
        return True


class JsonUsageReader(msgspec.Struct, eq=False):
    """Reads a small document in one call when it ends; scans a large one while it passes.

    It is given the decoded bytes of the answer, an error's where it is `refused`. While `behind`,
    more has come than one turn of the event loop has time for, and `catch_up` is to be called in
    later turns.
    """

    #: A document up to this size is decoded in one call, which is faster than scanning it.
    KEEP_BYTES: ClassVar[int] = 256 * 1024
    #: A JSON answer always passes whole.
    withholds: ClassVar[bool] = False

    accumulated: UsageAccumulator = msgspec.field(default_factory=UsageAccumulator)
    refused: bool = False
    behind: bool = False
    _kept: list[bytes] = []
    _size: int = 0
    _scanner: TopLevelScanner | None = None
    _unread: bytes = b""

    def relay(self, data: bytes) -> bytes:
        """Take the next bytes of the answer, all of which go to the client now."""
        if self._scanner is None:
            self._kept.append(data)
            self._size += len(data)
            if self._size <= self.KEEP_BYTES:
                return data
            self._scanner = TopLevelScanner(SCANNED)
            self._unread = b"".join(self._kept)
            self._kept.clear()
        else:
            self._unread += data
        self.catch_up()
        return data

    def read_whole(self, document: bytes) -> bool:
        """Read a document that has come at once, in place of `relay` and `end`; whether it is small
        enough for that."""
        if len(document) > self.KEEP_BYTES or self._size:
            return False
        self._read(document)
        return True

    def catch_up(self) -> bytes:
        """Scan more of what has come; nothing was held back for it."""
        unread, done, heavy = self._unread, 0, 0
        while self._scanner is not None and done < len(unread) and heavy < TURN_WEIGHT:
            part = unread[done : done + PART_BYTES]
            heavy += weight(part)
            self._scanner.feed(part)
            done += len(part)
        self._unread = unread[done:]
        self.behind = done < len(unread)
        return b""

    @property
    def terminal_seen(self) -> bool:
        """A document says nothing of its end but by its end."""
        return False

    @property
    def terminal_last(self) -> bool:
        """Nor where that was."""
        return False

    @property
    def cut_short(self) -> bool:
        """As little as of its end."""
        return False

    def end(self, *, whole: bool = True) -> bytes:
        """The answer is complete: read it. Nothing was held back.

        Whether it is `whole` its own brackets say.

        An answer that does not report usage in a known form leaves usage unknown.
        """
        while self.behind:
            self.catch_up()
        self._read(b"".join(self._kept))
        return b""

    def _read(self, document: bytes) -> None:
        read, scanner = self.accumulated, self._scanner
        if self.refused:
            read.code = read.code or code_of_answer(document)
            read.refusal = document if len(document) <= ERROR_MAX_BYTES else b""
        try:
            answer = (
                _decode_usual_answer(document)
                if scanner is None
                else of_members(scanner.found, read)
            )
        except WRONG:
            try:
                answer = decode_answer(document, read)
            except Unreadable:
                return
        except Unreadable:
            return
        if scanner is None:
            read.document = document
        else:
            read.reported_as = scanner.found.get(b"usage")
            read.scanned_whole = scanner.complete
        # A document that is cut short may have been about to report something else.
        apply(read, answer, final=scanner is None or scanner.complete)
        error = answer.error
        if error is not _NO_MEMBER and not self.refused and bytes(error) not in ABSENT:
            read.failed = True
            read.code = code_of_error(bytes(error))
