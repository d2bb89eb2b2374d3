"""One question by the SDK of a provider, with each of some keys, as JSON on standard output: see
`check_provider_sdks.py`.

Each is made as its documentation says, but for its URL and its key.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

BASE: Final = os.environ["BASE_URL"]
QUESTION: Final = "How many words are in this question?"
MESSAGES: Final[list[Any]] = [{"role": "user", "content": QUESTION}]
CLAUDE: Final = "anthropic.claude-3-5-sonnet-20240620-v1:0"
ARN: Final = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
REGION: Final = "us-east-1"
#: Bodies of `invoke` are the model's own.
ASKED: Final = json.dumps(
    {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": MESSAGES}
)


def of(module: str) -> Any:
    """An SDK, which is not installed where the proxy is."""
    return import_module(module)


# Google's: which version of the API is asked is that of the release of it.


def google_genai(key: str) -> str:
    """A key in Google's own field."""
    client = _google(key)
    return str(client.models.generate_content(**GOOGLE).text)


def google_genai_stream(key: str) -> str:
    """Its stream."""
    client = _google(key)
    return "".join(one.text or "" for one in client.models.generate_content_stream(**GOOGLE))


def google_genai_vertex(key: str) -> str:
    """Vertex AI with a key, and neither project nor location."""
    client = _google(key, vertexai=True)
    return str(client.models.generate_content(**GOOGLE).text)


GOOGLE: Final = {"model": "gemini-2.5-flash", "contents": QUESTION}


def _google(key: str, **more: Any) -> Any:
    return of("google.genai").Client(api_key=key, http_options={"base_url": BASE}, **more)


# AWS's: over http the token is the access key id, and any text the secret.


def boto3_converse(key: str) -> str:
    """By an application's profile, in whose name all is encoded."""
    answer = _bedrock(key).converse(modelId=ARN, messages=_blocks())
    return str(answer["output"]["message"]["content"][0]["text"])


def boto3_bearer(key: str) -> str:
    """Over TLS, with the token as AWS's own variable of a key."""
    os.environ["AWS_BEARER_TOKEN_BEDROCK"] = key
    client = of("boto3").client("bedrock-runtime", endpoint_url=BASE, region_name=REGION)
    answer = client.converse(modelId=CLAUDE, messages=_blocks())
    return str(answer["output"]["message"]["content"][0]["text"])


def boto3_converse_stream(key: str) -> str:
    """Frames, whose sums botocore checks."""
    events = list(_bedrock(key).converse_stream(modelId=CLAUDE, messages=_blocks())["stream"])
    deltas = [event["contentBlockDelta"] for event in events if "contentBlockDelta" in event]
    return "".join(delta["delta"]["text"] for delta in deltas)


def boto3_invoke(key: str) -> str:
    """The model's own answer."""
    answer = _bedrock(key).invoke_model(modelId=CLAUDE, body=ASKED)
    return str(json.loads(answer["body"].read())["content"][0]["text"])


def boto3_invoke_stream(key: str) -> str:
    """The model's own events, in frames."""
    body = _bedrock(key).invoke_model_with_response_stream(modelId=CLAUDE, body=ASKED)["body"]
    events = [json.loads(event["chunk"]["bytes"]) for event in body]
    return "".join(
        event["delta"]["text"] for event in events if event["type"] == "content_block_delta"
    )


def _bedrock(key: str) -> Any:
    return of("boto3").client(
        "bedrock-runtime",
        endpoint_url=BASE,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key="any text",
    )


def _blocks() -> list[Any]:
    return [{"role": "user", "content": [{"text": QUESTION}]}]


# Anthropic's for clouds


def anthropic_bedrock(key: str) -> str:
    """Its key as a bearer token."""
    return _claude(of("anthropic").AnthropicBedrock(base_url=BASE, api_key=key, aws_region=REGION))


def anthropic_bedrock_signed(key: str) -> str:
    """It signs, in a stream, with more fields than AWS's own SDK."""
    client = of("anthropic").AnthropicBedrock(
        base_url=BASE, aws_access_key=key, aws_secret_key="any text", aws_region=REGION
    )
    return _claude_stream(client)


def anthropic_mantle(key: str) -> str:
    """Bedrock's other interface."""
    client = of("anthropic").AnthropicBedrockMantle(
        base_url=f"{BASE}/anthropic", api_key=key, aws_region=REGION
    )
    return _claude(client)


def anthropic_mantle_signed(key: str) -> str:
    """It signs for a service of its own."""
    client = of("anthropic").AnthropicBedrockMantle(
        base_url=f"{BASE}/anthropic",
        aws_access_key=key,
        aws_secret_key="any text",
        aws_region=REGION,
    )
    return _claude(client)


def anthropic_aws(key: str) -> str:
    """Claude on AWS, which signs for a third service, and names a workspace."""
    client = of("anthropic").AnthropicAWS(
        base_url=BASE,
        aws_access_key=key,
        aws_secret_key="any text",
        aws_region=REGION,
        workspace_id="wrkspc_1",
    )
    return _claude(client)


def anthropic_vertex(key: str) -> str:
    """An access token, and a base URL that ends in `/v1`."""
    return _claude(_vertex(key))


def anthropic_vertex_stream(key: str) -> str:
    """Anthropic's events."""
    return _claude_stream(_vertex(key))


def _vertex(key: str) -> Any:
    return of("anthropic").AnthropicVertex(
        base_url=f"{BASE}/v1", access_token=key, project_id="p", region="us-east5"
    )


def anthropic_foundry(key: str) -> str:
    """It sends its key twice, in two fields."""
    return _claude(of("anthropic").AnthropicFoundry(base_url=f"{BASE}/anthropic", api_key=key))


# OpenAI's for clouds, and others'


def azure_openai(key: str) -> str:
    """By the path of a deployment."""
    return _chat(
        of("openai").AzureOpenAI(azure_endpoint=BASE, api_key=key, api_version="2024-10-21")
    )


def azure_openai_v1(key: str) -> str:
    """By the interface that is OpenAI's own."""
    return _chat(of("openai").OpenAI(base_url=f"{BASE}/openai/v1/", api_key=key))


def bedrock_openai(key: str) -> str:
    """Bedrock by the interface of OpenAI."""
    return _chat(
        of("openai").BedrockOpenAI(base_url=f"{BASE}/openai/v1", api_key=key, aws_region=REGION)
    )


def mistral(key: str) -> str:
    """Its own client, whose server has no `/v1`."""
    client = of("mistralai.client").Mistral(api_key=key, server_url=BASE)
    answer = client.chat.complete(model="mistral-small", messages=MESSAGES)
    return str(answer.choices[0].message.content)


def groq(key: str) -> str:
    """It adds `/openai/v1` to its base."""
    return _chat(of("groq").Groq(base_url=BASE, api_key=key))


def ollama(key: str) -> str:
    """Ollama's own API."""
    client = of("ollama").Client(host=BASE, headers={"authorization": f"Bearer {key}"})
    return str(client.chat(model="llama3:latest", messages=MESSAGES)["message"]["content"])


def _claude(client: Any) -> str:
    answer = client.messages.create(model="claude-3-5-sonnet", max_tokens=9, messages=MESSAGES)
    return str(answer.content[0].text)


def _claude_stream(client: Any) -> str:
    asked = {"model": "claude-3-5-sonnet", "max_tokens": 9, "messages": MESSAGES}
    events = list(client.messages.create(**asked, stream=True))
    return "".join(event.delta.text for event in events if event.type == "content_block_delta")


def _chat(client: Any) -> str:
    answer = client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
    return str(answer.choices[0].message.content)


SDKS: Final[dict[str, Callable[[str], str]]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        google_genai,
        google_genai_stream,
        google_genai_vertex,
        boto3_converse,
        boto3_bearer,
        boto3_converse_stream,
        boto3_invoke,
        boto3_invoke_stream,
        anthropic_bedrock,
        anthropic_bedrock_signed,
        anthropic_mantle,
        anthropic_mantle_signed,
        anthropic_aws,
        anthropic_vertex,
        anthropic_vertex_stream,
        anthropic_foundry,
        azure_openai,
        azure_openai_v1,
        bedrock_openai,
        mistral,
        groq,
        ollama,
    )
}


def ask(name: str, key: str) -> dict[str, Any]:
    """What is seen of one question."""
    try:
        return {"text": SDKS[name](key), "error": None}
    except Exception as error:  # noqa: BLE001  (whatever it raises is what is asked about)
        return {"text": "", "error": _described(error)}


def _described(error: Exception) -> dict[str, Any]:
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        # boto3's has AWS's name of it in there.
        code = response["Error"]["Code"]
    else:
        code = getattr(error, "status", None)
    status = next(
        (
            value
            for name in ("status_code", "code")
            if isinstance(value := getattr(error, name, None), int)
        ),
        None,
    )
    return {
        "kind": type(error).__name__,
        "status": status,
        "code": code if isinstance(code, str) else None,
        "message": str(error),
    }


if __name__ == "__main__":
    sys.stdout.write(
        json.dumps([ask(sys.argv[1], key) for key in json.loads(os.environ["API_KEYS"])])
    )
