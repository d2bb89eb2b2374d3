"""`/manage/providers`"""

from __future__ import annotations

from config import Settings
from manage.schemas.providers import ProviderView
from models.bindings import Upstreams
from proxy.providers.catalog import BUILT_IN
from proxy.providers.files import upstreams


def test_a_provider_is_shown_with_what_it_allows_and_no_value_of_a_field() -> None:
    shown = {name: ProviderView.of(one) for name, one in BUILT_IN.items()}
    assert shown["openai"].base_url == "https://api.openai.com"
    assert shown["vllm"].base_url is None
    assert {name for name, one in shown.items() if one.needs_base_url} >= {"vllm", "bedrock"}
    assert shown["gemini"].prices == "google"
    off = {one.path: one.reason for one in shown["openai"].off_by_default}
    assert off["/v1/vaults"] == "holds secrets of the account"
    assert shown["openai"].test == "GET /v1/models"
    vertex, xai = shown["vertex"], shown["xai"]
    assert (vertex.token_uris, vertex.service) == (["https://oauth2.googleapis.com/token"], None)
    assert vertex.scopes == ["https://www.googleapis.com/auth/cloud-platform"]
    assert (shown["bedrock"].service, shown["openai"].cost_unit) == ("bedrock", None)
    assert (xai.cost is None, xai.cost_unit) == (False, BUILT_IN["xai"].cost_unit)


def test_whoever_has_no_address_has_an_example(settings: Settings) -> None:
    known: Upstreams = upstreams(settings, BUILT_IN)
    assert known.providers == set(BUILT_IN)
    assert known.examples["azure-openai"] == "https://my-resource.openai.azure.com"
    assert known.examples["ollama"] == "http://127.0.0.1:8000"
    assert "{" not in "".join((*known.own.values(), *known.examples.values()))
