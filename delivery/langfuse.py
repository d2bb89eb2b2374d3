"""Langfuse, by its door for OpenTelemetry.

https://langfuse.com/integrations/native/opentelemetry: its own attributes say what the conventions
have no name for, and its header asks for spans to be shown at once.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from delivery.otlp import Otlp
from delivery.posting import Poster
from models import RequestLog
from telemetry.genai import Call

_INGESTION: Final = ("x-langfuse-ingestion-version", "4")
_encoder: Final = msgspec.json.Encoder()


def langfuse(poster: Poster, url: str, secret: str | None, headers: Mapping[str, str]) -> Otlp:
    """What sends there. `secret` is public and secret key with a colon between. Raises ValueError
    where there is none."""
    if secret is None or ":" not in secret:
        raise ValueError("It has no keys: PUBLIC_KEY:SECRET_KEY.")
    encoded = base64.b64encode(secret.encode("latin-1")).decode("ascii")
    fields = [("authorization", f"Basic {encoded}"), _INGESTION, *headers.items()]
    hidden = [secret.partition(":")[2], encoded, *headers.values()]
    return Otlp(poster, url, fields, hidden, _attributes)


def _attributes(call: Call, row: RequestLog) -> dict[str, Any]:
    operation = call.operation
    kind = {None: "span", "embeddings": "embedding"}.get(operation, "generation")
    said: dict[str, Any] = {
        "langfuse.observation.type": kind,
        "langfuse.trace.name": call.span_name,
        "langfuse.trace.metadata.project_id": str(row.project_id),
        "langfuse.trace.metadata.token_id": str(row.token_id),
    }
    if row.cost_nanos is not None:
        cost = _encoder.encode({"total": row.cost_nanos / 1e9}).decode()
        said["langfuse.observation.cost_details"] = cost
    if call.failed:
        said["langfuse.observation.level"] = "ERROR"
        said["langfuse.observation.status_message"] = row.upstream_code or call.error_type
    if row.tags:
        said["langfuse.trace.tags"] = [f"{name}:{value}" for name, value in row.tags.items()]
        said |= {f"langfuse.trace.metadata.{name}": value for name, value in row.tags.items()}
    return said
