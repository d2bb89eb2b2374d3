"""One request's body: read in bounded turns, and no further than something has to be known of it.

What is not needed (`wanted.Wanted`) streams through and is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from msgspec import structs

from proxy.access.authorization import check_model
from proxy.access.grant import Grant
from proxy.access.policies import GrantedPolicy
from proxy.body import end_user, model_rule, renaming, request_body
from proxy.body.budget import KeptBytes
from proxy.body.kept_body import KeptBody
from proxy.body.multipart import FormReader, Part
from proxy.body.plain_members import PlainMembers, plain_members
from proxy.body.request_body import AT_ONCE_BYTES, UNREAD, Inspected, JsonReader
from proxy.body.usage_splice import UsageSplice
from proxy.body.wanted import Wanted, is_form, unmeterable
from proxy.decoding.content_coding import BODY_MAX_BYTES, CannotDecode, Decoder
from proxy.downstream import RequestHead
from proxy.errors import InvalidRequest, NotMeterable
from proxy.headers import value_of
from proxy.providers.endpoints import Route
from proxy.turns import PART_BYTES, TURN_WEIGHT, Turns, weight

#: Models of one body that are kept by name: a client that has others tried names a few.
NAMED_MAX: Final = 16
#: How Google's bodies begin a name, the last of them those of Vertex's own SDK.
_PREFIX: Final = re.compile(
    r"(?:projects/[^/]++/locations/[^/]++/)?+(?:publishers/[^/]++/)?+(?:m|tunedM)odels/"
)
#: Members of a small body that are looked into in one turn.
_LOOKED_AT_ONCE: Final = 16


class Judged(NamedTuple):
    """What came of reading a body: its model, and the splice where we ask for usage."""

    model: str
    splice: UsageSplice | None
    policies: tuple[GrantedPolicy, ...] = ()
    """Those that count it."""


class BodyReading:
    """What has been read of a body, and what it says.

    `take` the pieces, then `judge`. `kept` is the body as it came; `fed` counts the bytes that have
    been looked into, of what a compressed one decodes to.
    """

    __slots__ = (
        "_counting", "_decoder", "_form", "_head", "_json", "_model", "_policies", "_small",
        "_text", "_turns", "_want", "_weight", "background", "counted", "end_user", "fed", "kept",
        "named",
    )  # fmt: skip

    def __init__(
        self,
        head: RequestHead,
        want: Wanted,
        turns: Turns,
        policies: tuple[GrantedPolicy, ...] = (),
    ) -> None:
        self.kept = KeptBody()
        #: Whether it asks for a response in the background, once it was judged.
        self.background = False
        #: Whom it is for, where that is wanted and it was read whole.
        self.end_user = ""
        self.fed = 0
        #: Where its bytes count, those of a compressed body as it is decoded: what one piece
        #: decodes to may be megabytes.
        self.counted: KeptBytes | None = None
        #: Each model that `judge` has found to be named and allowed, and one more than are kept.
        self.named: dict[str, None] = {}
        self._head = head
        self._want = want
        self._turns = turns
        self._decoder = Decoder(want.coding) if want.coding else None
        #: The body without its coding.
        self._text = KeptBody() if want.coding else self.kept
        #: Of what has been fed in this turn.
        self._weight = 0
        #: Whether all that has to be known was known at once, and the model then.
        self._small = False
        self._model = ""
        #: Policies that count it, as far as its models allow; and those that do.
        self._policies = policies
        self._counting: set[GrantedPolicy] = {one for one in policies if one.models is None}
        self._json: JsonReader | None = None
        self._form: FormReader | None = None
        declared = value_of(head.headers, b"content-type") or b""
        if want.rule and model_rule.declared_form(head.headers) == "form":
            self._form = FormReader(declared, keep=model_rule.NAME_MAX_BYTES)
        elif want.renames and is_form(head.headers):
            with suppress(InvalidRequest):
                self._form = FormReader(declared, keep=model_rule.NAME_MAX_BYTES)

    @property
    def text(self) -> KeptBody:
        """What came, without its coding; empty where that cannot be undone."""
        return self._text

    @property
    def size(self) -> int:
        """Bytes that are kept, those of a compressed body twice: as they came, and decoded."""
        return self.kept.size + (self._text.size if self._text is not self.kept else 0)

    async def take(self, piece: bytes) -> None:
        """Keep the next piece. A large body is looked into while it comes.

        Raises Overloaded where there is no room for it, and what a refused form raises.
        """
        self.kept.append(piece)
        if self._decoder is not None:
            await self._decode(self._decoder, piece)
        self._count()
        if self._text.size > AT_ONCE_BYTES and self._text.size - self.fed >= PART_BYTES:
            await self._feed()

    def _count(self) -> None:
        if self.counted is not None:
            self.counted.take(self.size - self.counted.size)

    async def _decode(self, decoder: Decoder, piece: bytes) -> None:
        try:
            while True:
                self._text.append(decoder.feed(piece))
                if self._text.size > BODY_MAX_BYTES:
                    raise CannotDecode("The body decodes to too much.")
                if not decoder.behind:
                    return
                self._count()
                await self._turns.next()
                piece = b""
        except CannotDecode:
            # It is the upstream's to refuse; nothing is known of it here.
            self._decoder, self._text, self._json, self.fed = None, KeptBody(), None, 0

    async def _feed(self) -> None:
        reader: FormReader | JsonReader | None = self._form or self._json
        if reader is None:
            reader = self._json = JsonReader(strict=self._want.rule)
        for part in self._text.parts(PART_BYTES, self.fed):
            self._weight += weight(part)
            if self._weight > TURN_WEIGHT:
                await self._turns.next()
                self._weight = weight(part)
            try:
                reader.feed(part)
            except InvalidRequest:
                if self._want.rule:
                    raise
                # It is the upstream's to judge; here it has no model.
                reader = self._form = None
                self._json = JsonReader(strict=False)
                return
            self.fed += len(part)

    async def judge(self, grant: Grant, route: Route, *, complete: bool) -> Judged:
        """Whether the body may go on. Raises InvalidRequest, ModelNotAllowed, NotMeterable.

        `complete` says that it has been taken whole; else it was too large to be looked into.
        """
        want, said = self._want, UNREAD
        if want.in_path and (grant.models or want.rule):
            self._check(grant, model_rule.named_by_path(want.in_path))
        if complete and (self.kept.size or want.rule):
            said = await self.said()
        self.background = said.background
        if want.end_user and complete:
            self.end_user = self._end_user()
        model = want.in_path or said.model
        if len(model) > model_rule.NAME_MAX_BYTES:
            model = ""
        if want.rule and (self.kept.size or self._head.method == "POST"):
            model = await self._model_beyond_doubt(grant, route)
        elif said.readable:
            model = model or route.default_model
        splice = None
        if want.asks and said.streams and not said.asks_for_usage:
            asking = await self.asking_for_usage()
            splice = None if asking is None else UsageSplice(asking, not said.includes)
        if grant.record.unmetered == "refuse":
            reason = unmeterable(route, self._head, said, asked=splice is not None)
            if reason is not None:
                refusal = NotMeterable(f"This project refuses what it cannot meter. {reason}")
                refusal.model = model
                raise refusal
        counting = tuple(policy for policy in self._policies if policy in self._counting)
        return Judged(model, splice, counting)

    async def said(self) -> Inspected:
        """What the body says, once all of it has been taken."""
        if self._form is not None:
            await self._feed()
            if self._want.rule or self._form is None:
                return UNREAD
            return structs.replace(UNREAD, model=model_rule.named_plainly(self._form.parts))
        if self._text.size <= AT_ONCE_BYTES:
            text = self._text.joined()
            said = request_body.inspect(text)
            self._small = said.readable and not self._want.certainty
            if self._small and self._want.rule:
                self._small = request_body.names_one_model(text, said) or (
                    bool(self._want.in_path) and request_body.names_no_model(text, said)
                )
            if self._small:
                self._model = said.model
                return said
        return await self._surveyed()

    def _end_user(self) -> str:
        """Whom the body names, once `said` has read it."""
        if self._json is not None:
            return end_user.in_members(self._json)
        is_small = self._form is None and self._text.size <= AT_ONCE_BYTES
        return end_user.in_small(self._text.joined()) if is_small else ""

    async def _surveyed(self) -> Inspected:
        await self._feed()
        if self._json is None:
            return UNREAD
        self._json.end(self._text)
        return self._json.inspected()

    async def _model_beyond_doubt(self, grant: Grant, route: Route) -> str:
        """The model, once every one that the body names is allowed.

        Raises InvalidRequest, ModelNotAllowed.
        """
        in_path = self._want.in_path
        if self._form is not None:
            model = model_rule.named_by_form(self._form.end(), in_path=bool(in_path))
            if model or not in_path:
                self._check(grant, model)
            return in_path or model
        if self._model:
            self._check(grant, self._bare(model_rule.known_name(self._model)))
            return in_path or self._model
        if in_path and (self._small or not self.kept.size):
            return in_path
        if self._json is None:
            raise InvalidRequest("The request must name a model in a JSON body.", param="model")
        first, looked = in_path, 0
        named = model_rule.named_by_json(
            self._json,
            route.default_model,
            in_path=bool(in_path),
            may_be_name=route.may_call_it_name,
        )
        for name in named:
            if name is None:
                # A small body with a dozen tools need not queue as often behind large ones.
                looked += 1
                if self._text.size > AT_ONCE_BYTES or looked % _LOOKED_AT_ONCE == 0:
                    await self._turns.next()
                continue
            self._check(grant, self._bare(name))
            first = first or name
        return first

    def _check(self, grant: Grant, name: str) -> None:
        """Refuse a model that is not allowed, and note it, and which policies count it."""
        check_model(grant, name)
        if len(self.named) <= NAMED_MAX:
            self.named[name] = None
        for policy in self._policies:
            if policy not in self._counting and policy.counts(name):
                self._counting.add(policy)

    def _bare(self, name: str) -> str:
        """A model's name, as the path has it: beside one that it names, Google's have a prefix."""
        prefix = _PREFIX.match(name) if self._want.in_path else None
        return name if prefix is None else name[prefix.end() :]

    @property
    def parts(self) -> list[Part]:
        """Those of a form."""
        return [] if self._form is None else self._form.parts

    async def members(self) -> JsonReader | PlainMembers | None:
        """A reader of what was taken whole; None where it is a form."""
        if self._form is not None:
            return None
        if self._text.size > AT_ONCE_BYTES:
            # What is then looked into of it has a turn of its own.
            await self._turns.next()
        elif self._json is None and (found := plain_members(self._text.joined())) is not None:
            return found
        if self._json is None:
            self._json = request_body.whole(self._text)
        return self._json

    async def asking_for_usage(self) -> tuple[bytes, ...] | None:
        """The body with the question for its usage in it; None where that cannot be put in."""
        if self._small and (asked := request_body.asked_plainly(self._text.joined())) is not None:
            return (asked,)
        if self._json is None:
            await self._surveyed()
        splices = self._json.splices() if self._json is not None else None
        return None if splices is None else self._text.spliced(splices)

    async def renamed(self, names: Mapping[str, str]) -> tuple[bytes, ...] | None:
        """All that was taken, without a coding, with other names in the place of those that `names`
        has; None where the body has none of them, or is nothing in which they could be found."""
        await self._feed()
        if self._form is not None:
            splices = renaming.in_form(self._form.parts, names)
        elif self._json is not None:
            self._json.end(self._text)
            splices = renaming.in_json(self._json, names)
        else:
            return None
        return self._text.spliced(splices) if splices else None
