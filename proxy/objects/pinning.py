"""Where a request goes that names objects: to the key that knows them, whether it rests or not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from functools import partial
from typing import Final

from models.errors import DatabaseUnavailable
from models.objects import Found, is_storable
from proxy import errors
from proxy.access.authorization import target_for
from proxy.access.grant import Grant
from proxy.body.model_rule import coding_of
from proxy.body.multipart import FormReader, Part
from proxy.body.reading import BodyReading
from proxy.downstream import RequestHead
from proxy.headers import value_of
from proxy.objects import named
from proxy.objects.index import Index
from proxy.objects.not_found import not_found
from proxy.objects.own_lists import OwnList
from proxy.objects.rules import KNOWN_KINDS, Rule
from proxy.objects.skeleton import Shortened
from proxy.objects.watch import Watch
from proxy.turns import PART_BYTES, Turns
from proxy.upstream.target import Target

#: A body up to this size is taken apart in one call, which takes 8 ms at most, whatever it is.
_AT_ONCE_BYTES: Final = 32 * 1024
#: Bytes of a part in which a member may have begun that goes on in the next one.
_OVERLAP: Final = 64


class Objects:
    """What the data plane of a worker has to do with objects."""

    def __init__(self, index: Index, turns: Turns) -> None:
        self.index = index
        self._turns = turns

    async def prepare(
        self, head: RequestHead, grant: Grant, rule: Rule, reading: BodyReading
    ) -> tuple[Target | None, Watch | None]:
        """The account that a request has to go to, None where it may go to any; and what watches
        its answer.

        Raises InvalidRequest, ObjectNotFound, NoUpstreamKey and what `target_for` raises.
        """
        in_path = rule.id_in(head.target.partition(b"?")[0]) if rule.id_segment else ""
        ids = dict.fromkeys((in_path,) if in_path else ())
        if rule.names and reading.kept.size:
            ids.update(dict.fromkeys(await self._in_body(head, grant, reading)))
        # Of a path that is not known, what stands there may be no id that anything tells of.
        again = grant.isolates or len(ids) > 1 or not in_path or rule.kind in KNOWN_KINDS
        target = await self._target(grant, rule, ids, again=again) if ids else None
        watched = rule.deletes or (bool(rule.tells) and head.method != "HEAD")
        if not watched or (rule.tells == "stored" and not await self._is_stored(reading)):
            return target, None
        return target, Watch(self.index, grant, rule, in_path)

    def watch(self, head: RequestHead, grant: Grant, rule: Rule) -> Watch:
        """What watches an answer for a response in the background alone."""
        return Watch(self.index, grant, rule, rule.id_in(head.target.partition(b"?")[0]))

    def own_list(self, grant: Grant, rule: Rule) -> OwnList | None:
        """What leaves out of the answer to a request what is not the client's; None: nothing."""
        if not (grant.isolates and rule.lists):
            return None
        return OwnList(partial(self._own, grant), self._turns)

    async def _own(self, grant: Grant, ids: Collection[str]) -> Collection[str]:
        """Those of some ids that a request may name. Raises AccessUndecided."""
        known = await self._look_up(grant, ids, again=False)
        return {one for one, found in known.items() if _is_own(found, grant)}

    async def _look_up(
        self, grant: Grant, ids: Collection[str], *, again: bool
    ) -> dict[str, Found]:
        """Raises AccessUndecided where it has to be known, and the database does not answer."""
        asked = list(filter(is_storable, ids))
        try:
            return await self.index.look_up(grant.project_text, asked, again=again)
        except DatabaseUnavailable as exc:
            if not grant.isolates:
                return self.index.known(grant.project_text, asked)
            raise errors.AccessUndecided(
                "Whose the objects of this request are cannot be checked now.", retry_after=1.0
            ) from exc

    async def _look_again(self, grant: Grant, ids: Collection[str]) -> dict[str, Found]:
        try:
            return await self.index.look_again(grant.project_text, ids)
        except DatabaseUnavailable:
            return {}

    async def _is_stored(self, reading: BodyReading) -> bool:
        """Whether a chat asks for its completion to be kept."""
        return await self._any_part(reading, named.asks_to_store)

    async def _target(
        self, grant: Grant, rule: Rule, ids: Collection[str], *, again: bool
    ) -> Target:
        found = await self._look_up(grant, ids, again=again)
        if grant.isolates:
            for one in ids:
                if one not in found or not _is_own(found[one], grant):
                    raise not_found(grant, rule.kind, one)
        keys = dict.fromkeys(one.key_id for one in found.values())
        if len(keys) > 1:
            raise errors.InvalidRequest(
                "The request names objects that are known to different upstream keys."
            )
        first = target_for(grant)
        if not keys:
            return first
        if (target := _one_of(grant, keys)) is not None:
            return target
        # An administrator may have said meanwhile that another key knows them.
        now = {one.key_id for one in (await self._look_again(grant, found)).values()}
        if len(now) == 1 and (target := _one_of(grant, now)) is not None:
            return target
        raise errors.NoUpstreamKey("The upstream key that knows the request's objects is gone.")

    # What its body names

    async def _in_body(
        self, head: RequestHead, grant: Grant, reading: BodyReading
    ) -> Collection[str]:
        """Raises InvalidRequest where it cannot be known and has to be."""
        declared = value_of(head.headers, b"content-type") or b""
        try:
            if declared[:10].lower() == b"multipart/":
                return await self._in_form(declared, reading) if grant.isolates else ()
            if not named.is_plain(declared):
                raise named.Unnamed
            if coding_of(head.headers) is None or not reading.text.size:
                # It is compressed in a way that cannot be undone.
                raise named.Unnamed
            return await self._in_json(reading)
        except named.Unnamed:
            if not grant.isolates:
                return ()
        raise errors.InvalidRequest(
            "The request's body must be JSON in which the objects that it names can be found."
        )

    async def _in_json(self, reading: BodyReading) -> Collection[str]:
        text = reading.text
        if text.size <= _AT_ONCE_BYTES:
            whole = text.joined()
            return named.named_in(whole) if named.may_name(whole) else ()
        if not await self._any_part(reading, named.may_name):
            return ()
        shortened = Shortened()
        for part in text.parts(PART_BYTES):
            shortened.feed(part)
            await self._turns.next()
        if shortened.too_large:
            raise named.Unnamed
        return await asyncio.to_thread(named.named_in, shortened.text())

    async def _any_part(self, reading: BodyReading, holds: Callable[[bytes], bool]) -> bool:
        before = b""
        for part in reading.text.parts(PART_BYTES):
            if holds(before + part):
                return True
            # White space may stand anywhere between two tokens, as long as anybody likes.
            before = (before + part).translate(None, b" \t\r\n")[-_OVERLAP:]
            if reading.text.size > _AT_ONCE_BYTES:
                await self._turns.next()
        return False

    async def _in_form(self, declared: bytes, reading: BodyReading) -> Collection[str]:
        form = FormReader(declared, keep=named.ID_MAX)
        for part in reading.kept.parts(PART_BYTES):
            form.feed(part)
            await self._turns.next()
        return [part.value.decode("utf-8", "replace") for part in form.end() if _names_one(part)]


def _one_of(grant: Grant, keys: Collection[str]) -> Target | None:
    return next((target for target in grant.targets if target.key_text in keys), None)


def _names_one(part: Part) -> bool:
    """Whether a form's field is the id of an object: `file_id`, `file_ids[]`, `video[id]`,
    `image.file_id`."""
    name = part.name.decode("utf-8", "replace").casefold()
    words = name.replace("]", "").replace(".", "[").split("[")
    return not part.is_file and bool(part.size) and not named.MEMBERS.isdisjoint(words)


def _is_own(found: Found, grant: Grant) -> bool:
    return grant.record.isolation != "token" or found.token_id == grant.token_text
