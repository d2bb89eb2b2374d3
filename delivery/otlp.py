"""OTLP over HTTP, as JSON: a span for each request, by the GenAI conventions.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. Every receiver has to take this
form, and it needs no library of ours. Trace and span have ids of the request's: what is sent twice
is the same span twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from config import VERSION
from delivery.items import Item
from delivery.posting import Answer, NoAnswer, Poster
from delivery.sending import Outcome, judge, quoted
from models import RequestLog
from telemetry.genai import SCHEMA_URL, Call

_CLIENT: Final = 3
_ERROR: Final = 2
#: Spans that are put together in one turn of the event loop.
_PER_TURN: Final = 20
_RESOURCE: Final = {"service.name": "llm-proxy", "service.version": VERSION}
_encoder: Final = msgspec.json.Encoder()

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
            answer = await self._poster.post(self._url, self._fields, _message(spans))
        except NoAnswer as exc:
            return Outcome("again", str(exc))
        outcome = judge(answer, self._hidden)
        return outcome if outcome.verdict != "taken" else self._taken(answer, len(items))

    def _taken(self, answer: Answer, sent: int) -> Outcome:
        """Of a receiver that may have taken some of it."""
        try:
            partial = msgspec.json.decode(answer.body)["partialSuccess"]
            rejected = int(partial.get("rejectedSpans", 0))
        except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError):
            return Outcome("taken", status=answer.status)
        said = quoted(str(partial.get("errorMessage", "")).encode(), self._hidden)
        why = f"The receiver rejected {rejected} of {sent} spans{f': {said}' if said else '.'}"
        rejected = max(0, min(rejected, sent))
        return Outcome("taken", why if rejected else "", answer.status, rejected=rejected)

    def _span(self, row: RequestLog) -> dict[str, Any]:
        call = call_of(row)
        attributes = call.attributes()
        if row.key_id is not None:
            attributes["llm_proxy.key_id"] = str(row.key_id)
        attributes |= _of_client(row)
        if self._more is not None:
            attributes |= self._more(call, row)
        began = int(row.at.timestamp() * 1_000_000)
        span = _named_span(str(row.id), call.span_name, began, began + row.duration_us)
        span["attributes"] = _attributes(attributes)
        if call.failed:
            span["status"] = {"code": _ERROR, "message": call.error_type}
        return span


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
    )


def tags_of(row: RequestLog) -> dict[str, str]:
    """The tags of a request."""
    return getattr(row, "tags", None) or {}


def end_user_of(row: RequestLog) -> str | None:
    """Who asked, as the client says."""
    return getattr(row, "end_user", None)


def _of_client(row: RequestLog) -> dict[str, Any]:
    said: dict[str, Any] = {f"llm_proxy.tag.{name}": text for name, text in tags_of(row).items()}
    end_user = end_user_of(row)
    return said if end_user is None else said | {"user.id": end_user}


def _plain_span(item: Item) -> dict[str, Any]:
    at = int(item.at.timestamp() * 1_000_000)
    span = _named_span(item.id, item.type, at, at)
    span["attributes"] = _attributes({"llm_proxy.event": item.type})
    return span


def _named_span(item_id: str, name: str, began_us: int, ended_us: int) -> dict[str, Any]:
    digits = item_id.replace("-", "")
    return {
        "traceId": digits[:32],
        # The part of it that is random.
        "spanId": digits[16:32],
        "name": name,
        "kind": _CLIENT,
        "startTimeUnixNano": str(began_us * 1000),
        "endTimeUnixNano": str(ended_us * 1000),
    }


def _message(spans: Sequence[Mapping[str, Any]]) -> bytes:
    scope = {"name": "llm-proxy", "version": VERSION}
    return _encoder.encode(
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": _attributes(_RESOURCE)},
                    "scopeSpans": [{"scope": scope, "spans": spans, "schemaUrl": SCHEMA_URL}],
                    "schemaUrl": SCHEMA_URL,
                }
            ]
        }
    )


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in values.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    if isinstance(value, int):
        # 64 bits are text in this form of JSON.
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}
