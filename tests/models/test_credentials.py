"""Keys that are more than a string: what is taken, what is stored, and what is shown of them."""

from __future__ import annotations

import json
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import BaseModel, ValidationError

from models import credentials
from models.credentials import AwsKey, BadCredential, EntraClient, FromEnvironment
from models.rules import ApiKey

AWS = {
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "wJalr/K7+",
    "region": "eu-west-1",
}
ENTRA = {"tenant_id": "contoso.com", "client_id": "0f-11-22", "client_secret": "abc~.8Q"}


@cache
def pem(bits: int = 2048) -> str:
    key = rsa.generate_private_key(65537, bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def google(**changes: object) -> dict[str, object]:
    return {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "abc123",
        "private_key": pem(),
        "client_email": "svc@project.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
    } | changes


def test_a_string_is_a_key_as_it_stands() -> None:
    assert credentials.checked("sk-1") == credentials.read("sk-1") == "sk-1"
    assert credentials.hint_of("sk-0123456789abcdef") == "sk-…cdef"


def test_each_kind_is_read_and_stored_in_one_spelling() -> None:
    assert credentials.read(json.dumps(AWS)) == AwsKey(*AWS.values())
    assert credentials.read(json.dumps(AWS | {"session_token": None})) == AwsKey(*AWS.values())
    assert credentials.read(json.dumps(ENTRA)) == EntraClient(*ENTRA.values())
    assert credentials.read(' {"source": "environment"}') == FromEnvironment()
    for given in (AWS, ENTRA, google(), {"source": "environment", "region": "us-east-1"}):
        stored = credentials.checked(json.dumps(given, indent=2))
        assert "\n" not in stored
        assert "project_id" not in stored
        assert credentials.checked(stored) == stored
        assert credentials.read(stored) == credentials.read(json.dumps(given))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"access_key_id": "AKIAIOSFODNN7EXAMPLE"}, "lacks `secret_access_key`, `region`"),
        (AWS | {"regoin": "x"}, "no member `regoin`"),
        (AWS | {"region": "US East"}, "a region such as us-east-1"),
        (AWS | {"access_key_id": 5}, "no text, or empty: `access_key_id`"),
        (AWS | {"secret_access_key": ""}, "no text, or empty: `secret_access_key`"),
        (AWS | {"secret_access_key": "a\nb"}, "visible ASCII"),
        ({"tenant_id": "contoso.com"}, "lacks `client_id`, `client_secret`"),
        (ENTRA | {"tenant_id": "../evil"}, "the id or the domain of a tenant"),
        ({"source": "file"}, '{"source": "environment"}'),
        ({"source": "environment", "path": "/etc"}, "no member `path`"),
        ({"type": "external_account", "token_url": "http://x"}, '"external_account"'),
        ({"type": "authorized_user"}, "service_account"),
        ({"type": "service_account"}, "lacks `client_email`, `private_key`"),
        ({}, "none of `access_key_id`"),
    ],
)
def test_what_is_missing_or_odd_is_named_with_an_example(
    given: dict[str, object], said: str
) -> None:
    with pytest.raises(BadCredential) as caught:
        credentials.checked(json.dumps(given))
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["{", "{'access_key_id': 1}", '{"a": ' * 5000, "{" + "x" * 20_000])
def test_what_begins_like_json_and_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadCredential):
        credentials.checked(text)


def test_a_service_account_signs_with_an_rsa_key_of_some_length() -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    wrong = curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for key in ("not PEM", wrong, pem(1024)):
        with pytest.raises(BadCredential, match="private_key"):
            credentials.checked(json.dumps(google(private_key=key)))


@pytest.mark.parametrize("given", [AWS | {"session_token": "the/session"}, ENTRA, google()])
def test_neither_hint_nor_name_shows_a_secret(given: dict[str, object]) -> None:
    text = json.dumps(given)
    credential = credentials.read(text)
    hint = credentials.hint_of(text)
    assert 0 < len(hint) <= 16
    secrets = credentials.secrets_of(credential)
    assert secrets
    for secret in secrets:
        assert secret not in repr(credential)
        assert not any(secret[at : at + 6] in hint for at in range(len(secret) - 5))


def test_hints_name_the_account() -> None:
    assert credentials.hint_of(json.dumps(AWS)) == "AKIA…MPLE"
    assert credentials.hint_of(json.dumps(google())) == "svc@project.iam…"
    assert credentials.hint_of('{"source": "environment"}') == "environment"
    assert credentials.hint_of('{"source": 1}') == "…"


def test_no_message_holds_what_was_given() -> None:
    for wrong in (
        AWS | {"secret_access_key": "shh shh"},
        ENTRA | {"client_secret": "shh shh"},
        google(private_key="shh shh"),
    ):
        with pytest.raises(BadCredential) as caught:
            credentials.checked(json.dumps(wrong))
        assert "shh" not in str(caught.value)


class _Door(BaseModel):
    api_key: ApiKey


@pytest.mark.parametrize("given", [AWS, ENTRA, google(), {"source": "environment"}])
def test_every_door_takes_json_as_text_and_as_it_is(given: dict[str, object]) -> None:
    stored = credentials.checked(json.dumps(given))
    assert _Door(api_key=json.dumps(given, indent=2)).api_key == stored
    assert _Door.model_validate({"api_key": given}).api_key == stored


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"access_key_id": "AKIAIOSFODNN7EXAMPLE"}, "lacks `secret_access_key`"),
        ("{", "begins like JSON"),
        ('{"type": ' + "[" * 8_000, "begins like JSON"),
        ("two words", "no spaces"),
        ("x" * 4097, "longer than 4,096"),
        ("", "at least 1 character"),
        (["sk-1"], "valid string"),
    ],
)
def test_every_door_says_what_is_wrong_with_a_key(given: object, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _Door.model_validate({"api_key": given})
    assert said in caught.value.errors()[0]["msg"]


def test_what_a_log_must_not_show_is_known_of_every_key() -> None:
    assert credentials.secrets_in(json.dumps(AWS)) == (AWS["secret_access_key"],)
    assert credentials.secrets_in("sk-1") == ("sk-1",)
    assert credentials.secrets_in("{odd") == ("{odd",)
