"""Requests in OpenTelemetry's words, against the conventions' own Python package."""

import pytest
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv.schemas import Schemas

from telemetry import genai
from telemetry.genai import Call

NAMES = frozenset(
    value for name, value in vars(gen_ai_attributes).items() if name.startswith("GEN_AI_")
)
VALUES = frozenset(one.value for one in gen_ai_attributes.GenAiProviderNameValues)
OPERATIONS = frozenset(one.value for one in gen_ai_attributes.GenAiOperationNameValues)


def a_call(**wanted: object) -> Call:
    fields: dict[str, object] = dict.fromkeys(Call._fields) | {
        "provider": "openai",
        "endpoint": "/v1/chat/completions",
        "method": "POST",
        "model": "gpt-4o",
        "status": 200,
        "outcome": "complete",
        "creates": True,
    }
    return Call(**fields | wanted)  # type: ignore[arg-type]


def test_every_name_is_one_of_the_version_that_is_said() -> None:
    assert genai.SCHEMA_URL in {one.value for one in Schemas}
    counts = {name: 1 for name in Call._fields if name.endswith(("tokens", "nanos"))}
    told = a_call(answer_model="gpt-4o-2024-08-06", **counts).attributes()
    named = {name for name in told if name.startswith("gen_ai.")}
    assert len(named) == 9
    assert named <= NAMES


def test_a_span_says_that_its_answer_was_kept_and_what_it_had_cost() -> None:
    told = a_call(cache="hit", saved_nanos=1_500_000_000, cost_nanos=0).attributes()
    assert (told["llm_proxy.cache"], told["llm_proxy.saved_usd"]) == ("hit", 1.5)
    assert not {
        name for name in a_call(cache="").attributes() if "cache" in name or "saved" in name
    }


@pytest.mark.parametrize(
    ("provider", "shown"),
    [("openai", "openai"), ("bedrock", "aws.bedrock"), ("xai", "x_ai"), ("vertex", "gcp.vertex_ai"),
     ("gemini", "gcp.gemini"), ("mistral", "mistral_ai"), ("azure-openai", "azure.ai.openai")],
)  # fmt: skip
def test_a_provider_has_the_conventions_name(provider: str, shown: str) -> None:
    assert a_call(provider=provider).attributes()["gen_ai.provider.name"] == shown
    assert shown in VALUES


@pytest.mark.parametrize(
    ("endpoint", "operation"),
    [
        ("/v1/chat/completions", "chat"),
        ("/v1/responses", "chat"),
        ("/model/{model}/converse-stream", "chat"),
        ("/v1beta/models/{model}:generateContent", "generate_content"),
        ("/v1/embeddings", "embeddings"),
        ("/v1/completions", "text_completion"),
    ],
)
def test_what_an_endpoint_does_names_its_span(endpoint: str, operation: str) -> None:
    assert a_call(endpoint=endpoint).span_name == f"{operation} gpt-4o"
    assert operation in OPERATIONS


def test_what_the_conventions_have_no_word_for_is_named_by_its_route() -> None:
    assert a_call(endpoint="/v1/files", model="").span_name == "POST /v1/files"
    looked = a_call(endpoint="/v1/responses", method="GET", creates=False)
    assert looked.span_name == "GET /v1/responses"
    assert "gen_ai.operation.name" not in looked.attributes()


def test_a_failed_call_says_how() -> None:
    assert a_call().error_type is None
    assert a_call(status=429).error_type == "429"
    assert a_call(outcome="timeout").attributes()["error.type"] == "timeout"
