"""The text of docs/providers.md, from the providers' files and what is known of their clients."""

from typing import Final, NamedTuple, get_args

from proxy.providers.catalog import BUILT_IN, FOLDER
from proxy.providers.endpoints import Dialect, Endpoint, Off
from proxy.providers.forms import ALLOWED
from proxy.providers.provider import Provider

_HEAD: Final = """\
# Providers

A provider is a kind of upstream: where it is, how it takes its key, what it allows, how its answers
report usage, in which shape its clients read errors. A project names one. What this installation
knows, `llm-proxy provider list`, `llm-proxy provider show NAME` and `GET /manage/providers` say.

Each built-in one is a file in `proxy/providers/built_in/`, in the form that `PROVIDERS_FILE` has:

```toml
[providers.openai]                  # a built-in one, changed
meter_streams = false
also_allow = [{ method = "POST", path = "/v1/fine_tuning/*" }]

[providers.local]                   # a new one, like a built-in one but for what is said
like = "openai"
base_url = "http://10.0.0.7:8000"
```

A new one that is like no other says `base_url`, `auth`, `error_shape` and `endpoints`. A file with
a mistake stops the start; each is told with what is allowed and an example. A `base_url` that ends
in an endpoint is refused, as clients add that. The first segment of a path is any but the proxy's
own. What a key may be, and how each kind is presented, is in [Upstream keys](upstream-keys.md).

The authorities behind `https` are the system's. For a private one, set `SSL_CERT_FILE` to a file of
certificates that has the authority's among them.

A path that no endpoint has is a 404 that names method, path and provider, and says what was
probably meant where it is nearly right: a base URL without `/v1` or with it twice, another
provider's endpoint.

"""

_RECIPES: Final = """
## Recipes

`llm-proxy project create --name NAME --provider PROVIDER` makes a project of one; `--base-url URL`
names another address. Where it needs one, it is refused without it, with an example. `PROXY` stands
for the proxy's address, such as `https://llm.example.com`; a client's key is the token. Paths were
compared with what the named SDKs put on the wire on 2026-11-28, and are held by
`tests/proxy/providers/test_built_in.py` and, with answers of each form, by
`tests/proxy/test_recipes.py`; the lists of OpenAI and Anthropic by
`tests/proxy/providers/test_sdk_endpoints.py`, against the SDKs that are installed there;
`make interop` runs several of the SDKs. No provider's own service was asked.
"""


class Recipe(NamedTuple):
    """What a person enters, at the proxy and in a client, and what was looked at."""

    key: str
    client: str
    seen: str


_TEXT: Final = "the API key"
_ANY_TEXT: Final = "the server's key; any text where it has none"
_NOT_RUN: Final = "nothing was run; from its documentation"
_V1: Final = "OpenAI's SDKs with `base_url=PROXY/v1`"
RECIPES: Final = {
    "openai": Recipe(_TEXT, _V1, "openai 3.54 (Python): every path that it calls"),
    "anthropic": Recipe(
        _TEXT, "Anthropic's SDKs with `base_url=PROXY`", "anthropic 2.12: every path that it calls"
    ),
    "azure-openai": Recipe(
        "the resource's key, or JSON of an Entra application",
        "`AzureOpenAI(azure_endpoint=PROXY)`; OpenAI's SDKs with `base_url=PROXY/openai/v1`; "
        "`AnthropicFoundry(base_url=PROXY/anthropic)`",
        "openai 3.57 and anthropic 2.14: their paths",
    ),
    "bedrock": Recipe(
        "a Bedrock API key, or JSON of access keys",
        "boto3 with `endpoint_url=PROXY` and the token as the access key id, or as "
        "`AWS_BEARER_TOKEN_BEDROCK` over https; `AnthropicBedrock(base_url=PROXY)`",
        "boto3 1.44 and anthropic 2.14: their paths",
    ),
    "bedrock-mantle": Recipe(
        "a Bedrock API key, or JSON of access keys",
        "`BedrockOpenAI` and OpenAI's SDKs with `base_url=PROXY/openai/v1`; "
        "`AnthropicBedrockMantle(base_url=PROXY/anthropic)`",
        "openai 3.57 and anthropic 2.14: their paths",
    ),
    "deepseek": Recipe(
        _TEXT, f"{_V1} or `base_url=PROXY`; Anthropic's with `PROXY/anthropic`", "no SDK of its own"
    ),
    "fireworks": Recipe(_TEXT, f"fireworks-ai and {_V1}", "fireworks-ai 1.2: its paths"),
    "gemini": Recipe(
        _TEXT,
        "google-genai with `http_options={'base_url': 'PROXY'}`",
        "google-genai 1.75, 2.34 and 3.6 (Python), 2.32 and 3.3 (npm): their paths",
    ),
    "gemini-openai": Recipe(_TEXT, _V1, "openai: its paths"),
    "groq": Recipe(
        _TEXT, f"groq with `base_url=PROXY`, which adds /openai/v1; {_V1}", "groq 1.7: its paths"
    ),
    "llama-cpp": Recipe(_ANY_TEXT, _V1, "the server of llama.cpp, by `make interop`"),
    "lm-studio": Recipe(_ANY_TEXT, _V1, _NOT_RUN),
    "mistral": Recipe(
        _TEXT, f"mistralai with `server_url=PROXY`; {_V1}", "mistralai 3.7: its paths"
    ),
    "moonshot": Recipe(
        _TEXT, f"{_V1}; Anthropic's with `PROXY/anthropic`", _NOT_RUN
    ),
    "ollama": Recipe(
        _ANY_TEXT, f"ollama with `host=PROXY` and `OLLAMA_API_KEY`; {_V1}", "ollama 0.6: its paths"
    ),
    "openrouter": Recipe(_TEXT, _V1, _NOT_RUN),
    "perplexity": Recipe(
        _TEXT,
        "perplexityai with `base_url=PROXY`; OpenAI's SDKs with `base_url=PROXY`, without /v1",
        "perplexityai 0.46: its paths",
    ),
    "together": Recipe(_TEXT, f"together with `base_url=PROXY`; {_V1}", "together 3.1: its paths"),
    "vertex": Recipe(
        "JSON of a service account, or an access token",
        "google-genai with `vertexai=True`, `project`, `location` and base URL PROXY; "
        "`AnthropicVertex(base_url=PROXY/v1)`",
        "google-genai 3.6 and anthropic 2.14: their paths",
    ),
    "vllm": Recipe(_ANY_TEXT, _V1, _NOT_RUN),
    "xai": Recipe(_TEXT, _V1, "openai: its paths; xai-sdk speaks gRPC and cannot be carried"),
    "zai": Recipe(
        _TEXT, f"{_V1}; Anthropic's with `PROXY/api/anthropic`", _NOT_RUN
    ),
}  # fmt: skip


def providers() -> str:
    """The whole page."""
    keys = "".join(
        f"| `{key}` | {_cell(what)} | `{example}` |\n" for key, (what, example) in _keys()
    )
    dialects = ", ".join(f"`{name}`" for name in get_args(Dialect))
    sections = "".join(map(_section, BUILT_IN.values()))
    return (
        f"{_HEAD}<!-- Written by `make docs` from proxy/providers/. -->\n\n"
        f"| key | allowed | example |\n|---|---|---|\n{keys}\n"
        f"`usage` of an endpoint is one of {dialects}. Without it a `POST` is read as a built-in\n"
        "endpoint of the same path, else as `generic`; `none` is for what creates nothing, `free`\n"
        "for what costs nothing, `batches` for what runs other requests later.\n"
        f"{_RECIPES}{sections}"
    )


def _keys() -> list[tuple[str, tuple[str, str]]]:
    return [(key, said) for key, said in ALLOWED.items() if key != "providers"]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("{", "`{").replace("}", "}`")


def _section(provider: Provider) -> str:
    recipe = RECIPES[provider.name]
    where = f"`{provider.base_url}`" if provider.base_url else "each project's own"
    if provider.own_base_url is None and provider.base_url:
        where += ", filled in as the project's base URL"
    prefix = f"; `{provider.v1_prefix or 'nothing'}` in place of `/v1`"
    facts = (
        f"- upstream: {where}{prefix if provider.v1_prefix != '/v1' else ''}\n"
        f"- key: {recipe.key}, presented as `{provider.auth}`\n"
        f"- clients: {recipe.client}\n"
        f"- errors: `{provider.error_shape}`; prices: `{provider.listed_as}`"
        f"{f', or what the answer states in `{provider.cost}`' if provider.cost else ''}\n"
        f"- looked at: {recipe.seen}\n"
    )
    return f"\n### {provider.name}\n\n{_said(provider.name)}\n{facts}\n{_table(provider)}"


def _said(name: str) -> str:
    """The comment at the head of its file; what is off as a list."""
    head = (FOLDER / f"{name}.toml").read_text(encoding="utf-8").partition("\n\n[")[0]
    lines = [line.removeprefix("#").removeprefix(" ") for line in head.splitlines()]
    if off := BUILT_IN[name].off:
        lines += [
            "",
            "Off unless a [project](endpoints.md) or `PROVIDERS_FILE` switches it on:",
            "",
        ]
        lines += (f"- `{_line(one)}`: {one.reason}" for one in off)
    return "\n".join(lines) + "\n"


def _line(one: Off) -> str:
    return one.pattern if one.method == "*" else f"{one.method} {one.pattern}"


def _table(provider: Provider) -> str:
    by_path: dict[str, list[Endpoint]] = {}
    for endpoint in provider.endpoints:
        by_path.setdefault(endpoint.pattern, []).append(endpoint)
    rows = "".join(_row(path, found) for path, found in by_path.items())
    return f"| path | methods | usage |\n|---|---|---|\n{rows}"


def _row(path: str, endpoints: list[Endpoint]) -> str:
    methods = ", ".join(
        ("any" if one.method == "*" else one.method)
        + (" (with `isolation`)" if one.isolated else "")
        for one in endpoints
    )
    dialects = dict.fromkeys(one.dialect for one in endpoints if one.dialect != "none")
    return f"| `{path}` | {methods} | {', '.join(dialects) or '–'} |\n"
