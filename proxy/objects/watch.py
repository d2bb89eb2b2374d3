"""Watches an answer for the objects that it tells of, while it passes, in a copy, sans-io.

The answer may be a JSON document or events that hold documents, plain or in a content coding. What
is found is known to the worker before the bytes that hold it go to the client, and stands in the
entry that is written before the answer completes.
"""

from __future__ import annotations

from msgspec.structs import replace

from models.objects import BACKGROUND, Found, Kept
from proxy.access.grant import Grant
from proxy.decoding.content_coding import CannotDecode, Decoder
from proxy.headers import is_json_type, type_of
from proxy.objects.index import Index
from proxy.objects.rules import Rule
from proxy.objects.telling import Background, Told
from proxy.transforms import AnswerTransform
from proxy.upstream.heads import UpstreamHead
from proxy.usage.document_usage import DocumentUsageReader, EventUsageReader


class Watch:
    """What one answer tells of objects. `in_path` is the id that the request's path names."""

    __slots__ = ("_found", "_grant", "_in_path", "_index", "_key_id", "_rule", "_told")

    def __init__(self, index: Index, grant: Grant, rule: Rule, in_path: str) -> None:
        self._index = index
        self._grant = grant
        self._rule = rule
        self._in_path = in_path
        self._key_id = ""
        self._found: list[Kept] = []
        self._told: Told | None = None

    def objects(self, *, counted: bool) -> tuple[Kept, ...] | None:
        """What the entry has of them; `counted`: the answer said what it used.

        Where objects are not remembered it is a response alone whose usage is still to come.
        """
        found, running = self._found, self._running
        if running is not None and not counted:
            found = [
                replace(kept, kind=BACKGROUND) if kept.id == running.id else kept for kept in found
            ]
        if not self._grant.remembers:
            found = [kept for kept in found if running is not None and kept.id == running.id]
        return tuple(found) or None

    @property
    def _running(self) -> Background | None:
        return None if self._told is None else self._told.background

    @property
    def finished(self) -> Background | None:
        """The response in the background that the answer shows finished."""
        running = self._running
        return running if running is not None and running.done else None

    def around(self, inner: AnswerTransform, head: UpstreamHead, key_id: str) -> AnswerTransform:
        """The transform of an answer that has begun, by an account; with this one around it."""
        if not 200 <= head.status < 300:
            return inner
        self._key_id = key_id
        rule = self._rule
        if rule.deletes:
            if self._in_path:
                self._note(Kept(self._in_path, rule.kind or "other", gone=True))
            return inner
        self._told = Told(rule.kind, rule.tells, self._in_path, self._note)
        return Watched(inner, self._told, head)

    def _note(self, kept: Kept) -> None:
        self._found.append(kept)
        if not self._grant.remembers:
            return
        made = Found(self._key_id, self._grant.token_text)
        self._index.note(self._grant.project_text, kept, made)


class Watched:
    """An answer transform that reads along behind another one."""

    __slots__ = ("_decoder", "_inner", "_reader", "_told", "behind")

    def __init__(self, inner: AnswerTransform, told: Told, head: UpstreamHead) -> None:
        lines = head.lines or head.read()
        coding = lines.content_coding
        self._inner = inner
        self._told = told
        self._decoder: Decoder | None = None
        self._reader: DocumentUsageReader | EventUsageReader | None = None
        declared = type_of(lines.first.get(b"content-type"))
        if declared == b"text/event-stream":
            self._reader = EventUsageReader(told)
        elif is_json_type(declared) or declared in (b"", None):
            self._reader = DocumentUsageReader(told)
        if coding not in (b"", b"identity"):
            try:
                self._decoder = Decoder(coding)
            except CannotDecode:
                self._reader = None
        self.behind = False

    @property
    def withholds(self) -> bool:
        """As the other one does."""
        return self._inner.withholds

    @property
    def voids(self) -> tuple[bytes, ...]:
        """Likewise."""
        return self._inner.voids

    def relay(self, data: bytes) -> bytes:
        """Read the next bytes; what the other one passes on."""
        passed = self._inner.relay(data)
        self._read(data)
        return passed

    def catch_up(self) -> bytes:
        """One more turn's work of both."""
        passed = b""
        if self._inner.behind:
            passed = self._inner.catch_up()
        self._read(b"")
        return passed

    def _read(self, data: bytes) -> None:
        reader, decoder = self._reader, self._decoder
        if reader is not None:
            if reader.behind:
                reader.catch_up()
            try:
                if decoder is not None:
                    data = decoder.feed(data)
            except CannotDecode:
                reader = self._reader = None
            else:
                if data:
                    reader.relay(data)
        self.behind = self._inner.behind or self._lags

    @property
    def _lags(self) -> bool:
        """Whether more has come than was read in this turn."""
        reader, decoder = self._reader, self._decoder
        return reader is not None and (reader.behind or (decoder is not None and decoder.behind))

    def end(self) -> bytes:
        """The answer is complete."""
        while self._lags:
            self._read(b"")
        if self._reader is not None:
            self._reader.end()
        return self._inner.end()
