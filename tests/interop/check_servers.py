"""Other people's servers as upstreams: through the proxy as directly, and counted as they say.

`make interop`; not part of `make test`, which does not find this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import pytest

from models.request_log import RequestLog
from tests.fixtures.service import UPSTREAM_KEY, Issued, Service
from tests.interop.fixtures import proxy
from tests.interop.servers import MODEL, SERVERS, Running

__all__ = ["proxy"]

#: What differs from one answer of the same server to the next.
_VOLATILE: Final = frozenset(
    ("id", "item_id", "created", "created_at", "completed_at", "timings", "system_fingerprint")
)
_MESSAGES: Final = [{"role": "user", "content": "How many words are in this question?"}]
_CHAT: Final = {
    "model": MODEL,
    "messages": _MESSAGES,
    "max_tokens": 12,
    "temperature": 0,
    "seed": 1,
}
_COMPLETION: Final = {
    "model": MODEL,
    "prompt": "Once",
    "max_tokens": 12,
    "temperature": 0,
    "seed": 1,
}
_PATHS: Final = pytest.mark.parametrize(
    ("path", "payload"),
    [("/v1/chat/completions", _CHAT), ("/v1/completions", _COMPLETION)],
    ids=["chat", "completion"],
)
_RESPONSE: Final = {"model": "whole", "input": "Once", "max_output_tokens": 16, "temperature": 0}
_MESSAGE: Final = {"model": "whole", "messages": _MESSAGES, "max_tokens": 12, "temperature": 0}
_DIALECTS: Final = pytest.mark.parametrize(
    ("provider", "path", "payload"),
    [("openai", "/v1/responses", _RESPONSE), ("anthropic", "/v1/messages", _MESSAGE)],
    ids=["response", "message"],
)
#: What a server does not have.
_LACKING: Final = {
    ("aimock", "/v1/completions"),
    ("mlx", "/v1/responses"),
    ("mlx", "/v1/messages"),
}
_USAGE: Final = {"stream": True, "stream_options": {"include_usage": True}}

Answer = tuple[int, Any]


@pytest.fixture(scope="module", params=SERVERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Each server in turn."""
    with SERVERS[request.param](tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def litellm_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """LiteLLM's proxy, for what it alone can be made to do."""
    with SERVERS["litellm"](tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
async def issued(proxy: Service, server: Running) -> Issued:
    """A token whose requests go to the server."""
    return await proxy.make_token(server.url)


# the same answers, and their usage


@_PATHS
async def test_plain_answer_is_the_same_and_its_usage_counts(
    proxy: Service, server: Running, issued: Issued, path: str, payload: dict[str, Any]
) -> None:
    _skip_what_it_lacks(server, path)
    direct = _ask(server.url, UPSTREAM_KEY, path, payload)
    through = _ask(proxy.url, issued.secret, path, payload)

    assert direct[0] == 200
    assert through == direct
    _counts(await _row(proxy, issued), direct[1]["usage"])


@_PATHS
async def test_stream_is_the_same_and_counts_what_the_server_would_have_said(
    proxy: Service, server: Running, issued: Issued, path: str, payload: dict[str, Any]
) -> None:
    _skip_what_it_lacks(server, path)
    said = _ask(server.url, UPSTREAM_KEY, path, payload | _USAGE)[1]
    direct = _ask(server.url, UPSTREAM_KEY, path, payload | {"stream": True})
    through = _ask(proxy.url, issued.secret, path, payload | {"stream": True})

    assert direct[0] == 200
    # Asked for usage on the client's behalf, LiteLLM leaves out the zeros that it else writes.
    assert _without_usage(through) == _without_usage(direct)
    _counts(await _row(proxy, issued), _usage_of(said))


@_PATHS
async def test_stream_whose_usage_was_asked_for_is_the_same(
    proxy: Service, server: Running, issued: Issued, path: str, payload: dict[str, Any]
) -> None:
    _skip_what_it_lacks(server, path)
    direct = _ask(server.url, UPSTREAM_KEY, path, payload | _USAGE)
    through = _ask(proxy.url, issued.secret, path, payload | _USAGE)

    assert through == direct
    _counts(await _row(proxy, issued), _usage_of(direct[1]))


@_DIALECTS
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
async def test_other_dialects_are_the_same_and_their_usage_counts(
    *,
    proxy: Service,
    server: Running,
    provider: str,
    path: str,
    payload: dict[str, Any],
    stream: bool,
) -> None:
    _skip_what_it_lacks(server, path)
    issued = await proxy.make_token(server.url, project={"provider": provider})

    direct = _ask(server.url, UPSTREAM_KEY, path, payload | {"stream": stream})
    through = _ask(proxy.url, issued.secret, path, payload | {"stream": stream})

    assert direct[0] == 200
    assert through == direct
    row = await _row(proxy, issued)
    assert (row.outcome, row.usage) == ("complete", "exact")
    usage = _last_usage(direct[1])
    assert (row.prompt_tokens, row.completion_tokens) == usage


async def test_models_are_the_same(proxy: Service, server: Running, issued: Issued) -> None:
    def listed(origin: str, secret: str) -> list[str]:
        answer = httpx.get(f"{origin}/v1/models", headers={"authorization": f"Bearer {secret}"})
        return [model["id"] for model in answer.json()["data"]]

    assert listed(proxy.url, issued.secret) == listed(server.url, UPSTREAM_KEY)


# errors


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
async def test_refusal_is_the_same_and_keeps_its_code(
    proxy: Service, server: Running, issued: Issued, stream: bool
) -> None:
    payload = {"model": MODEL, "messages": "none", "stream": stream}

    direct = _ask(server.url, UPSTREAM_KEY, "/v1/chat/completions", payload)
    through = _ask(proxy.url, issued.secret, "/v1/chat/completions", payload)

    assert direct[0] >= 400
    assert through == direct
    row = await _row(proxy, issued)
    assert (row.status, row.outcome) == (direct[0], "complete")
    assert row.upstream_code


async def test_limit_of_the_server_is_passed_on(proxy: Service, litellm_server: Running) -> None:
    issued = await proxy.make_token(litellm_server.url)
    payload = _CHAT | {"model": "limited"}

    direct = _ask(litellm_server.url, UPSTREAM_KEY, "/v1/chat/completions", payload)
    through = _ask(proxy.url, issued.secret, "/v1/chat/completions", payload)

    assert direct[0] == 429
    assert through == direct
    assert (await _row(proxy, issued)).upstream_code == "429"


# broken answers


async def test_error_inside_a_stream_is_passed_on_and_recorded(
    proxy: Service, litellm_server: Running
) -> None:
    issued = await proxy.make_token(litellm_server.url)
    payload = _CHAT | {"model": "cut", "max_tokens": 100, "stream": True}

    status, events = _ask(proxy.url, issued.secret, "/v1/chat/completions", payload)

    assert status == 200
    assert any("error" in event for event in events if isinstance(event, dict))
    assert "data: [DONE]" not in events
    row = await _row(proxy, issued)
    assert (row.status, row.outcome, row.usage) == (200, "upstream_error", "unknown")
    assert row.upstream_code


@pytest.mark.parametrize("name", SERVERS)
async def test_stream_of_a_server_that_dies_breaks_the_client_too(
    proxy: Service, name: str, tmp_path: Path
) -> None:
    with SERVERS[name](tmp_path) as server:
        issued = await proxy.make_token(server.url)
        with httpx.stream(
            "POST",
            f"{proxy.url}/v1/chat/completions",
            json={"model": "slow", "messages": _MESSAGES, "stream": True, "ignore_eos": True},
            headers=issued.bearer,
        ) as answer:
            pieces = answer.iter_bytes()
            # Some send comments first.
            assert any(b"data: " in piece for piece in pieces)
            server.kill()
            with pytest.raises(httpx.RemoteProtocolError):
                b"".join(pieces)

    row = await _row(proxy, issued)
    assert (row.status, row.outcome, row.usage) == (200, "upstream_broke", "unknown")


# helpers of this file


def _skip_what_it_lacks(server: Running, path: str) -> None:
    if (server.name, path) in _LACKING:
        pytest.skip(f"{server.name} has no {path}")


def _ask(origin: str, secret: str, path: str, payload: dict[str, Any]) -> Answer:
    """The status and what is lasting of the answer: of a stream, of each event."""
    answer = httpx.post(
        origin + path, json=payload, headers={"authorization": f"Bearer {secret}"}, timeout=60
    )
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return answer.status_code, _lasting(answer.content)
    return answer.status_code, [_event(part) for part in answer.text.split("\n\n")]


def _event(text: str) -> Any:
    """What an event says; of one without JSON its text."""
    data = next((line for line in text.splitlines() if line.startswith("data: {")), None)
    return text.strip() if data is None else _lasting(data.removeprefix("data: ").encode())


def _lasting(body: bytes) -> Any:
    return _without_volatile(msgspec.json.decode(body))


def _without_volatile(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_volatile(part) for part in value]
    if isinstance(value, dict):
        return {key: _without_volatile(part) for key, part in value.items() if key not in _VOLATILE}
    return value


def _without_usage(answer: Answer) -> Answer:
    status, events = answer
    return status, [
        {key: value for key, value in event.items() if key != "usage"}
        if isinstance(event, dict)
        else event
        for event in events
    ]


def _usage_of(events: list[Any]) -> dict[str, Any]:
    """The last that a stream's events say."""
    said = [event["usage"] for event in events if isinstance(event, dict) and event.get("usage")]
    usage: dict[str, Any] = said[-1]
    return usage


def _last_usage(answer: Any) -> tuple[int, int]:
    """The tokens in and out that an answer or a stream's events say, the last of each."""
    found: dict[str, int] = {}
    for part in answer if isinstance(answer, list) else [answer]:
        if isinstance(part, dict):
            holder = part.get("response") or part.get("message") or part
            found |= holder.get("usage") or {}
    # Anthropic counts what was read from a cache beside the input; OpenAI's field has other names.
    return found["input_tokens"] + found.get("cache_read_input_tokens", 0), found["output_tokens"]


async def _row(proxy: Service, issued: Issued) -> RequestLog:
    [row] = await proxy.entries(issued.token.id, 1)
    return row


def _counts(row: RequestLog, usage: dict[str, Any]) -> None:
    assert (row.status, row.outcome, row.usage) == (200, "complete", "exact")
    assert row.prompt_tokens == usage["prompt_tokens"]
    assert row.completion_tokens == usage["completion_tokens"]
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
    assert (row.cached_tokens or 0) == (cached or 0)
