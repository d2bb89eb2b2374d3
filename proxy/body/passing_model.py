"""The model of a body that streams through, for the entry: read in passing, delaying no byte."""

from __future__ import annotations

from proxy.body.kept_body import KeptBody
from proxy.body.model_rule import NAME_MAX_BYTES, coding_of, name_in, named_plainly
from proxy.body.multipart import FormReader
from proxy.decoding.content_coding import BODY_MAX_BYTES, CannotDecode, Decoder
from proxy.decoding.json_reading import Unreadable
from proxy.decoding.json_scanner import TopLevelScanner
from proxy.errors import InvalidRequest
from proxy.headers import RawHeaders, is_json, value_of
from proxy.turns import PART_BYTES, TURN_WEIGHT, Turns, weight


class PassingModel:
    """Is fed the pieces of a JSON body, compressed or not, or a form; `model` is '' while none is
    known.

    What it cannot read it does not look at any further: the body is the upstream's to judge.
    """

    __slots__ = ("_decoded", "_decoder", "_form", "_json", "_turns", "_weight", "model")

    def __init__(self, headers: RawHeaders, turns: Turns) -> None:
        self.model = ""
        self._turns = turns
        self._weight = 0
        self._json: TopLevelScanner | None = None
        self._form: FormReader | None = None
        self._decoder: Decoder | None = None
        self._decoded = 0
        coding = coding_of(headers)
        if is_json(headers) and coding is not None:
            self._json = TopLevelScanner((b"model",))
            self._decoder = Decoder(coding) if coding else None
        if coding != b"" or self._json is not None:
            return
        try:
            declared = value_of(headers, b"content-type") or b""
            self._form = FormReader(declared, keep=NAME_MAX_BYTES)
        except InvalidRequest:
            return

    async def take(self, *pieces: bytes) -> None:
        """The next pieces."""
        if self._decoder is None:
            await self._look(pieces)
            return
        for piece in pieces:
            await self._decode(self._decoder, piece)

    async def _decode(self, decoder: Decoder, piece: bytes) -> None:
        while self._json is not None:
            try:
                text = decoder.feed(piece)
            except CannotDecode:
                self._json = None
                return
            self._decoded += len(text)
            if self._decoded > BODY_MAX_BYTES:
                self._json = None
                return
            await self._look((text,))
            if not decoder.behind:
                return
            await self._turns.next()
            piece = b""

    async def _look(self, pieces: tuple[bytes, ...]) -> None:
        if self._json is None and self._form is None:
            return
        for part in KeptBody(*pieces).parts(PART_BYTES):
            self._weight += weight(part)
            if self._weight > TURN_WEIGHT:
                await self._turns.next()
                self._weight = weight(part)
            self._feed(part)

    def _feed(self, part: bytes) -> None:
        try:
            if self._json is not None:
                self._json.feed(part)
                self.model = name_in(self._json.found.get(b"model", b"null"))
            elif self._form is not None:
                self._form.feed(part)
                self.model = named_plainly(self._form.parts)
        except (InvalidRequest, Unreadable):
            self._json = self._form = None
