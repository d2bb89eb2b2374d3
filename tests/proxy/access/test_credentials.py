"""Where a token may stand, what else may stand beside it, and where it may not."""

from __future__ import annotations

import re

import pytest

from models import secrets
from proxy import errors
from proxy.access.credentials import may_hold_token, presented, refuse_in_query
from proxy.header_lines import HeaderLines

TOKEN = secrets.generate()
OTHER = secrets.generate()
SIGNED = (
    "Authorization: AWS4-HMAC-SHA256 Credential={}/20261128/us-east-1/bedrock/aws4_request, "
    "SignedHeaders=content-type;host;x-amz-date, Signature=0123456789abcdef"
)


def fields(*texts: str, plain: bool = False) -> HeaderLines:
    """As they are read where none may stand twice, or one by one."""
    read = HeaderLines.of(
        [
            (name.encode(), value.encode())
            for name, _, value in (text.partition(": ") for text in texts)
        ]
    )
    read.has_repeated = read.has_repeated and not plain
    return read


@pytest.mark.parametrize(
    "presentation",
    [
        ("Authorization: Bearer T",),
        ("AUTHORIZATION: bearer T",),
        ("authorization: BEARER   T ",),
        ("x-api-key: T",),
        ("X-Api-Key: T",),
        ("api-key: T",),
        ("API-KEY: T",),
        ("x-goog-api-key: T",),
        ("X-Goog-Api-Key: T",),
        (SIGNED.format("T"),),
        ("Authorization: aws4-hmac-sha256 Credential=T/x,SignedHeaders=host,Signature=0",),
        ("Authorization: AWS4-HMAC-SHA256 Signature=0, Credential=T",),
        ("Accept: x", "x-api-key: T", "User-Agent: y"),
        # The same twice, as Anthropic's client of Foundry has it.
        ("x-api-key: T", "api-key: T"),
        ("x-api-key: T", "api-key: T", "Authorization: Bearer T", "x-goog-api-key: T"),
        ("x-api-key: T", "X-API-KEY: T"),
        # What is not of our form is another tool's.
        ("Authorization: Bearer T", "x-api-key: sk-ant-api03-left-over"),
        ("Authorization: Bearer sk-left-over", "api-key: T"),
        ("Authorization: Basic czpz", "x-api-key: T"),
        ("Authorization: Basic czpz", "x-goog-api-key: T"),
        (SIGNED.format("AKIAIOSFODNN7EXAMPLE"), "x-api-key: T"),
        ("Authorization: anything", "x-api-key: T"),
        ("Authorization: Bearer llmp_cut", "x-api-key: T"),
        ("Authorization: Bearer T0", "x-api-key: T"),
        ("x-api-key: T", "x-api-key: sk-other"),
        ("Authorization: Bearer sk-left-over", "Authorization: Bearer T"),
        # An empty one is none.
        ("Authorization: Bearer T", "x-api-key: "),
        ("Authorization: Bearer ", "x-api-key: T"),
        ("Authorization: Bearer", "x-api-key: T"),
        ("Authorization: ", "x-goog-api-key: T"),
    ],
)
def test_a_token_in_any_field_counts(presentation: tuple[str, ...]) -> None:
    texts = [re.sub(r"(?<=[ =])T(?![A-Za-z])", TOKEN, text) for text in presentation]
    assert presented(fields(*texts)) == TOKEN.encode()
    names = [text.partition(":")[0].lower() for text in texts]
    if len({*names}) == len(names):
        assert presented(fields(*texts, plain=True)) == TOKEN.encode()


@pytest.mark.parametrize(
    ("presentation", "refusal"),
    [
        ((), errors.MissingToken),
        (("Accept: x", "apikey: s", "x-apikey: s", "Cookie: api-key=s"), errors.MissingToken),
        (("x-api-key: ",), errors.MissingToken),
        (("x-api-key: ", "api-key: ", "Authorization: Bearer "), errors.MissingToken),
        (("Authorization: Bearer ",), errors.MissingToken),
        (("Authorization: Bearer",), errors.MissingToken),
        (("Authorization: ",), errors.MissingToken),
        (("Authorization: Basic czpz",), errors.InvalidToken),
        (("Authorization: Basic czpz", "x-api-key: "), errors.InvalidToken),
        (("Authorization: s",), errors.InvalidToken),
        (("Authorization: Bearers s",), errors.InvalidToken),
        (("Authorization: AWS4-HMAC-SHA256 Signature=0",), errors.InvalidToken),
        (("Authorization: AWS4-HMAC-SHA256 XCredential=0/",), errors.InvalidToken),
        ((f"Authorization: Bearer {TOKEN}", f"x-api-key: {OTHER}"), errors.InvalidRequest),
        ((SIGNED.format(TOKEN), f"x-goog-api-key: {OTHER}"), errors.InvalidRequest),
        ((f"x-api-key: {TOKEN}", f"x-api-key: {OTHER}"), errors.InvalidRequest),
        (
            (f"Authorization: Bearer {TOKEN}", f"Authorization: Bearer {OTHER}"),
            errors.InvalidRequest,
        ),
        # Mistyped or not, it was meant for us.
        ((f"x-api-key: {TOKEN}", f"api-key: {'llmp_' + 46 * '0'}"), errors.InvalidRequest),
    ],
)
def test_what_is_none_and_two_that_differ(
    presentation: tuple[str, ...], refusal: type[errors.Refusal]
) -> None:
    with pytest.raises(errors.Refusal) as caught:
        presented(fields(*presentation))
    assert type(caught.value) is refusal


def test_what_is_not_ours_is_handed_on_to_be_refused() -> None:
    assert presented(fields("Authorization: Bearer sk-1", "x-api-key: sk-2")) == b"sk-1"


#: As it is, and with characters encoded that need not be.
SPELLINGS = (
    TOKEN,
    TOKEN.replace("_", "%5F"),
    TOKEN.replace("llmp", "%6clmp"),
    "".join(f"%{ord(letter):02X}" for letter in TOKEN),
)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("key=T", "x-goog-api-key"),
        ("alt=sse&key=T", "x-goog-api-key"),
        ("Key=T&alt=sse", "x-goog-api-key"),
        ("api_key=T", "Authorization: Bearer"),
        ("api-key=T", "api-key"),
        ("X-Amz-Credential=T%2F20261128%2Fus-east-1", "Credential="),
        ("access_token=Bearer%20T", "Authorization: Bearer"),
        ("T", "Authorization: Bearer"),
        ("a=b=T", "Authorization: Bearer"),
    ],
)
def test_a_token_in_the_query_is_told_where_it_belongs(query: str, field: str) -> None:
    for secret in SPELLINGS:
        target = "/v1/models?" + query.replace("T", secret)
        assert may_hold_token(target.encode())
        with pytest.raises(errors.MissingToken) as caught:
            refuse_in_query(target.encode())
        assert field in caught.value.message
        assert secret not in caught.value.message


@pytest.mark.parametrize(
    "target", ["/v1/models", "/v1/models/T", "/v1/models?key=AIza", "/v1/models?after=llmp_1&q=xT1"]
)
def test_another_query_is_the_upstreams(target: str) -> None:
    refuse_in_query(target.replace("T", TOKEN).encode())
