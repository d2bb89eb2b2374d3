"""One question by the SDK of a provider, as JSON on standard output: see `check_provider_sdks.py`.

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
KEY: Final = os.environ["API_KEY"]
QUESTION: Final = "How many words are in this question?"
MESSAGES: Final[list[Any]] = [{"role": "user", "content": QUESTION}]


def of(module: str) -> Any:
    """An SDK, which is not installed where the proxy is."""
    return import_module(module)


def google_genai() -> str:
    """The version of the API that this release of it asks for."""
    client = of("google.genai").Client(api_key=KEY, http_options={"base_url": BASE})
    answer = client.models.generate_content(model="gemini-2.5-flash", contents=QUESTION)
    return str(answer.text)


def boto3_converse() -> str:
    """Over http, where the token is the access key id, and any text the secret."""
    client = of("boto3").client(
        "bedrock-runtime",
        endpoint_url=BASE,
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key="any text",
    )
    asked = [{"role": "user", "content": [{"text": QUESTION}]}]
    answer = client.converse(modelId="anthropic.claude-3-5-sonnet-20240620-v1:0", messages=asked)
    return str(answer["output"]["message"]["content"][0]["text"])


def anthropic_bedrock() -> str:
    """Its key as a bearer token."""
    return _claude(
        of("anthropic").AnthropicBedrock(base_url=BASE, api_key=KEY, aws_region="us-east-1")
    )


def anthropic_foundry() -> str:
    """It sends its key twice, in two fields."""
    return _claude(of("anthropic").AnthropicFoundry(base_url=f"{BASE}/anthropic", api_key=KEY))


def azure_openai() -> str:
    """By the path of a deployment."""
    return _chat(
        of("openai").AzureOpenAI(azure_endpoint=BASE, api_key=KEY, api_version="2024-10-21")
    )


def mistral() -> str:
    """Its own client, whose server has no `/v1`."""
    client = of("mistralai.client").Mistral(api_key=KEY, server_url=BASE)
    answer = client.chat.complete(model="mistral-small", messages=MESSAGES)
    return str(answer.choices[0].message.content)


def groq() -> str:
    """It adds `/openai/v1` to its base."""
    return _chat(of("groq").Groq(base_url=BASE, api_key=KEY))


def ollama() -> str:
    """Ollama's own API."""
    client = of("ollama").Client(host=BASE, headers={"authorization": f"Bearer {KEY}"})
    return str(client.chat(model="llama3:latest", messages=MESSAGES)["message"]["content"])


def _claude(client: Any) -> str:
    answer = client.messages.create(model="claude-3-5-sonnet", max_tokens=9, messages=MESSAGES)
    return str(answer.content[0].text)


def _chat(client: Any) -> str:
    answer = client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
    return str(answer.choices[0].message.content)


SDKS: Final[dict[str, Callable[[], str]]] = {
    "google-genai": google_genai,
    "boto3-converse": boto3_converse,
    "anthropic-bedrock": anthropic_bedrock,
    "anthropic-foundry": anthropic_foundry,
    "azure-openai": azure_openai,
    "mistral": mistral,
    "groq": groq,
    "ollama": ollama,
}


def main() -> None:
    """Ask, and say what was seen."""
    seen: dict[str, Any] = {"text": "", "error": None}
    try:
        seen["text"] = SDKS[sys.argv[1]]()
    except Exception as error:  # noqa: BLE001  (whatever it raises is what is asked about)
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
        seen["error"] = {
            "kind": type(error).__name__,
            "status": status,
            "code": code if isinstance(code, str) else None,
            "message": str(error),
        }
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
