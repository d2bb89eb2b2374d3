"""A key's own names for models: what goes upstream, and what the row and its price say."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from config import Database
from tests.proxy.accounts.several import ANSWER, Several, answering, well
from tests.proxy.accounts.test_failover import RULE
from tests.proxy.planes import a_plane

MAP: Final = {"gpt-4o": "my deployment/é"}
#: The same in JSON, in a form and in a path.
IN_JSON: Final = b'"my deployment/\\u00e9"'
IN_FORM: Final = "my deployment/é".encode()
IN_PATH: Final = b"my%20deployment%2F%C3%A9"
_FORM: Final = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n%b\r\n'
    b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n%b\r\n--b--\r\n'
)
_FORM_TYPE: Final = "Content-Type: multipart/form-data; boundary=b"
_LARGE: Final = b'[{"role":"user","content":"' + b"gpt-4o " * 20_000 + b'"}]'


@pytest.fixture
async def several(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Several]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield Several(plane)


def _parts(request: bytes) -> tuple[bytes, bytes, bytes]:
    """Path, header lines and body of what reached the upstream."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, _, lines = head.partition(b"\r\n")
    return first.split(b" ")[1], lines, body


#: A body, with the model's value left open, and what besides its length is not as it came.
BODIES: Final[dict[str, tuple[bytes, bytes, bytes]]] = {
    "plain": (b'{"model": %b, "messages": []}', b'"gpt-4o"', IN_JSON),
    "escaped": (b'{"mod\\u0065l" :\t%b\n, "messages": []}', b'"gpt\\u002d4o"', IN_JSON),
    "last of a large one": (b'{"messages":' + _LARGE + b',"model":%b}', b'"gpt-4o"', IN_JSON),
    "named elsewhere": (b'{"model":%b,"metadata":{"model":"gpt-4o"}}', b'"gpt-4o"', IN_JSON),
    "streaming, which asks for its usage itself": (
        b'{"model":%b,"stream":true,"stream_options":{"include_usage":true}}', b'"gpt-4o"', IN_JSON,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BODIES)
async def test_the_name_is_put_in_and_nothing_else_is_touched(several: Several, case: str) -> None:
    text, name, mapped = BODIES[case]
    await several.make(well, failover=None, maps=[MAP], max_requests=5)
    client = await several.ask(text % name)
    assert (client.status, client.content) == (200, ANSWER)
    path, lines, body = _parts(several.requests[0])
    assert (path, body) == (b"/v1/chat/completions", text % mapped)
    assert b"Content-Length: %d\r\n" % len(body) in lines + b"\r\n"
    assert several.entry.model == "gpt-4o"
    assert await several.plane.admitted(several.secret) == 4
    assert several.plane.is_idle()


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("openai", "/v1/responses/input_tokens"),
        ("anthropic", "/v1/messages/count_tokens"),
        ("ollama", "/api/show"),
    ],
)
async def test_what_only_asks_about_a_model_is_for_the_key_s_and_for_an_allowed_one(
    several: Several, provider: str, path: str
) -> None:
    await several.make(
        well, failover=None, maps=[MAP], provider=provider, allowed_models=["gpt-4o"]
    )
    await several.ask(b'{"model": "gpt-4o", "input": "x"}', path=path)
    assert _parts(several.requests[0])[2] == b'{"model": %b, "input": "x"}' % IN_JSON
    client = await several.ask(b'{"model": "o3", "input": "x"}', path=path)
    assert (client.status, several.asked) == (403, [0])


async def test_a_name_that_is_not_in_the_map_stays(several: Several) -> None:
    await several.make(well, failover=None, maps=[MAP])
    body = b'{"model": "gpt-4o-mini", "messages": []}'
    await several.ask(body)
    assert _parts(several.requests[0])[2] == body


async def test_of_a_repeated_model_each_is_renamed(several: Several) -> None:
    """Some servers take the first and some the last, and some do not mind the case."""
    await several.make(well, failover=None, maps=[MAP])
    await several.ask(b'{"model":"gpt-4o","model":"o3","Model":"gpt-4o"}')
    body = _parts(several.requests[0])[2]
    assert body == b'{"model":%b,"model":"o3","Model":%b}' % (IN_JSON, IN_JSON)


async def test_a_question_for_usage_and_a_name_are_put_into_one_body(several: Several) -> None:
    await several.make(well, failover=None, maps=[MAP])
    await several.ask(b'{"model":"gpt-4o","stream":true}')
    body = _parts(several.requests[0])[2]
    assert body == (b'{"stream_options":{"include_usage":true},"model":%b,"stream":true}' % IN_JSON)


async def test_a_request_without_the_refused_question_has_the_name_again(several: Several) -> None:
    refusal = answering(400, b'{"error":{"message":"unknown: stream_options"}}')
    await several.make(refusal, failover=None, maps=[MAP])
    await several.ask(b'{"model":"gpt-4o","stream":true}')
    assert [_parts(one)[2] for one in several.requests][1] == (
        b'{"model":%b,"stream":true}' % IN_JSON
    )


async def test_a_compressed_body_goes_up_plain_with_the_name(several: Several) -> None:
    await several.make(well, failover=None, maps=[MAP])
    body = gzip.compress(b'{"model":"gpt-4o","messages":[]}')
    await several.ask(body, fields=("Content-Encoding: gzip",))
    _, lines, sent = _parts(several.requests[0])
    assert b"encoding: gzip" not in lines.lower()
    assert sent == b'{"model":%b,"messages":[]}' % IN_JSON
    assert several.plane.is_idle()


async def test_a_compressed_body_that_names_no_such_model_goes_as_it_came(several: Several) -> None:
    await several.make(well, failover=None, maps=[MAP])
    body = gzip.compress(b'{"model":"o3","messages":[]}')
    await several.ask(body, fields=("Content-Encoding: gzip",))
    _, lines, sent = _parts(several.requests[0])
    assert (sent, b"Content-Encoding: gzip" in lines) == (body, True)


@pytest.mark.parametrize("size", [3, 300_000])
async def test_a_form_has_the_name_in_its_field(several: Several, size: int) -> None:
    await several.make(well, failover=None, maps=[MAP])
    audio = b"gpt-4o" * (size // 6) + b"x"
    await several.ask(
        _FORM % (audio, b"gpt-4o"), path="/v1/audio/transcriptions", fields=(_FORM_TYPE,)
    )
    path, _, body = _parts(several.requests[0])
    assert (path, body) == (b"/v1/audio/transcriptions", _FORM % (audio, IN_FORM))
    assert several.entry.model == "gpt-4o"
    assert several.plane.is_idle()


async def test_a_form_that_is_none_goes_as_it_came(several: Several) -> None:
    await several.make(well, failover=None, maps=[MAP])
    body = b"--b\r\nodd" + _FORM % (b"x", b"gpt-4o")
    await several.ask(body, path="/v1/audio/transcriptions", fields=(_FORM_TYPE,))
    assert _parts(several.requests[0])[2] == body


async def test_a_model_in_the_path_and_one_in_the_body_are_both_renamed(several: Several) -> None:
    maps = [{"a:b": "c/d:e", "gpt-4o": "o3"}]
    await several.make(well, failover=None, maps=maps, provider="azure-openai")
    path = "/openai/deployments/%s/chat/completions?api-version=2024-10-21&x=a%%3Ab"
    await several.ask(b'{"model":"gpt-4o","messages":[]}', path=path % "a%3Ab")
    went, _, body = _parts(several.requests[0])
    assert (went.decode(), body) == (path % "c%2Fd%3Ae", b'{"model":"o3","messages":[]}')
    assert several.entry.model == "a:b"


async def test_a_name_before_a_colon_of_the_path(several: Several) -> None:
    maps = [{"gemini-2.5-flash": "tuned é"}]
    await several.make(well, failover=None, maps=maps, provider="gemini")
    path = "/v1beta/models/%s:generateContent"
    await several.ask(b'{"contents":[]}', path=path % "gemini-2.5-flash")
    assert _parts(several.requests[0])[0].decode() == path % "tuned%20%C3%A9"


async def test_each_account_has_names_of_its_own(several: Several) -> None:
    maps = [{"gpt-4o": "first"}, None, {"gpt-4o": "third"}]
    await several.make(answering(429), answering(503), well, failover=RULE, maps=maps)
    body = b'{"model": "gpt-4o", "messages": []}'
    client = await several.ask(body)
    assert client.status == 200
    assert [_parts(one)[2] for one in several.requests] == [
        body.replace(b"gpt-4o", name) for name in (b"first", b"gpt-4o", b"third")
    ]
    assert (UUID(several.entry.key_id), several.entry.model) == (several.keys[2], "gpt-4o")
    assert several.plane.is_idle()


@pytest.mark.parametrize(
    ("allowed", "status"), [(["gpt-4o"], 200), (["first"], 403)], ids=["the client's", "the key's"]
)
async def test_rules_judge_the_name_that_the_client_has(
    several: Several, allowed: list[str], status: int
) -> None:
    maps = [{"gpt-4o": "first"}]
    await several.make(well, failover=None, maps=maps, allowed_models=allowed)
    assert (await several.ask()).status == status


#: Models: in the map, in the answer; and by which the request is priced, if by any.
PRICED: Final[dict[str, tuple[str, str, str | None]]] = {
    "by the answer's": ("my-deployment", "gpt-4o-mini", "gpt-4o-mini"),
    "by the mapped one, where the answer names none": ("gpt-4o-mini", "", "gpt-4o-mini"),
    "by the mapped one, where the answer's is not known": ("gpt-4o-mini", "odd", "gpt-4o-mini"),
    "by neither": ("my-deployment", "odd", None),
}


@pytest.mark.parametrize("case", PRICED)
async def test_the_price_goes_by_what_answered(several: Several, case: str) -> None:
    mapped, answered, priced = PRICED[case]
    usage = b'"choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":0,"total_tokens":1000}'
    named = b'"model":"%b",' % answered.encode() if answered else b""
    answer = b"{" + named + usage + b"}"
    await several.make(answering(200, answer), failover=None, maps=[{"gpt-4o": mapped}])
    await several.ask()
    entry = several.entry
    nanos: dict[str | None, Any] = {"gpt-4o-mini": 150_000, None: None}
    assert (entry.model, entry.answer_model) == ("gpt-4o", answered)
    assert entry.cost_nanos == nanos[priced]
