"""Which paths are the data plane's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.providers.endpoints import Endpoint
from proxy.providers.roots import DataPaths, roots
from tests.proxy.rows import OPENAI

OTHER = replace(
    OPENAI, endpoints=(Endpoint("POST", "/api/chat"), Endpoint("GET", "/models/{model}"))
)


def test_roots_are_those_of_all_providers_and_v1_is_the_first() -> None:
    assert roots({"a": OTHER, "b": OPENAI}) == ("v1", "api", "models")
    assert roots({}) == ("v1",)


@pytest.mark.parametrize(
    ("target", "has"),
    [
        (b"/v1/x", True),
        (b"/v1", True),
        (b"/v1?a", True),
        (b"/api/chat?x=1", True),
        (b"/models", True),
        (b"/apis/x", False),
        (b"/v11/x", False),
        (b"/API/x", False),
        (b"/", False),
        (b"*", False),
        (b"/admin/v1/x", False),
    ],
)
def test_a_target_belongs_to_a_root_as_a_whole_segment(target: bytes, has: bool) -> None:
    assert DataPaths.of(roots({"a": OTHER})).has(target) is has
