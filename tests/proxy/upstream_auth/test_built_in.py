"""Which keys the providers that are shipped take, and what becomes of each."""

from __future__ import annotations

import json

import pytest

from models import credentials
from models.bindings import Upstreams
from models.errors import KeyNotUsable
from models.key_auth import kind_of
from proxy.providers.catalog import BUILT_IN
from tests.models.test_credentials import AWS, ENTRA, google

ENVIRONMENT = {"source": "environment"}


@pytest.mark.parametrize(
    ("provider", "key", "kind"),
    [
        ("openai", "sk-1", "bearer"),
        ("anthropic", "sk-1", "x-api-key"),
        ("gemini", "AIza-1", "header:x-goog-api-key"),
        ("bedrock", "ABSK-1", "bearer"),
        ("bedrock", AWS, "aws-sigv4"),
        ("bedrock", ENVIRONMENT, "aws-sigv4"),
        ("bedrock-mantle", AWS, "aws-sigv4"),
        ("vertex", google(), "google"),
        ("vertex", ENVIRONMENT, "google"),
        ("azure-openai", "0123", "api-key"),
        ("azure-openai", ENTRA, "entra"),
        ("azure-openai", ENVIRONMENT, "entra"),
    ],
)
def test_a_provider_takes_the_keys_of_its_cloud(provider: str, key: object, kind: str) -> None:
    text = key if isinstance(key, str) else json.dumps(key)
    Upstreams(auth=BUILT_IN, ambient=True).check_key(provider, None, text)
    assert kind_of(BUILT_IN[provider], None, credentials.read(text)) == kind


@pytest.mark.parametrize(
    ("provider", "key"),
    [
        ("openai", AWS),
        ("openai", google()),
        ("anthropic", ENTRA),
        ("gemini", ENVIRONMENT),
        ("vertex", AWS),
        ("vertex", google(token_uri="https://elsewhere.example/token")),
        ("azure-openai", ENTRA | {"authority": "https://elsewhere.example"}),
        ("bedrock", google()),
    ],
)
def test_a_provider_refuses_those_of_another(provider: str, key: object) -> None:
    with pytest.raises(KeyNotUsable):
        Upstreams(auth=BUILT_IN, ambient=True).check_key(provider, None, json.dumps(key))
