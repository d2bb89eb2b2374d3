"""The model that a path names: judged there and in the body, whatever both are encoded as."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from proxy.body.model_rule import NAME_MAX_BYTES
from proxy.body.reading import BodyReading, Judged
from proxy.body.wanted import wanted
from proxy.downstream import RequestHead
from proxy.errors import InvalidRequest, ModelNotAllowed, Refusal
from proxy.header_lines import HeaderLines
from proxy.providers.endpoints import Endpoint
from proxy.turns import Turns
from tests.proxy.body.test_multipart import field, form
from tests.proxy.rows import OPENAI, a_grant

PROVIDER: Final = replace(
    OPENAI,
    endpoints=(
        Endpoint("POST", "/v1/models/{model}:generateContent", "gemini"),
        Endpoint("POST", "/v1/models/{model}:batchEmbedContents", "gemini"),
        Endpoint("POST", "/v1/models/{model}:countTokens"),
        Endpoint("POST", "/api/show"),
        Endpoint("POST", "/api/chat", "ollama"),
        Endpoint("POST", "/model/{model}/converse", "converse"),
        Endpoint("POST", "/openai/deployments/{deployment}/chat/completions", "chat"),
        Endpoint("POST", "/openai/deployments/{deployment}/audio/transcriptions", "generic"),
    ),
)
GEMINI: Final = b"/v1/models/good-1:generateContent"
BATCH: Final = b"/v1/models/good-1:batchEmbedContents"
CHAT: Final = b"/api/chat"
COUNTED: Final = b"/v1/models/good-1:countTokens"
CONVERSE: Final = b"/model/good-1/converse"
AZURE: Final = b"/openai/deployments/good-1/chat/completions"
FORM_PATH: Final = b"/openai/deployments/good-1/audio/transcriptions"
JSON: Final = (b"content-type", b"application/json")
FORM: Final = (b"content-type", b"multipart/form-data; boundary=cut")
RULED: Final[dict[str, Any]] = {"allowed_models": ("good*", "us.anthropic.x-v1:0", "arn:*")}


async def judged(
    path: bytes, body: bytes, *fields: tuple[bytes, bytes], large: int = 0, **granted: Any
) -> Judged:
    if large:
        body = b'{"contents":"' + b"A" * large + (b'",' if len(body) > 2 else b'"') + body[1:]
    lines = HeaderLines.of(list(fields or (JSON,)))
    head = RequestHead("POST", path, "1.1", lines, len(body), "192.0.2.1")
    grant = a_grant(**granted)
    route = PROVIDER.match(path.partition(b"?")[0])["POST"]
    reading = BodyReading(head, wanted(head, grant, PROVIDER, route), Turns())
    for start in range(0, len(body), 65_536):
        await reading.take(body[start : start + 65_536])
    return await reading.judge(grant, route, complete=True)


SIZES: Final = pytest.mark.parametrize("large", [0, 100_000], ids=["small", "large"])
PATHS: Final = {
    "plain": (b"/v1/models/good-1:generateContent", "good-1", None),
    "another": (b"/v1/models/bad:generateContent", "", ModelNotAllowed),
    "free of charge": (b"/v1/models/bad:countTokens", "", ModelNotAllowed),
    "up to the last colon": (b"/v1/models/good:1:generateContent?alt=sse", "good:1", None),
    "encoded": (b"/v1/models/%67ood%2d1:generateContent", "good-1", None),
    "a raw colon": (b"/model/us.anthropic.x-v1:0/converse", "us.anthropic.x-v1:0", None),
    "an encoded colon": (b"/model/us.anthropic.x-v1%3A0/converse", "us.anthropic.x-v1:0", None),
    "in lower case": (b"/model/us.anthropic.x-v1%3a0/converse", "us.anthropic.x-v1:0", None),
    "an address": (
        b"/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprofile%2Fabc/converse",
        "arn:aws:bedrock:us-east-1:1:profile/abc",
        None,
    ),
    "encoded twice": (b"/model/us.anthropic.x-v1%253A0/converse", "", ModelNotAllowed),
    "a way back": (b"/model/good%2F..%2Fbad/converse", "", InvalidRequest),
    "another way back": (b"/model/good%5C..%5Cbad/converse", "", InvalidRequest),
    "an empty segment": (b"/model/good%2F%2Fbad/converse", "", InvalidRequest),
    "too long": (b"/model/good" + b"x" * NAME_MAX_BYTES + b"/converse", "", InvalidRequest),
}


@SIZES
@pytest.mark.parametrize(("path", "model", "refusal"), PATHS.values(), ids=PATHS)
async def test_a_path_must_name_an_allowed_model(
    path: bytes, model: str, refusal: type[Refusal] | None, large: int
) -> None:
    if refusal is None:
        assert (await judged(path, b"{}", large=large, **RULED)).model == model
    else:
        with pytest.raises(refusal):
            await judged(path, b"{}", large=large, **RULED)


NAMES: Final = {
    "none": (GEMINI, b'{"contents": []}', None),
    "nothing at all": (GEMINI, b"", None),
    "the same": (GEMINI, b'{"model": "models/good-1"}', None),
    "another": (GEMINI, b'{"model": "models/bad"}', ModelNotAllowed),
    "another, in Azure's body": (AZURE, b'{"model": "bad"}', ModelNotAllowed),
    "an allowed one, in Azure's body": (AZURE, b'{"model": "good-2"}', None),
    "twice": (AZURE, b'{"model": "good-1", "model": "good-2"}', InvalidRequest),
    "escaped": (AZURE, b'{"\\u006dodel": "bad"}', InvalidRequest),
    "folded": (AZURE, b'{"Model": "bad"}', InvalidRequest),
    "no name": (AZURE, b'{"model": 5}', InvalidRequest),
    "no JSON": (GEMINI, b"{", InvalidRequest),
    "no object": (GEMINI, b"[]", InvalidRequest),
    "a batch": (BATCH, b'{"requests": [{"model": "models/good-1"}, {"model": "good-2"}]}', None),
    "a batch's second": (
        BATCH,
        b'{"requests": [{"model": "models/good-1"}, {"model": "models/bad"}]}',
        ModelNotAllowed,
    ),
    "a batch's, escaped": (BATCH, b'{"requests": [{"\\u006dodel": "bad"}]}', ModelNotAllowed),
    "a batch that is no list": (BATCH, b'{"requests": {"model": "good-1"}}', InvalidRequest),
    "a model to be counted for": (
        COUNTED,
        b'{"model": "projects/p/locations/l/publishers/google/models/good-2", "contents": []}',
        None,
    ),
    "another to be counted for": (
        COUNTED,
        b'{"model": "projects/p/locations/l/publishers/google/models/bad", "contents": []}',
        ModelNotAllowed,
    ),
    "a request to be counted": (
        COUNTED,
        b'{"generateContentRequest": {"model": "models/good-2", "contents": []}}',
        None,
    ),
    "one that is not given": (COUNTED, b'{"generateContentRequest": null}', None),
    "another's": (
        COUNTED,
        b'{"generateContentRequest": {"contents": [], "model": "models/bad"}}',
        ModelNotAllowed,
    ),
    "another's in the other spelling": (
        COUNTED,
        b'{"generate_content_request": {"\\u006dodel": "bad"}}',
        ModelNotAllowed,
    ),
    "a request that is none": (
        COUNTED,
        b'{"generateContentRequest": ["model"]}',
        InvalidRequest,
    ),
    "fields of the model's own": (
        CONVERSE,
        b'{"additionalModelRequestFields": {"top_k": 5},'
        b' "additionalModelResponseFieldPaths": ["/x"]}',
        None,
    ),
    "a model in them": (
        CONVERSE,
        b'{"additionalModelRequestFields": {"model": "bad"}}',
        ModelNotAllowed,
    ),
    "a tool's model in them": (
        CONVERSE,
        b'{"additionalModelRequestFields": {"tools": [{"type": "x", "model": "bad"}]}}',
        ModelNotAllowed,
    ),
    "a routed one": (
        GEMINI,
        b'{"generationConfig": {"routingConfig": {"manualMode": {"modelName": "bad"}}}}',
        InvalidRequest,
    ),
    "a routed one in the other spelling": (
        GEMINI,
        b'{"generation_config": {"routing_config": {}}}',
        InvalidRequest,
    ),
    "a template that looks through prompts": (
        GEMINI,
        b'{"modelArmorConfig": {"promptTemplateName": "projects/p/templates/t"}}',
        None,
    ),
    "a schema that speaks of models": (
        GEMINI,
        b'{"generationConfig": {"responseSchema": {"properties": {"model": {}}}}}',
        None,
    ),
}


@SIZES
@pytest.mark.parametrize(("path", "body", "refusal"), NAMES.values(), ids=NAMES)
async def test_what_the_body_names_counts_as_well(
    path: bytes, body: bytes, refusal: type[Refusal] | None, large: int
) -> None:
    large = large if body.startswith(b"{") and len(body) > 1 else 0
    if refusal is None:
        assert (await judged(path, body, large=large, **RULED)).model == "good-1"
    else:
        with pytest.raises(refusal):
            await judged(path, body, large=large, **RULED)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ((), None),
        ((field(b"model", b"good-2"),), None),
        ((field(b"model", b"bad"),), ModelNotAllowed),
        ((field(b"model", b"good-2"), field(b"model", b"bad")), InvalidRequest),
    ],
)
async def test_a_form_beside_a_path_may_name_a_model(
    fields: tuple[bytes, ...], refusal: type[Refusal] | None
) -> None:
    body = form(*fields, field(b"prompt", b"x"))
    if refusal is None:
        assert (await judged(FORM_PATH, body, FORM, **RULED)).model == "good-1"
    else:
        with pytest.raises(refusal):
            await judged(FORM_PATH, body, FORM, **RULED)


@pytest.mark.parametrize("body", [b'{"model": "other"}', b"{}", b"?", b""])
async def test_a_token_without_a_rule_has_the_paths_model_and_no_body_is_read_for_it(
    body: bytes,
) -> None:
    assert (await judged(GEMINI, body)).model == "good-1"
    head = RequestHead("POST", GEMINI, "1.1", HeaderLines.of([JSON]), 1, "192.0.2.1")
    want = wanted(head, a_grant(), PROVIDER, PROVIDER.match(GEMINI)["POST"])
    assert (want.whole, want.model) == (False, False)


SHOWN: Final = {
    "as today": (b'{"model": "good-1"}', None),
    "as before": (b'{"name": "good-1"}', None),
    "both": (b'{"name": "bad", "model": "good-1"}', None),
    "another": (b'{"name": "bad"}', ModelNotAllowed),
    "another beside it": (b'{"name": "good-1", "model": "bad"}', ModelNotAllowed),
    "twice": (b'{"name": "good-1", "name": "bad"}', InvalidRequest),
    "folded": (b'{"Name": "good-1"}', InvalidRequest),
    "no name": (b'{"name": 5}', InvalidRequest),
    "none": (b'{"verbose": true}', InvalidRequest),
}


@pytest.mark.parametrize(("body", "refusal"), SHOWN.values(), ids=SHOWN)
async def test_old_clients_of_ollama_call_a_model_name(
    body: bytes, refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        assert (await judged(b"/api/show", body, **RULED)).model == "good-1"
    else:
        with pytest.raises(refusal):
            await judged(b"/api/show", body, **RULED)
    with pytest.raises(InvalidRequest):
        await judged(CHAT, b'{"name": "good-1"}', **RULED)
