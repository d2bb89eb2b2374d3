"""Which API, path and model the examples show: what token, project and provider allow."""

import ast
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pytest

from admin.components.offers import Offer, offers
from admin.components.typical_models import TYPICAL, UNKNOWN
from models import Project, Token
from proxy.pricing.sheet import listed_name
from proxy.providers.catalog import BUILT_IN


@dataclass
class Key:
    model_map: dict[str, str] | None = None
    is_active: bool = True


class Limits:
    """What may be said of a token and its project, without a database."""

    def __init__(self, **said: Any) -> None:
        self.allowed_models = self.allowed_endpoints = self.base_url = None
        self.project = self.location = self.extra_endpoints = None
        self.keys: list[Key] = []
        for name, value in said.items():
            setattr(self, name, value)


def offered(
    provider: str = "openai",
    *,
    used: dict[str, list[str]] | None = None,
    project: dict[str, Any] | None = None,
    **token: Any,
) -> list[Offer]:
    owner = Limits(provider=provider, **(project or {}))
    return offers(
        cast(Token, Limits(**token)), cast(Project, owner), BUILT_IN[provider], used or {}
    )


def model_of(*args: Any, **said: Any) -> str:
    return offered(*args, **said)[0].model


def test_the_first_model_that_both_lists_allow_is_named() -> None:
    assert model_of(allowed_models=["gpt-4.1"]) == "gpt-4.1"
    assert model_of(allowed_models=["gpt-5*"]) == "gpt-5-mini"
    assert model_of(allowed_models=["gpt-*"], project={"allowed_models": ["*-4.1"]}) == "gpt-4.1"
    both = {"allowed_models": ["gpt-4o", "gpt-5-mini"]}
    assert model_of(allowed_models=["gpt-5-mini", "gpt-4.1"], project=both) == "gpt-5-mini"
    assert model_of(project=both) == "gpt-4o"
    assert model_of(allowed_models=["text-embedding-3-large", "gpt-4.1"]) == "gpt-4.1"


def test_what_project_or_token_does_not_allow_is_no_example() -> None:
    chats = {"allowed_endpoints": ["POST /v1/chat/completions", "POST /v1/responses"]}
    assert {offer.api for offer in offered(project=chats)} == {"chat", "responses"}
    assert {offer.api for offer in offered(project=chats, allowed_endpoints=["*/responses"])} == {
        "responses"
    }
    assert (
        offered("gemini", project={"allowed_endpoints": ["POST /v1beta/models/{m}:embedContent"]})
        == []
    )


def test_names_that_keys_translate_and_that_were_used_are_known_too() -> None:
    keys = [Key({"house": "gpt-4o-2024-08-06"}), Key({"old": "gpt-4"}, is_active=False)]
    assert model_of(allowed_models=["h*", "old"], project={"keys": keys}) == "old"
    assert model_of(allowed_models=["h*"], project={"keys": keys}) == "house"
    used = {"/v1/chat/completions": ["llama-7", "gpt-4o"]}
    assert model_of("vllm", used=used) == "llama-7"
    assert model_of("vllm", used=used, allowed_models=["gpt-*"]) == "gpt-4o"
    assert model_of(used=used) == "gpt-4o-mini"
    assert model_of(used=used, project={"base_url": "http://127.0.0.1:9"}) == "llama-7"


def test_no_model_is_made_up() -> None:
    assert model_of("vllm") == UNKNOWN
    (offer, *_) = offered(allowed_models=["house-*"])
    assert (offer.model, offer.left_open) == (UNKNOWN, [UNKNOWN])
    assert [one.api for one in offered("azure-openai")] == ["chat", "responses"]


def test_only_what_the_token_may_ask_for_is_offered() -> None:
    assert [one.api for one in offered()] == ["chat", "responses"]
    assert [one.api for one in offered(allowed_endpoints=["POST /v1/responses"])] == ["responses"]
    (offer,) = offered(allowed_endpoints=["/v1/embeddings"])
    assert (offer.api, offer.model) == ("embeddings", "text-embedding-3-small")
    (offer,) = offered(allowed_models=["text-embedding-3-large"])
    assert (offer.api, offer.model) == ("embeddings", "text-embedding-3-large")
    assert offered(allowed_endpoints=["GET /v1/models"]) == []
    (offer,) = offered("gemini", allowed_endpoints=["/v1beta/models/*"])
    assert offer.path == "/v1beta/models/gemini-2.5-flash:generateContent"


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("groq", [("chat", "/v1"), ("responses", "/v1")]),
        ("perplexity", [("chat", ""), ("responses", "/v1")]),
        ("zai", [("chat", "/v1"), ("messages", "/api/anthropic")]),
        ("anthropic", [("messages", "")]),
        ("bedrock", [("converse", "")]),
        ("gemini", [("gemini", "/v1beta")]),
    ],
)
def test_each_provider_has_base_urls_of_its_own(
    provider: str, expected: list[tuple[str, str]]
) -> None:
    assert [(one.api, one.root) for one in offered(provider)] == expected


def test_a_cloud_with_one_address_for_two_makers_has_each_under_its_api() -> None:
    found = offered("azure-openai", allowed_models=["my-gpt", "my-claude"])
    assert [(one.api, one.root, one.model) for one in found] == [
        ("chat", "/v1", "my-gpt"),
        ("responses", "/v1", "my-gpt"),
        ("messages", "/anthropic", "my-claude"),
    ]


def test_a_path_that_names_project_and_location_has_the_projects() -> None:
    (offer,) = offered("vertex")
    assert offer.left_open == ["PROJECT", "LOCATION"]
    (offer,) = offered("vertex", project={"project": "acme-1", "location": "europe-west4"})
    start = "/v1/projects/acme-1/locations/europe-west4/publishers/google/models/"
    assert offer.path == f"{start}gemini-2.5-flash:generateContent"
    assert offer.left_open == []


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_offer_is_a_route_of_its_provider(name: str) -> None:
    limits = {"project": "acme-1", "location": "us-east1"}
    found = offered(name, project=limits)
    assert found
    for offer in found:
        route = BUILT_IN[name].match(offer.path.encode())["POST"]
        assert route.dialect == offer.api
        assert offer.path.startswith(offer.root)
        if route.model_segment:
            assert route.model_in(offer.path.encode()) == offer.model


@pytest.mark.parametrize("name", TYPICAL)
def test_typical_models_have_prices(name: str) -> None:
    provider = BUILT_IN[name]
    for model in TYPICAL[name]:
        known = listed_name(provider.listed_as, model)
        assert known is not None, f"{model} of {name} is not in the price list (any more)"


def test_no_model_of_anthropics_is_about_to_end() -> None:
    sdk = find_spec("anthropic")
    assert sdk is not None
    assert sdk.origin is not None
    # Read, since to load all of it takes two seconds.
    source = Path(sdk.origin).parent / "resources" / "messages" / "messages.py"
    said = re.search(r"^DEPRECATED_MODELS = ({.*?^})", source.read_text(), re.MULTILINE | re.DOTALL)
    assert said is not None
    ending = ast.literal_eval(said[1])
    assert len(ending) > 10
    assert ending.keys().isdisjoint(TYPICAL["anthropic"])
