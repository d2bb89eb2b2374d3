"""The recipe "Adding a provider" of docs/architecture.md.

Each test fails while a step is missing.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Final, get_args
from uuid import UUID

import pytest

from docs.providers_page import RECIPES
from proxy.errors import InvalidRequest
from proxy.header_rules import for_upstream
from proxy.headers import field_list
from proxy.pricing import sheet
from proxy.providers.catalog import BUILT_IN
from proxy.providers.endpoints import ANY, Dialect, Endpoint
from proxy.providers.entries import Entry, merged
from proxy.providers.error_shapes import ErrorShape, error_body
from proxy.providers.forms import parse_base, parse_off
from proxy.providers.provider import Provider
from proxy.upstream.target import address_of
from proxy.upstream_auth.presenting import UpstreamAuth

PROVIDERS: Final = pytest.mark.parametrize("provider", BUILT_IN.values(), ids=BUILT_IN)


@PROVIDERS
def test_a_provider_is_found_by_its_name_and_has_a_clean_base_url(provider: Provider) -> None:
    assert BUILT_IN[provider.name] is provider
    assert parse_base(provider.base_url) == provider.base_url


@PROVIDERS
def test_every_endpoint_is_reached_and_says_how_it_reports_usage(provider: Provider) -> None:
    for endpoint in provider.endpoints:
        routes = provider.match(_path_of(endpoint))
        methods = ANY if endpoint.method == "*" else (endpoint.method,)
        assert {routes[method].pattern for method in methods} == {endpoint.pattern}
        assert endpoint.dialect in get_args(Dialect)
    assert any(endpoint.dialect != "none" for endpoint in provider.endpoints)


def _path_of(endpoint: Endpoint) -> bytes:
    path = endpoint.pattern.replace("{", "a-").replace("}", "")
    return path.replace("/*", "/a-rest/of/it").encode()


@PROVIDERS
def test_a_clients_own_key_never_goes_upstream_in_the_header_of_a_provider(
    provider: Provider,
) -> None:
    address = address_of("http://h")
    made = UpstreamAuth().target(provider, address, key_id=UUID(int=1), secret="sk-1")
    ((name, value),) = field_list(made.credential)
    assert for_upstream([(name, b"llmp_1")]) == []
    assert value.endswith(b"sk-1")


@pytest.mark.parametrize("shape", get_args(ErrorShape))
def test_every_shape_of_errors_says_code_and_message(shape: ErrorShape) -> None:
    said = json.loads(error_body(shape, InvalidRequest("Why.", param="p")))
    where = {"aws": said, "ollama": {"message": said.get("error")}}.get(shape, said.get("error"))
    assert where["message"] == "Why."
    # Two of them have no place for a code of ours, which is in `x-llm-proxy-error` as well.
    code = {"google": 400, "ollama": None}.get(shape, "invalid_request")
    assert where.get("code") == code


@PROVIDERS
def test_a_provider_has_prices_by_its_name(provider: Provider) -> None:
    # What an operator runs costs nobody else's list price.
    assert provider.name in ("llama-cpp", "lm-studio", "ollama", "vllm") or sheet.names(
        provider.listed_as
    )


@PROVIDERS
def test_a_file_may_make_one_like_it(provider: Provider) -> None:
    said = Entry.model_validate({"like": provider.name}, context={"built_in": BUILT_IN})
    made = merged("mine", said, provider)
    assert replace(made, name=provider.name) == provider


def test_the_documents_have_a_recipe_for_each_and_name_it() -> None:
    assert set(RECIPES) == set(BUILT_IN)
    page = (Path(__file__).parents[3] / "docs" / "providers.md").read_text()
    options = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text()
    assert all(f"\n### {name}\n" in page for name in BUILT_IN)
    assert f"{', '.join(BUILT_IN)}, or one of PROVIDERS_FILE" in options


@PROVIDERS
def test_what_is_off_is_no_line_of_the_list_and_says_why(provider: Provider) -> None:
    listed = {(one.method, one.pattern) for one in provider.endpoints}
    for one in provider.off:
        assert (one.method, one.pattern) not in listed
        assert one.reason
        assert parse_off(one.pattern if one.method == "*" else f"{one.method} {one.pattern}")
