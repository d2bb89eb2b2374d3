"""Requests in OpenTelemetry's words: the one place with the names of the GenAI conventions.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/, which are in development still: a
name that changes is changed here, with `CONVENTIONS`, and in nothing else. Content is never in it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

#: Of the semantic conventions that the names below are of.
CONVENTIONS: Final = "1.44.0"
SCHEMA_URL: Final = f"https://opentelemetry.io/schemas/{CONVENTIONS}"

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
RESPONSE_MODEL: Final = "gen_ai.response.model"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS: Final = "gen_ai.usage.cache_creation.input_tokens"
REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"

#: What an endpoint does, by how its pattern ends; the first that fits.
_OPERATIONS: Final = (
    (("/chat/completions", "/responses", "/messages", "/api/chat", "/converse", "/converse-stream"),
     "chat"),
    ((":generateContent", ":streamGenerateContent"), "generate_content"),
    (("/embeddings", ":embedContent", ":batchEmbedContents", "/api/embed"), "embeddings"),
    (("/completions", "/api/generate"), "text_completion"),
)  # fmt: skip
#: Providers that the conventions have another name for.
_PROVIDERS: Final = {
    "azure-openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock-mantle": "aws.bedrock",
    "gemini": "gcp.gemini",
    "gemini-openai": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex": "gcp.vertex_ai",
    "xai": "x_ai",
}


class Call(NamedTuple):
    """A request that has ended, as far as it is told of. What is None is not said."""

    id: UUID | str
    project_id: UUID | str
    token_id: UUID | str
    provider: str
    endpoint: str
    method: str
    model: str
    status: int
    outcome: str
    creates: bool
    """Whether it made something, rather than looked at what was made before."""
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    answer_model: str | None
    service_tier: str | None
    upstream_code: str | None
    cost_nanos: int | None
    cache: str = ""
    saved_nanos: int | None = None

    @property
    def operation(self) -> str | None:
        """What it did, in the conventions' words; None where they have none for it."""
        return _operation(self.endpoint) if self.creates else None

    @property
    def span_name(self) -> str:
        """As the conventions want it: what was done, and with which model."""
        operation = self.operation
        if operation is None:
            return f"{self.method} {self.endpoint}"
        return f"{operation} {self.model}" if self.model else operation

    @property
    def failed(self) -> bool:
        """Whether its span is marked as an error."""
        return self.status >= 400 or self.outcome != "complete"

    @property
    def error_type(self) -> str | None:
        """What went wrong, as one word; None where nothing did."""
        if not self.failed:
            return None
        return self.outcome if self.outcome != "complete" else str(self.status)

    def attributes(self) -> dict[str, Any]:
        """Of its span."""
        known = {
            OPERATION: self.operation,
            PROVIDER: _PROVIDERS.get(self.provider, self.provider),
            REQUEST_MODEL: self.model or None,
            RESPONSE_MODEL: self.answer_model or None,
            INPUT_TOKENS: self.prompt_tokens,
            OUTPUT_TOKENS: self.completion_tokens,
            CACHE_READ_TOKENS: self.cached_tokens,
            CACHE_WRITE_TOKENS: self.cache_write_tokens,
            REASONING_TOKENS: self.reasoning_tokens,
            "http.request.method": self.method,
            "http.route": self.endpoint,
            "http.response.status_code": self.status or None,
            "error.type": self.error_type,
            "llm_proxy.request_id": str(self.id),
            "llm_proxy.project_id": str(self.project_id),
            "llm_proxy.token_id": str(self.token_id),
            "llm_proxy.outcome": self.outcome,
            "llm_proxy.service_tier": self.service_tier or None,
            "llm_proxy.upstream_code": self.upstream_code or None,
            "llm_proxy.cost_usd": None if self.cost_nanos is None else self.cost_nanos / 1e9,
            "llm_proxy.cache": self.cache or None,
            "llm_proxy.saved_usd": None if self.saved_nanos is None else self.saved_nanos / 1e9,
        }
        return {name: value for name, value in known.items() if value is not None}


@lru_cache(maxsize=1024)
def _operation(endpoint: str) -> str | None:
    for endings, operation in _OPERATIONS:
        if endpoint.endswith(endings):
            return operation
    return None
