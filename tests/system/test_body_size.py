"""REQUEST_MAX_BYTES and UPLOAD_MAX_BYTES, whether a body's length is announced or turns out."""

from collections.abc import AsyncIterator
from typing import Final

import httpx
import pytest

from fake_upstream import FakeUpstream
from tests.fixtures.service import Issued, RunService, Service
from tests.system.streams import CHAT

LIMIT: Final = 100_000
JSON: Final = {"content-type": "application/json"}


@pytest.fixture
async def small(run_service: RunService) -> Service:
    """A service that takes small bodies."""
    return run_service(REQUEST_MAX_BYTES=str(LIMIT), UPLOAD_MAX_BYTES=str(LIMIT))


def of_size(size: int) -> bytes:
    """A chat request of so many bytes."""
    around = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "%b"}]}'
    return around % (b"x" * (size - len(around % b"")))


async def unannounced(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 30_000):
        yield body[start : start + 30_000]


async def test_bodies_within_the_limit_pass_and_larger_ones_are_refused(
    small: Service, up: FakeUpstream
) -> None:
    issued = await small.make_token(up.url, max_requests=2)
    async with httpx.AsyncClient(base_url=small.url, headers=issued.bearer, timeout=30) as http:
        refused = [
            await http.post(CHAT, content=of_size(LIMIT + 1), headers=JSON),
            # Read whole, since it may ask for a stream whose usage is counted.
            await http.post(CHAT, content=unannounced(of_size(LIMIT + 1)), headers=JSON),
        ]
        assert not up.requests
        passed = [
            await http.post(CHAT, content=of_size(LIMIT), headers=JSON),
            await http.post(CHAT, content=unannounced(of_size(LIMIT)), headers=JSON),
        ]

    assert [answer.status_code for answer in refused] == [413, 413]
    assert {answer.json()["error"]["code"] for answer in refused} == {"request_too_large"}
    # What was refused took nothing of the quota.
    assert [answer.status_code for answer in passed] == [200, 200]
    assert [request.body for request in up.requests] == [of_size(LIMIT)] * 2


async def test_upload_that_turns_out_too_large_is_cut_off(small: Service, up: FakeUpstream) -> None:
    """It has begun to reach the upstream, which must not take a part for the whole."""
    issued: Issued = await small.make_token(up.url)
    async with httpx.AsyncClient(base_url=small.url, headers=issued.bearer, timeout=30) as http:
        answer = await http.post(
            "/v1/audio/transcriptions",
            content=unannounced(b"x" * 3 * LIMIT),
            headers={"content-type": "multipart/form-data; boundary=b"},
        )

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")
    assert not any(request.complete for request in up.requests)
    (entry,) = await small.entries(issued.token.id, 1)
    assert (entry.status, entry.usage) == (413, "unknown")
    # What was passed on.
    assert 0 < entry.bytes_in <= LIMIT
