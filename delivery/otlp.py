"""OTLP over HTTP, as binary protobuf: a span for each request, by the GenAI conventions.

https://opentelemetry.io/docs/specs/otlp/#binary-protobuf-encoding; its JSON is not taken by all who
receive spans. Trace and span have ids of the request's: what is sent twice is the same span twice.

The numbers of fields are those of opentelemetry/proto/{collector/trace,trace,common,resource}/v1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from config import VERSION
from delivery.items import Item
from delivery.posting import Answer, NoAnswer, Poster
from delivery.protobuf import Malformed, block, double, fields_of, fixed, integer, text
from delivery.sending import Outcome, judge, quoted
from models import RequestLog
from telemetry.genai import SCHEMA_URL, Call

_CONTENT_TYPE: Final = "application/x-protobuf"
_CLIENT: Final = 3
_ERROR: Final = 2
#: Spans that are put together in one turn of the event loop.
_PER_TURN: Final = 20

#: What a kind of destination says of a request beside the conventions' attributes.
More = Callable[[Call, RequestLog], Mapping[str, Any]]


class Otlp:
    """Posts spans in batches."""

    batch: Final = 100

    def __init__(
        self,
        poster: Poster,
        url: str,
        fields: Sequence[tuple[str, str]],
        hidden: Sequence[str],
        more: More | None = None,
    ) -> None:
        self._poster = poster
        self._url = url
        self._fields = fields
        self._hidden = hidden
        self._more = more

    async def send(self, items: Sequence[Item]) -> Outcome:
        """As `Sender` says. What is no request has no span."""
        spans = []
        for number, item in enumerate(items, 1):
            if item.request is not None:
                spans.append(self._span(item.request))
            else:
                spans.append(_plain_span(item))
            if not number % _PER_TURN:
                await asyncio.sleep(0)
        try:
            body = _message(spans)
            answer = await self._poster.post(self._url, self._fields, body, _CONTENT_TYPE)
        except NoAnswer as exc:
            return Outcome("again", str(exc))
        outcome = judge(answer, self._hidden)
        return outcome if outcome.verdict != "taken" else self._taken(answer, len(items))

    def _taken(self, answer: Answer, sent: int) -> Outcome:
        """Of a receiver that may have taken some of it."""
        rejected, said = _rejected(answer.body)
        rejected = max(0, min(rejected, sent))
        if not rejected:
            return Outcome("taken", status=answer.status)
        said = quoted(said.encode(), self._hidden)
        why = f"The receiver rejected {rejected} of {sent} spans{f': {said}' if said else '.'}"
        return Outcome("taken", why, answer.status, rejected=rejected)

    def _span(self, row: RequestLog) -> bytes:
        call = call_of(row)
        attributes = call.attributes()
        if row.key_id is not None:
            attributes["llm_proxy.key_id"] = str(row.key_id)
        attributes |= _of_client(row)
        if self._more is not None:
            attributes |= self._more(call, row)
        began = int(row.at.timestamp() * 1_000_000)
        error = call.error_type
        status = b"" if error is None else block(15, text(2, error) + integer(3, _ERROR))
        return (
            _named(str(row.id), call.span_name, began, began + row.duration_us)
            + _attributes(9, attributes)
            + status
        )


def call_of(row: RequestLog) -> Call:
    """A row of the request log, as spans say it."""
    return Call(
        id=row.id,
        project_id=row.project_id,
        token_id=row.token_id,
        provider=row.provider,
        endpoint=row.endpoint,
        method=row.method,
        model=row.model,
        status=row.status,
        outcome=row.outcome,
        creates=row.method == "POST",
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        cached_tokens=row.cached_tokens,
        cache_write_tokens=row.cache_write_tokens,
        reasoning_tokens=row.reasoning_tokens,
        answer_model=row.answer_model,
        service_tier=row.service_tier,
        upstream_code=row.upstream_code,
        cost_nanos=row.cost_nanos,
        cache=row.cache,
        saved_nanos=row.saved_nanos,
    )


def _of_client(row: RequestLog) -> dict[str, Any]:
    said: dict[str, Any] = {
        f"llm_proxy.tag.{name}": value for name, value in (row.tags or {}).items()
    }
    return said if row.end_user is None else said | {"user.id": row.end_user}


def _plain_span(item: Item) -> bytes:
    at = int(item.at.timestamp() * 1_000_000)
    named = _named(item.id, item.type, at, at)
    return named + _attributes(9, {"llm_proxy.event": item.type})


def _named(item_id: str, name: str, began_us: int, ended_us: int) -> bytes:
    """The first fields of a span."""
    trace_id = bytes.fromhex(item_id.replace("-", "")[:32])
    return (
        block(1, trace_id)
        # The part of it that is random.
        + block(2, trace_id[8:])
        + text(5, name)
        + integer(6, _CLIENT)
        + fixed(7, began_us * 1000)
        + fixed(8, ended_us * 1000)
    )


def _message(spans: Sequence[bytes]) -> bytes:
    schema = text(3, SCHEMA_URL)
    resource = _attributes(1, {"service.name": "llm-proxy", "service.version": VERSION})
    scope = block(1, text(1, "llm-proxy") + text(2, VERSION))
    of_scope = scope + b"".join([block(2, span) for span in spans]) + schema
    return block(1, block(1, resource) + block(2, of_scope) + schema)


def _attributes(field: int, values: Mapping[str, Any]) -> bytes:
    return b"".join(
        [block(field, text(1, name) + block(2, _value(one))) for name, one in values.items()]
    )


def _value(value: Any) -> bytes:
    if isinstance(value, list):
        return block(5, b"".join([block(1, _value(one)) for one in value]))
    if isinstance(value, int):
        return integer(3, value)
    return double(4, value) if isinstance(value, float) else text(1, str(value))


def _rejected(body: bytes) -> tuple[int, str]:
    """How many spans an answer says were not taken, and why; some receivers answer as JSON."""
    try:
        if body.lstrip().startswith(b"{"):
            said = msgspec.json.decode(body, type=_Said).partial
            return int(said.rejected), said.message
        partial = next((value for field, value in fields_of(body) if field == 1), b"")
        found = dict(fields_of(partial)) if isinstance(partial, bytes) else {}
    except (Malformed, msgspec.DecodeError, ValueError, RecursionError):
        return 0, ""
    number, message = found.get(1, 0), found.get(2, b"")
    if not isinstance(number, int) or number >= 2**63:
        number = 0
    return number, message.decode("utf-8", "replace") if isinstance(message, bytes) else ""


class _Partial(msgspec.Struct):
    #: 64 bits are text in this form of JSON, and numbers with some who write it.
    rejected: int | str = msgspec.field(default=0, name="rejectedSpans")
    message: str = msgspec.field(default="", name="errorMessage")


class _Said(msgspec.Struct):
    partial: _Partial = msgspec.field(default_factory=_Partial, name="partialSuccess")
