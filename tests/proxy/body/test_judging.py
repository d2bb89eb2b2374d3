"""What a request's body decides once it has been read: its models, its splice, and refusals."""

from __future__ import annotations

import gzip
from typing import Any, Final

import pytest

from models.budgets import Policy
from proxy.body import reading as body_reading
from proxy.body.model_rule import NAME_MAX_BYTES
from proxy.body.reading import BodyReading, Judged
from proxy.downstream import RequestHead
from proxy.errors import InvalidRequest, ModelNotAllowed, NotMeterable, Refusal
from proxy.header_lines import HeaderLines
from proxy.plans import Plans
from proxy.turns import Turns
from tests.proxy.body.test_multipart import field, form
from tests.proxy.rows import a_grant

CHAT: Final = b"/v1/chat/completions"
JSON: Final = (b"content-type", b"application/json")
FORM: Final = (b"content-type", b"multipart/form-data; boundary=cut")
RULED: Final[dict[str, Any]] = {"allowed_models": ("good*",)}
POLICIES: Final = (
    Policy("any", max_requests=1),
    Policy("good", models=("good*",), max_requests=1),
    Policy("bad", models=("bad*",), max_requests=1),
)
ASKED: Final = b'"stream_options":{"include_usage":true},'


async def judged(
    body: bytes,
    *fields: tuple[bytes, bytes],
    path: bytes = CHAT,
    method: str = "POST",
    large: int = 0,
    **granted: Any,
) -> Judged:
    """What comes of a request with this body; `large` bytes of image stand in it."""
    if large:
        body = b'{"messages":"' + b"A" * large + b'",' + body[1:]
    lines = HeaderLines.of(list(fields or (JSON,)))
    head = RequestHead(method, path, "1.1", lines, len(body), "192.0.2.1")
    grant = a_grant(**granted)
    plan = Plans().of(grant, head)
    reading = BodyReading(head, plan.wanted, Turns(), plan.policies)
    for start in range(0, len(body), 65_536):
        await reading.take(body[start : start + 65_536])
    return await reading.judge(grant, plan.route, complete=True)


SIZES: Final = pytest.mark.parametrize("large", [0, 100_000], ids=["small", "large"])

NAMES: Final = {
    "no model": (b'{"stream": false}', InvalidRequest),
    "allowed": (b'{"model": "good-1"}', None),
    "not allowed": (b'{"model": "bad"}', ModelNotAllowed),
    "the second not": (b'{"model": "good-1", "models": ["good-2", "bad"]}', ModelNotAllowed),
    "a fallback not": (b'{"model": "good-1", "fallbacks": [{"model": "bad"}]}', ModelNotAllowed),
    "a tool's not": (b'{"model": "good-1", "tools": [{"model": "bad"}]}', ModelNotAllowed),
    "a tool's, escaped": (b'{"model":"good-1","tools":[{"\\u006dodel":"bad"}]}', ModelNotAllowed),
    "all allowed": (b'{"model": "good-1", "models": ["good-2"]}', None),
    "twice": (b'{"model": "good-1", "model": "good-1"}', InvalidRequest),
    "escaped": (b'{"model": "good-1", "\\u006dodel": "bad"}', InvalidRequest),
    "other case": (b'{"model": "good-1", "Model": "bad"}', InvalidRequest),
    "folding to it": (b'{"model": "good-1", "mode\\u006C": "bad"}', InvalidRequest),
    "half a character in a key": (b'{"model": "good-1", "mod\\ud800el": "bad"}', InvalidRequest),
    "a route that is not known": (b'{"model": "good-1", "route": "x"}', InvalidRequest),
    "too long": (b'{"model": "good-%b"}' % (b"x" * NAME_MAX_BYTES), InvalidRequest),
    "not UTF-8": (b'{"model": "good-1", "x": "\xff"}', InvalidRequest),
    "no JSON": (b'{"model": "good-1"', InvalidRequest),
    "empty": (b"", InvalidRequest),
}


@SIZES
@pytest.mark.parametrize(("body", "refusal"), NAMES.values(), ids=NAMES)
async def test_a_token_may_use_only_its_models(
    body: bytes, refusal: type[Refusal] | None, large: int
) -> None:
    if refusal is None:
        assert (await judged(body, large=large, **RULED)).model == "good-1"
    else:
        with pytest.raises(refusal):
            await judged(body, large=large, **RULED)


@pytest.mark.parametrize(("model", "allowed"), [(b"good-1", True), (b"bad", False)])
async def test_a_forms_model_is_held_to_the_rule(model: bytes, allowed: bool) -> None:
    body = form(field(b"model", model))
    path = b"/v1/audio/transcriptions"
    if allowed:
        assert (await judged(body, FORM, path=path, **RULED)).model == "good-1"
    else:
        with pytest.raises(ModelNotAllowed):
            await judged(body, FORM, path=path, **RULED)


async def test_the_rule_holds_for_what_is_compressed_and_the_default_of_an_endpoint() -> None:
    packed = (b"content-encoding", b"gzip")
    with pytest.raises(ModelNotAllowed):
        await judged(gzip.compress(b'{"model": "bad"}'), JSON, packed, **RULED)
    with pytest.raises(ModelNotAllowed):
        await judged(b'{"input": "x"}', path=b"/v1/moderations", **RULED)
    said = await judged(b'{"input": "x"}', path=b"/v1/moderations")
    assert said.model == "omni-moderation-latest"


async def test_a_body_that_decodes_to_too_much_is_not_looked_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(body_reading, "BODY_MAX_BYTES", 100_000)
    packed = (b"content-encoding", b"gzip")
    body = gzip.compress(b'{"model":"good-1","x":"%b"}' % (b"A" * 300_000))
    with pytest.raises(InvalidRequest):
        await judged(body, JSON, packed, **RULED)
    assert (await judged(body, JSON, packed)).model == ""


async def test_a_name_that_can_be_none_is_not_recorded() -> None:
    assert (await judged(b'{"model": "%b"}' % (b"x" * (NAME_MAX_BYTES + 1)))).model == ""
    assert (await judged(b'{"model": "%b"}' % (b"x" * NAME_MAX_BYTES))).model != ""


SPLICES: Final = {
    "streams": (b'{"model": "m", "stream": true}', True),
    "asks itself": (
        b'{"model": "m", "stream": true, "stream_options": {"include_usage": true}}',
        None,
    ),
    "does not stream": (b'{"model": "m"}', None),
    "asks in OpenRouter's way": (
        b'{"model": "m", "stream": true, "usage": {"include": true}}',
        False,
    ),
}


@SIZES
@pytest.mark.parametrize(("body", "withholds"), SPLICES.values(), ids=SPLICES)
async def test_who_did_not_ask_is_asked_for_and_only_then_an_event_is_withheld(
    body: bytes, withholds: bool | None, large: int
) -> None:
    splice = (await judged(body, large=large)).splice
    if withholds is None:
        assert splice is None
    else:
        assert splice is not None
        assert splice.withholds is withholds
        assert ASKED in b"".join(splice.body)


UNMETERABLE: Final = {
    "whether it streams is doubtful": (b'{"model": "m", "stream": 0}', CHAT, False),
    "not readable": (b"not JSON", CHAT, False),
    "in the background": (b'{"model": "m", "background": true}', b"/v1/responses", False),
    "a batch": (b"{}", b"/v1/batches", False),
    "asked for": (b'{"model": "m", "stream": true}', CHAT, True),
    "plain": (b'{"model": "m"}', CHAT, True),
}


@pytest.mark.parametrize(("body", "path", "passes"), UNMETERABLE.values(), ids=UNMETERABLE)
async def test_a_project_may_refuse_what_cannot_be_metered(
    body: bytes, path: bytes, passes: bool
) -> None:
    await judged(body, path=path)
    if passes:
        await judged(body, path=path, unmetered="refuse")
    else:
        with pytest.raises(NotMeterable):
            await judged(body, path=path, unmetered="refuse")


@SIZES
@pytest.mark.parametrize(
    ("body", "counting"),
    [
        (b'{"model": "good-1"}', ["any", "good"]),
        (b'{"model": "other"}', ["any"]),
        (b'{"model": "other", "models": ["good-1", "bad-1"]}', ["any", "good", "bad"]),
        (b'{"model": "other", "fallbacks": [{"model": "bad-2"}]}', ["any", "bad"]),
    ],
)
async def test_a_policy_counts_a_body_by_every_model_that_it_names(
    body: bytes, counting: list[str], large: int
) -> None:
    found = await judged(body, policies=POLICIES, large=large)
    assert [policy.rule.name for policy in found.policies] == counting


@pytest.mark.parametrize("granted", [{}, RULED], ids=["any model", "some models"])
@pytest.mark.parametrize("large", [0, 100_000], ids=["small", "large"])
async def test_a_policy_of_models_counts_nothing_that_only_asks_about_one(
    large: int, granted: dict[str, Any]
) -> None:
    path = b"/v1/responses/input_tokens"
    body = b'{"model": "good-1"}'
    found = await judged(body, path=path, large=large, policies=POLICIES, **granted)
    assert [policy.rule.name for policy in found.policies] == ["any"]


async def test_a_policy_of_models_asks_for_one_that_is_known_beyond_doubt() -> None:
    for body in (b"{}", b"no json", b'{"model": "good-1", "model": "bad"}'):
        with pytest.raises(InvalidRequest):
            await judged(body, policies=POLICIES)
    assert (await judged(b"{}", policies=POLICIES[:1])).policies[0].rule.name == "any"
