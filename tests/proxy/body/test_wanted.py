"""What has to be known of a body, by its route, its labels, its token and its project."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from proxy.body.wanted import Wanted, wanted
from proxy.downstream import RequestHead
from proxy.errors import InvalidRequest, ModelNotAllowed
from proxy.header_lines import HeaderLines
from tests.proxy.body.test_judging import FORM, JSON, RULED, judged
from tests.proxy.body.test_multipart import field, form
from tests.proxy.rows import OPENAI, a_grant

CHAT: Final = b"/v1/chat/completions"
COUNT: Final = b"/v1/responses/input_tokens"
UNKNOWN: Final = (b"content-encoding", b"compress")
GZIP: Final = (b"content-encoding", b"gzip")


def wanted_of(
    path: bytes,
    *fields: tuple[bytes, bytes],
    method: str = "POST",
    length: int = 10,
    meter_streams: bool = True,
    **granted: Any,
) -> Wanted:
    head = RequestHead(method, path, "1.1", HeaderLines.of(list(fields)), length, "192.0.2.1")
    provider = replace(OPENAI, meter_streams=meter_streams)
    return wanted(head, a_grant(**granted), provider, provider.match(path)[method])


def test_the_rule_holds_only_where_something_is_created() -> None:
    assert wanted_of(CHAT, JSON, **RULED).rule
    assert wanted_of(CHAT, JSON, length=0, **RULED).rule
    for path in (b"/v1/files", b"/v1/responses/r/cancel"):
        assert not wanted_of(path, JSON, **RULED).whole
    assert not wanted_of(CHAT, JSON).rule


@pytest.mark.parametrize("large", [0, 100_000], ids=["small", "large"])
async def test_what_counts_tokens_names_a_model_that_must_be_allowed(large: int) -> None:
    said = await judged(b'{"model": "good-1"}', path=COUNT, large=large, **RULED)
    assert said.model == "good-1"
    with pytest.raises(ModelNotAllowed):
        await judged(b'{"model": "bad"}', path=COUNT, large=large, **RULED)
    assert wanted_of(COUNT, JSON).model


async def test_what_creates_nothing_names_no_model_and_passes() -> None:
    said = await judged(b"not JSON", path=b"/v1/files", **RULED)
    assert (said.model, said.splice) == ("", None)


def test_streams_are_asked_of_providers_that_answer_it_alone() -> None:
    assert wanted_of(CHAT, JSON).asks
    assert wanted_of(b"/v1/completions", JSON).asks
    assert not wanted_of(CHAT, JSON, meter_streams=False).asks
    assert not wanted_of(b"/v1/embeddings", JSON).asks
    assert not wanted_of(b"/v1/responses", JSON).asks


@pytest.mark.parametrize(
    ("fields", "readable"),
    [
        ((JSON,), True),
        ((), True),
        (((b"content-type", b"text/plain"),), True),
        ((JSON, GZIP), True),
        ((FORM,), False),
        (((b"Content-Type", b"Multipart/mixed; boundary=x"),), False),
        ((JSON, UNKNOWN), False),
        ((JSON, GZIP, GZIP), False),
        ((JSON, (b"content-encoding", b"gzip, gzip")), False),
    ],
)
def test_only_what_can_be_read_is_kept_to_be_read(
    fields: tuple[tuple[bytes, bytes], ...], readable: bool
) -> None:
    """What cannot streams through, and a project that must know refuses it for that."""
    want = wanted_of(CHAT, *fields, unmetered="refuse")
    assert (want.asks, want.certainty) == (readable, readable)
    assert want.model is (readable and bool(fields) and fields[0] == JSON)


def test_certainty_is_wanted_of_what_streams_and_of_responses() -> None:
    for path, wants in ((CHAT, True), (b"/v1/responses", True), (b"/v1/embeddings", False)):
        assert wanted_of(path, JSON, unmetered="refuse").certainty is wants
        assert not wanted_of(path, JSON).certainty


@pytest.mark.parametrize(
    "fields",
    [
        (FORM, FORM),
        (JSON, JSON),
        (FORM, GZIP),
        (JSON, GZIP, GZIP),
        ((b"content-type", b"application/json; charset=utf-16"),),
        ((b"content-type", b"application/json; charset=utf-8; charset=utf-7"),),
    ],
)
async def test_labels_of_which_an_upstream_may_take_another_hide_no_model(
    fields: tuple[tuple[bytes, bytes], ...],
) -> None:
    with pytest.raises(InvalidRequest):
        await judged(b'{"model": "good-1"}', *fields, **RULED)


async def test_of_two_forms_it_is_not_known_which_an_upstream_reads() -> None:
    other = (b"content-type", b"multipart/form-data; boundary=other")
    body = form(field(b"model", b"good-1"))
    path = b"/v1/audio/transcriptions"
    assert (await judged(body, FORM, path=path, **RULED)).model == "good-1"
    with pytest.raises(InvalidRequest):
        await judged(body, FORM, other, path=path, **RULED)
