"""One request as the middlewares see it, and what they ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from functools import partial
from typing import Any, Final, NoReturn

from proxy.errors import MiddlewareRefused
from proxy.exchange import Exchange
from proxy.header_rules import end_to_end
from proxy.headers import RawHeaders
from proxy.middleware.fields import (
    SeenFields,
    may_be_set_downstream,
    may_be_set_upstream,
    with_field,
    without_field,
)
from proxy.middleware.interface import Fields, Misused, Party

_CODE: Final = re.compile(r"[a-z0-9_]{1,64}+")
_MESSAGE_MAX: Final = 1_000


class Phase(Enum):
    """Which hooks are called now."""

    REQUEST = 1
    HEAD = 2
    EVENTS = 3


class RequestView:
    """A `View`, whose members it documents. `lines` are the header lines as they are by now."""

    __slots__ = (
        "_body", "_exchange", "_keeps_body", "_seen", "_status", "_tags", "is_changed", "lines",
        "made_body", "phase", "refused", "state",
    )  # fmt: skip

    def __init__(self, exchange: Exchange, *, keeps_body: bool) -> None:
        self._exchange = exchange
        self._keeps_body = keeps_body
        self._body: bytes | None = None
        self._seen: Fields | None = None
        self._tags: Mapping[str, str] | None = None
        self._status: int | None = None
        self.phase = Phase.REQUEST
        # No client may say which of the middlewares' fields stop here.
        self.lines: RawHeaders = end_to_end(exchange.head.headers)
        #: Whether `lines` are no longer those that came.
        self.is_changed = False
        #: What was put in the place of the body.
        self.made_body: bytes | None = None
        #: The refusal that was asked for: it stands, even if what raised it was caught.
        self.refused: MiddlewareRefused | None = None
        self.state: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<View of request {self._exchange.id}>"

    def show(self, body: bytes | None) -> None:
        """The body that hooks see, from now on."""
        self._body = body

    def answered(self, status: int, lines: RawHeaders) -> None:
        """The answer begins: from now on its head is what hooks see."""
        self.phase, self.lines, self.is_changed, self._seen = Phase.HEAD, lines, False, None
        self._status = status

    @property
    def project(self) -> Party:
        grant = self._exchange.grant
        return (
            Party("", "") if grant is None else Party(grant.project_text, grant.record.project_name)
        )

    @property
    def token(self) -> Party:
        grant = self._exchange.grant
        return Party("", "") if grant is None else Party(grant.token_text, grant.record.token_name)

    @property
    def tags(self) -> Mapping[str, str]:
        if self._tags is None:
            labels = self._exchange.labels
            self._tags = dict(labels.tags or ()) if labels is not None else {}
        return self._tags

    @property
    def end_user(self) -> str:
        labels = self._exchange.labels
        return "" if labels is None else labels.end_user

    @property
    def provider(self) -> str:
        grant = self._exchange.grant
        return "" if grant is None else grant.record.provider

    @property
    def method(self) -> str:
        return self._exchange.method

    @property
    def path(self) -> str:
        return self._exchange.head.target.partition(b"?")[0].decode("latin-1")

    @property
    def query(self) -> str:
        return self._exchange.head.target.partition(b"?")[2].decode("latin-1")

    @property
    def headers(self) -> Fields:
        if self._seen is None:
            self._seen = SeenFields(self.lines, self._keys)
        return self._seen

    @property
    def body(self) -> bytes | None:
        return self._body

    @property
    def status(self) -> int | None:
        return self._status

    def set_header(self, name: str, value: str) -> None:
        self._change(with_field(self.lines, name, value, self._may_be_set("set_header")))

    def remove_header(self, name: str) -> None:
        self._change(without_field(self.lines, name, self._may_be_set("remove_header")))

    def replace_body(self, body: bytes) -> None:
        self._only_in_request("replace_body")
        if not self._keeps_body:
            raise Misused("replace_body needs keeps_body = True")
        if not isinstance(body, bytes):
            raise Misused(f"replace_body takes bytes, not {type(body).__name__}")
        # The next middleware sees it.
        self._body = self.made_body = body

    def refuse(self, status: int, code: str, message: str) -> NoReturn:
        self._only_in_request("refuse")
        if type(status) is not int or not 400 <= status <= 599:
            raise Misused("refuse takes a status from 400 to 599")
        if not _is_text(code) or not _CODE.fullmatch(code):
            raise Misused("refuse takes a code of at most 64 of a-z, 0-9 and _")
        if not _is_text(message) or len(message) > _MESSAGE_MAX:
            raise Misused(f"refuse takes a message of at most {_MESSAGE_MAX} characters")
        self.refused = MiddlewareRefused(message).told_as(status, code)
        raise self.refused

    def _may_be_set(self, what: str) -> Callable[[bytes], bool]:
        if self.phase is Phase.EVENTS:
            raise Misused(f"{what} comes too late in event: the head has gone out")
        if self.phase is Phase.HEAD:
            return may_be_set_downstream
        return partial(may_be_set_upstream, keys=self._keys)

    @property
    def _keys(self) -> frozenset[bytes]:
        """Names of fields in which one of the providers here takes a key, besides the usual."""
        grant = self._exchange.grant
        if self.phase is not Phase.REQUEST or grant is None or grant.fields is None:
            return frozenset()
        return grant.fields.keys

    def _only_in_request(self, what: str) -> None:
        if self.phase is not Phase.REQUEST:
            raise Misused(f"{what} is for the request hook")

    def _change(self, lines: RawHeaders) -> None:
        self.lines, self.is_changed, self._seen = lines, True, None


def _is_text(given: object) -> bool:
    """Whoever calls may not have been checked by mypy."""
    return isinstance(given, str)
