"""An Anthropic batch's results are fetched at the proxy, by whoever follows its `results_url`."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from config import Database
from proxy.batch_results import HELD_MAX_BYTES, ResultsUrl
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import HEAD_OK, Client, Peer, a_client
from tests.proxy.transform_rules import StreamCase, check_stream, relayed

PATH: Final = "/v1/messages/batches"
HEAD: Final = HEAD_OK + b"Content-Type: application/json\r\n"


def a_batch(number: int, origin: str = "https://api.anthropic.com") -> dict[str, Any]:
    """One that has ended, and one that runs for each that has."""
    return {
        "id": f"msgbatch_{number}",
        "note": 'a "results_url": "https://example.com/x" in words',
        "results_url": f"{origin}{PATH}/msgbatch_{number}/results" if number % 2 else None,
    }


#: As they come, and as they go on: white space of either kind.
PAGE: Final = json.dumps({"data": [a_batch(n) for n in range(4)], "has_more": False})
SHOWN: Final = json.dumps({"data": [a_batch(n, "") for n in range(4)], "has_more": False})
COMPACT: Final = json.dumps(a_batch(1), separators=(",", ":"))
COMPACT_SHOWN: Final = json.dumps(a_batch(1, ""), separators=(",", ":"))


@pytest.mark.parametrize("document", [(PAGE, SHOWN), (COMPACT, COMPACT_SHOWN)])
def test_it_keeps_the_rules_of_a_stream_transform(document: tuple[str, str]) -> None:
    stream, passes = (text.encode() for text in document)
    check_stream(StreamCase(ResultsUrl, stream, passes, HELD_MAX_BYTES))


@pytest.mark.parametrize(
    "document",
    [
        b'{"results_url": null}',
        b'{"results_url": "/v1/messages/batches/msgbatch_1/results"}',
        b'{"results_url": "https://api.anthropic.com"}',
        b'{"results_url": "https://api.anthropic.com//example.com/"}',
        b'{"other_url": "https://api.anthropic.com/v1"}',
        b'{"results_url": "https://api.anth',
    ],
)
def test_other_addresses_stay(document: bytes) -> None:
    assert b"".join(relayed(ResultsUrl(), [document])) == document


# Through the data plane


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield plane


async def asked(plane: Plane, path: str, body: bytes, head: bytes = HEAD) -> tuple[bytes, Client]:
    """What the upstream was asked, and what the client got."""
    _, secret = await plane.token(project={"provider": "anthropic"})
    requests: list[bytes] = []

    async def upstream(peer: Peer) -> None:
        requests.append(await peer.request())
        await peer.answer(body, head)

    plane.upstream.follow(upstream)
    client = await plane.serve(
        a_client("GET", secret=secret, path=path, fields=("Accept-Encoding: gzip",))
    )
    return b"".join(requests).lower(), client


@pytest.mark.parametrize("path", [PATH, f"{PATH}?limit=2", f"{PATH}/msgbatch_1?beta=true"])
async def test_results_are_fetched_from_the_proxy(plane: Plane, path: str) -> None:
    request, client = await asked(plane, path, PAGE.encode())
    assert (client.status, client.content, client.ended) == (200, SHOWN.encode(), "finish")
    assert b"accept-encoding: identity" in request
    [entry] = plane.entries()
    assert (entry.outcome, entry.bytes_out) == ("complete", len(SHOWN))


async def test_the_results_themselves_pass_as_they_came(plane: Plane) -> None:
    request, client = await asked(plane, f"{PATH}/msgbatch_1/results", PAGE.encode())
    assert client.content == PAGE.encode()
    assert b"accept-encoding: gzip" in request


async def test_what_comes_compressed_passes_as_it_came(plane: Plane) -> None:
    compressed = gzip.compress(PAGE.encode())
    _, client = await asked(plane, PATH, compressed, HEAD + b"Content-Encoding: gzip\r\n")
    assert (client.content, client.ended) == (compressed, "finish")
