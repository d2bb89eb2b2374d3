"""Ready lines for the clients that people use, with the host and the secret filled in."""

from typing import NamedTuple


class Snippet(NamedTuple):
    """One tab."""

    key: str
    title: str
    text: str


def snippets(base_url: str, secret: str, provider: str) -> list[Snippet]:
    """What to paste. Anthropic's own clients where the provider is Anthropic."""
    if provider == "anthropic":
        return _anthropic(base_url, secret)
    return [
        Snippet(
            "curl",
            "curl",
            f"curl {base_url}/v1/chat/completions \\\n"
            f'  -H "Authorization: Bearer {secret}" \\\n'
            '  -H "Content-Type: application/json" \\\n'
            '  -d \'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}\'',
        ),
        Snippet(
            "python",
            "OpenAI Python",
            "from openai import OpenAI\n\n"
            f'client = OpenAI(base_url="{base_url}/v1", api_key="{secret}")\n'
            "answer = client.chat.completions.create(\n"
            '    model="gpt-4o-mini",\n'
            '    messages=[{"role": "user", "content": "Hello"}],\n'
            ")\n"
            "print(answer.choices[0].message.content)",
        ),
        Snippet(
            "javascript",
            "OpenAI JavaScript",
            'import OpenAI from "openai";\n\n'
            f'const client = new OpenAI({{ baseURL: "{base_url}/v1", apiKey: "{secret}" }});\n'
            "const answer = await client.chat.completions.create({\n"
            '  model: "gpt-4o-mini",\n'
            '  messages: [{ role: "user", content: "Hello" }],\n'
            "});\n"
            "console.log(answer.choices[0].message.content);",
        ),
        Snippet(
            "langchain",
            "LangChain",
            "from langchain_openai import ChatOpenAI\n\n"
            "model = ChatOpenAI(\n"
            '    model="gpt-4o-mini",\n'
            f'    base_url="{base_url}/v1",\n'
            f'    api_key="{secret}",\n'
            ")\n"
            'print(model.invoke("Hello").content)',
        ),
        Snippet(
            "environment",
            "Environment",
            f"OPENAI_BASE_URL={base_url}/v1\nOPENAI_API_KEY={secret}",
        ),
    ]


def _anthropic(base_url: str, secret: str) -> list[Snippet]:
    return [
        Snippet(
            "curl",
            "curl",
            f"curl {base_url}/v1/messages \\\n"
            f'  -H "x-api-key: {secret}" \\\n'
            '  -H "anthropic-version: 2023-06-01" \\\n'
            '  -H "Content-Type: application/json" \\\n'
            '  -d \'{"model": "claude-sonnet-4-5", "max_tokens": 100, '
            '"messages": [{"role": "user", "content": "Hello"}]}\'',
        ),
        Snippet(
            "python",
            "Anthropic Python",
            "from anthropic import Anthropic\n\n"
            f'client = Anthropic(base_url="{base_url}", api_key="{secret}")\n'
            "answer = client.messages.create(\n"
            '    model="claude-sonnet-4-5",\n'
            "    max_tokens=100,\n"
            '    messages=[{"role": "user", "content": "Hello"}],\n'
            ")\n"
            "print(answer.content[0].text)",
        ),
        Snippet(
            "environment",
            "Environment",
            f"ANTHROPIC_BASE_URL={base_url}\nANTHROPIC_API_KEY={secret}",
        ),
    ]
