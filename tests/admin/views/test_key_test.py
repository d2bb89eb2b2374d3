"""Testing a key from its page sends it only where it may go, and shows it nowhere."""

from types import SimpleNamespace
from typing import Any

import pytest

from admin.views import key_test
from fake_upstream import FakeUpstream
from models import Project, UpstreamKey
from models.bindings import Upstreams, binding
from models.ids import new_id
from proxy.providers.catalog import BUILT_IN
from tests.admin.conftest import KEY, RING


async def _test_key(base_url: str, upstreams: Upstreams) -> key_test.Result:
    service: Any = SimpleNamespace(
        providers=BUILT_IN, upstreams=upstreams, ring=RING, is_refused=lambda _address: False
    )
    key = UpstreamKey(id=new_id(), bound_to=binding("openai", base_url))
    key.ciphertext = RING.encrypt(KEY, key.id)
    project = Project(provider="openai", base_url=base_url)
    return await key_test.ask_for_models(service, project, key)


@pytest.mark.parametrize("listed", [True, False])
async def test_it_is_sent_only_to_origins_that_the_operator_lists(listed: bool) -> None:
    async with FakeUpstream(api_keys={KEY}) as upstream:
        origin = upstream.url if listed else "https://elsewhere.example:443"
        result = await _test_key(upstream.url, Upstreams(origins=frozenset({origin})))
        assert (result.works, upstream.count) == (listed, int(listed))


async def test_an_upstream_that_quotes_the_key_shows_it_to_nobody() -> None:
    async with FakeUpstream() as upstream:
        body = f'{{"error": {{"message": "Incorrect API key: {KEY}."}}}}'.encode()
        upstream.reply("/v1/models", body, status=401)
        result = await _test_key(upstream.url, Upstreams())
    assert result.message.endswith("Incorrect API key: (the key).")
