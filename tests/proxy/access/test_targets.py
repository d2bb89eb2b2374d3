"""Where a key goes: as its project says, as its own provider says, or nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from models.bindings import Upstreams
from proxy.access.targets import target_of
from proxy.providers.catalog import BUILT_IN
from proxy.upstream_auth.presenting import UpstreamAuth
from tests.proxy.rows import UPSTREAMS, a_key, a_record

AZURE: Final = {"provider": "azure-openai", "base_url": "https://mine.openai.azure.com"}
AT_AZURE: Final = "https://mine.openai.azure.com:443"
GROQ: Final = {"provider": "groq", "bound_to": "provider:groq"}


def where(
    key: dict[str, Any], upstreams: Upstreams = UPSTREAMS, **project: Any
) -> tuple[str, bytes, str | None] | None:
    """Host, path of a request for models, and the provider that is another one."""
    target = target_of(a_key(**key), a_record(**project), BUILT_IN, upstreams, UpstreamAuth())
    if target is None:
        return None
    path = target.address.path_for(b"/v1/models")
    other = target.provider.name if target.provider is not None else None
    return target.address.origin.host, path, other


@pytest.mark.parametrize(
    ("key", "project", "found"),
    [
        ({}, {}, ("api.openai.com", b"/v1/models", None)),
        # Its own provider's address and prefix, whatever the project has for its provider.
        (GROQ, {}, ("api.groq.com", b"/openai/v1/models", "groq")),
        (
            GROQ,
            {"base_url": "https://eu.example", "v1_prefix": "/x"},
            ("api.groq.com", b"/openai/v1/models", "groq"),
        ),
        (GROQ | {"v1_prefix": "/y"}, {}, ("api.groq.com", b"/y/models", "groq")),
        (
            AZURE | {"bound_to": AT_AZURE},
            {},
            ("mine.openai.azure.com", b"/openai/v1/models", "azure-openai"),
        ),
        # The same provider is no other one.
        ({"provider": "openai"}, {}, ("api.openai.com", b"/v1/models", None)),
        # Entered for another place, in another form, without an address, not configured.
        (GROQ | {"bound_to": "provider:openai"}, {}, None),
        (AZURE | {"bound_to": "https://other.openai.azure.com:443"}, {}, None),
        (GROQ, {"provider": "anthropic"}, None),
        ({"provider": "azure-openai", "bound_to": "provider:azure-openai"}, {}, None),
        ({"provider": "nobody", "bound_to": "provider:nobody"}, {}, None),
        (GROQ, {"provider": "nobody"}, None),
    ],
)
def test_where_a_key_goes(
    key: dict[str, Any], project: dict[str, Any], found: tuple[str, bytes, str | None] | None
) -> None:
    assert where(key, **project) == found


def test_the_operator_s_list_holds_for_a_key_s_own_provider() -> None:
    listed = replace(UPSTREAMS, origins=frozenset(("https://api.openai.com:443",)))
    assert where({}, listed) is not None
    assert where(GROQ, listed) is None
