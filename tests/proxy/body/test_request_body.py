"""What is read from a request body, and the one splice: all its other bytes stay."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.body.kept_body import KeptBody
from proxy.body.model_rule import named_by_json
from proxy.body.request_body import (
    UNREAD,
    Inspected,
    asked_plainly,
    inspect,
    names_one_model,
    whole,
)
from proxy.decoding.json_scanner import MEMBERS_MAX
from proxy.errors import InvalidRequest
from tests.proxy.decoding.test_json_scanner import DOCUMENTS

DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"model":"gpt-4o"}', Inspected("gpt-4o", False, False, True)),
        (b'{"model":"m","stream":true}', Inspected("m", True, False, True)),
        (b'{"stream":true,"stream_options":null}', Inspected("", True, False, True)),
        (
            b'{"stream":true,"stream_options":{"include_usage":true}}',
            Inspected("", True, True, True),
        ),
        (
            b'{"stream":true,"stream_options":{"include_usage":false,"x":1}}',
            Inspected("", True, False, True),
        ),
        (b'\xef\xbb\xbf{"model":"m"}', UNREAD),
        (b'{"model":"a","model":"b"}', Inspected("b", False, False, True)),
        (b'{"m\\u006fdel":"a"}', Inspected("a", False, False, True)),
        (b'{"model":"m","content":"\\ud83d"}', Inspected("m", False, False, True)),
        (b'{"model":"m","content":"\\ud83d\\ude00"}', Inspected("m", False, False, True)),
        (b"{}", Inspected("", False, False, True)),
        (b"", UNREAD),
        (b"[]", UNREAD),
        (b"null", UNREAD),
        (b'"model"', UNREAD),
        (b'{"model":5}', UNREAD),
        (b'{"model":"m"', UNREAD),
        (b'{"model":"m"} x', UNREAD),
        (b'{"model":"m","n":NaN}', UNREAD),
        (b'{"model":"\xff"}', UNREAD),
        (b'{"stream":"true"}', UNREAD),
        (b'{"model":"m","x":' + DEEP, UNREAD),
    ],
)
def test_what_a_body_says(body: bytes, said: Inspected) -> None:
    assert inspect(body) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"model":"m","stream":true}', Inspected("m", True, False, True)),
        (b'{"s\\u0074ream":true}', Inspected("", True, False, True, doubtful=False)),
        (b'{"stream":1}', Inspected("", True, False, True)),
        (b'{"stream":"True"}', Inspected("", True, False, True)),
        (b'{"stream":[1]}', Inspected("", True, False, True)),
        (b'{"stream":0}', Inspected("", False, False, True, doubtful=True)),
        (b'{"stream":"no"}', Inspected("", False, False, True, doubtful=True)),
        (b'{"stream":"' + b"x" * 100 + b'"}', Inspected("", False, False, True, doubtful=True)),
        (b'{"stream":null}', Inspected("", False, False, True)),
        (b'{"stream":true,"stream":false}', Inspected("", False, False, True, doubtful=True)),
        (b'{"Stream":true}', Inspected("", False, False, True, doubtful=True)),
        (b'{"background":true}', Inspected("", False, False, True, background=True)),
        (b'{"backgr\\u006fund":"x"}', Inspected("", False, False, True, background=True)),
        (b'{"usage":{"include":true}}', Inspected("", False, False, True, includes=True)),
        (b'{"usage":{"include":1}}', Inspected("", False, False, True)),
        (b'{"background":false}', Inspected("", False, False, True)),
        (b'{"model":5,"stream":true}', Inspected("", True, False, True)),
        (
            b'{"stream":true,"stream\\u005foptions":{"include_usage":1}}',
            Inspected("", True, True, True),
        ),
        (
            b'{"stream_options":{"include_usage":true},"stream_options":{"a":1}}',
            Inspected("", False, False, True),
        ),
        (b'[{"stream":true}]', Inspected("", False, False, False)),
        (b"{", Inspected("", False, False, False)),
    ],
)
def test_what_the_members_of_a_body_say(body: bytes, said: Inspected) -> None:
    assert whole(KeptBody(body)).inspected() == said


def named(body: bytes) -> list[str]:
    """The models that a body names, for tokens that may use only some."""
    return [name for name in named_by_json(whole(KeptBody(body), strict=True)) if name is not None]


@pytest.mark.parametrize(
    ("body", "models"),
    [
        (b'{"model":"m"}', ["m"]),
        (b' {"x":{"model":"a"}, "model" : "m" } ', ["m"]),
        (b'{"models":["a","b"],"model":"m"}', ["m", "a", "b"]),
        (b'{"model":"m","models":null,"route":"fallback"}', ["m"]),
        (b'{"model":"m","fallbacks":["a",{"model":"b"}]}', ["m", "a", "b"]),
        (b'{"model":"m","fallb\\u0061ck_model":"a"}', ["m", "a"]),
        (b'{"model":"m","disable_fallbacks":true}', ["m"]),
        (b'{"model":"m","tools":[{"type":"image_generation","model":"a"}]}', ["m", "a"]),
        (b'{"model":"m","tools":[{"m\\u006fdel":"a","Model":"b"},{}]}', ["m", "a", "b"]),
        (b'{"model":"m","tools":[{"model":"a","model":"b"}]}', ["m", "a", "b"]),
        (
            b'{"model":"m","tools":[{"function":{"parameters":{"properties":{"model":{}}}}}]}',
            ["m"],
        ),
        (b'{"model":"m","tools":null}', ["m"]),
    ],
)
def test_every_model_that_a_body_names(body: bytes, models: list[str]) -> None:
    assert named(body) == models


FILLER = b"".join(b'"k%d":0,' % number for number in range(MEMBERS_MAX))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"not JSON",
        b'{"model":""}',
        b'{"model":null}',
        b'{"model":["m"]}',
        b'{"model":"m"',
        b'{"model":"a","model":"m"}',
        b'{"model":"m","model":"m"}',
        b'{"model":"m","x":1,"Model":"other"}',
        b'{"MODEL":"other","model":"m"}',
        b'{"Model":"m"}',
        b'{"\\u006dodel":"m"}',
        b'{"model":"m","m\\u006Fdel":"other"}',
        b'{"model":"m","\\u004dODEL":"other"}',
        b'{"model":"m","\\ud800":1}',
        b'{"model":"m","\xff":1}',
        b'{"model":"m",' + FILLER + b'"model":"other"}',
        b'{"model":"m",' + FILLER + b'"MODEL":"other"}',
        b"{" + FILLER + b'"model":"m"}',
        b'{"model":"m","x":' + DEEP + b"}",
        b'{"model":"' + b"m" * 1025 + b'"}',
        b'{"model":"m","' + b"k" * 300 + b'":1}',
        b'{"model":"m","x":"\xff"}',
        b'{"model":"m"} x',
        b'[{"model":"m"}]',
        b'{"model":"m","models":{"a":"b"}}',
        b'{"model":"m","models":[["a"]]}',
        b'{"model":"m","fallbacks":[{"a":["b"]}]}',
        b'{"model":"m","route":"a"}',
        b'{"model":"m","tools":"a"}',
        b'{"model":"m","tools":[{"model":{"a":1}}]}',
        b'{"model":"m","tools":[' + b"{}," * 1024 + b"{}]}",
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_a_model_in_doubt_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        named(body)
    assert refused.value.param == "model"


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        (b'{"stream":true}', b'{"stream_options":{"include_usage":true},"stream":true}'),
        (b" { } ", b' {"stream_options":{"include_usage":true} } '),
        (
            b'{"stream":true, "stream_options" : { "x" : [1] } , "n":1}',
            b'{"stream":true, "stream_options" : {"include_usage":true, "x" : [1] } , "n":1}',
        ),
        (b'{"stream_options":{}}', b'{"stream_options":{"include_usage":true}}'),
        (b'{"stream_options": null }', b'{"stream_options": {"include_usage":true} }'),
        (
            b'{"stream_options":{"a":1, "include_usage" : false ,"b":2}}',
            b'{"stream_options":{"a":1, "include_usage" : true ,"b":2}}',
        ),
        (
            b'{"stream_options":{"include_usage":null}}',
            b'{"stream_options":{"include_usage":true}}',
        ),
        # Parsers take the last of a repeated member.
        (
            b'{"stream_options":{"include_usage":true},"stream_options":{"a":1}}',
            b'{"stream_options":{"include_usage":true},'
            b'"stream_options":{"include_usage":true,"a":1}}',
        ),
        (
            b'{"x":{"stream_options":{}},"y":"\\"stream_options\\":{}"}',
            b'{"stream_options":{"include_usage":true},'
            b'"x":{"stream_options":{}},"y":"\\"stream_options\\":{}"}',
        ),
        # Other readers decode a key, or fold its case.
        (
            b'{"stream\\u005foptions":{"include\\u005fusage":false}}',
            b'{"stream\\u005foptions":{"include\\u005fusage":true}}',
        ),
        (
            b'{"Stream_Options":{"a":1,"Include_Usage":false}}',
            b'{"stream_options":{"include_usage":true},'
            b'"Stream_Options":{"include_usage":true,"a":1,"Include_Usage":true}}',
        ),
        (
            b'{"stream_options":{"include_usage":true,"include_usage":false}}',
            b'{"stream_options":{"include_usage":true,"include_usage":true}}',
        ),
    ],
)
def test_asking_for_usage(body: bytes, asked: bytes) -> None:
    assert ask_for_usage(body) == asked


@pytest.mark.parametrize(
    "body",
    [
        b"{" + FILLER + b'"stream":true}',
        b'{"stream":true',
        b'{"stream":true,"stream_options":5}',
        b'{"stream":true,"stream_options":[{}]}',
        b'{"stream":true,"stream_options":{"a":"' + b"x" * 5000 + b'"}}',
        b'[{"stream":true}]',
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_a_body_that_cannot_be_asked_stays_as_it_is(body: bytes) -> None:
    assert whole(KeptBody(body)).splices() is None


def ask_for_usage(body: bytes) -> bytes:
    kept = KeptBody(body)
    splices = whole(kept).splices()
    assert splices is not None
    return b"".join(kept.spliced(splices))


OPTIONS = st.none() | st.dictionaries(
    st.sampled_from(["include_usage", "include_obfuscation", "x", '"{']),
    st.sampled_from([None, False, "include_usage", {"include_usage": False}, [1, {}], '"}{']),
)


@given(DOCUMENTS, st.none() | st.tuples(OPTIONS), st.sampled_from([None, 1]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_only_the_question_is_added(
    document: dict[str, Any],
    options: tuple[dict[str, Any] | None] | None,
    indent: int | None,
    ascii_only: bool,
) -> None:
    document = {key: document[key] for key in document if key != "stream_options"}
    if options is not None:
        document["stream_options"] = options[0]
    document["stream"] = True
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    body = text.encode("utf-8", "surrogatepass")

    asked = ask_for_usage(body)

    expected = {**document}
    expected["stream_options"] = {**((options and options[0]) or {}), "include_usage": True}
    assert json.loads(asked) == expected
    gone = removed(body, asked)
    old = {} if options is None else (options[0] or {})
    replaceable = [b"null", json.dumps(old.get("include_usage")).encode()]
    assert any(gone in b"".join(value.split()) for value in replaceable), gone


def removed(before: bytes, after: bytes) -> bytes:
    """What one splice took out of `before`, without white space; b"" where it only put in."""
    prefix = in_common(before, after)
    left = before[prefix:]
    suffix = in_common(left[::-1], after[prefix:][::-1])
    return b"".join(left[: len(left) - suffix].split())


def in_common(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


WORDS = st.sampled_from(
    ["model", "Model", "models", "fallbacks", "route", "stream_options", "Stream_Options", "x"]
)


@given(
    st.dictionaries(WORDS, st.sampled_from(["m", 1, None, {"include_usage": False}, ["a model"]])),
    st.sampled_from(["", "\\u006d", "\\ud83d", "é"]),
)
@settings(max_examples=300, deadline=None)
def test_what_is_known_at_once_is_what_the_members_say(
    document: dict[str, Any], inside: str
) -> None:
    text = json.dumps({**document, "stream": True, "content": "?"}, ensure_ascii=False)
    body = text.replace("?", inside).encode()
    said = inspect(body)
    if said.readable and names_one_model(body, said):
        assert named(body) == [said.model]
    if said.readable and (asked := asked_plainly(body)) is not None:
        assert asked == ask_for_usage(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"m","\\u006dodel":"other"}',
        b'{"model":"m","Model":"other"}',
        b'{"model":"m","x":"\xff"}',
        b'{"model":"m","route":"x"}',
        b'{"model":"m","fallbac\xe2\x84\xaas":["x"]}',
        b'{"model":"m","fallbac\\u212as":["x"]}',
        b'{"model":"m","too\\u006cs":[]}',
        b'{"model":"","x":1}',
    ],
)
def test_what_must_be_looked_at_member_by_member(body: bytes) -> None:
    assert not names_one_model(body, inspect(body))
