"""The model of a body that streams through, for the entry: read in passing, delaying no byte."""

from __future__ import annotations

from proxy.body.kept_body import KeptBody
from proxy.body.model_rule import NAME_MAX_BYTES, name_in
from proxy.body.multipart import FormReader, Part
from proxy.decoding.json_reading import Unreadable
from proxy.decoding.json_scanner import TopLevelScanner
from proxy.errors import InvalidRequest
from proxy.headers import RawHeaders, is_json, is_plain, value_of
from proxy.turns import PART_BYTES, TURN_WEIGHT, Turns, weight


class PassingModel:
    """Is fed the pieces of a JSON body or a form; `model` is '' while none is known.

    What it cannot read it does not look at any further: the body is the upstream's to judge.
    """

    __slots__ = ("_form", "_json", "_turns", "_weight", "model")

    def __init__(self, headers: RawHeaders, turns: Turns) -> None:
        self.model = ""
        self._turns = turns
        self._weight = 0
        self._json: TopLevelScanner | None = None
        self._form: FormReader | None = None
        if not is_plain(headers):
            return
        if is_json(headers):
            self._json = TopLevelScanner((b"model",))
            return
        try:
            declared = value_of(headers, b"content-type") or b""
            self._form = FormReader(declared, keep=NAME_MAX_BYTES)
        except InvalidRequest:
            return

    async def take(self, *pieces: bytes) -> None:
        """The next pieces."""
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
                self.model = _named(self._form.parts)
        except (InvalidRequest, Unreadable):
            self._json = self._form = None


def _named(parts: list[Part]) -> str:
    """The model that the parts so far name."""
    for part in parts:
        if part.name == b"model" and not part.is_file and part.size == len(part.value):
            return part.value.decode("ascii", "ignore")
    return ""
