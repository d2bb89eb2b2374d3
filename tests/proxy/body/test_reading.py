"""A body read in turns: no turn is long, whatever the body is, and what it says stays the same."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import Any

import msgspec
import pytest
import zstandard

from proxy.body import reading as body_reading
from proxy.body.budget import BodyBudget, KeptBytes
from proxy.body.multipart import PARTS_MAX
from proxy.body.reading import BodyReading
from proxy.body.wanted import Wanted, unmeterable
from proxy.downstream import RequestHead
from proxy.errors import InvalidRequest, Overloaded
from proxy.header_lines import HeaderLines
from proxy.providers.endpoints import Route
from proxy.turns import PART_BYTES, TURN_WEIGHT, Turns, weight
from tests.proxy.decoding.test_json_scanner import HOSTILE
from tests.proxy.rows import OPENAI, a_grant

RULE = Wanted(rule=True, asks=True, certainty=False, model=True)
ASKS = Wanted(rule=False, asks=True, certainty=False, model=True)
JSON = (b"content-type", b"application/json")
FORM = (b"content-type", b"multipart/form-data; boundary=cut")
PIECE = 64 * 1024


def head(*fields: tuple[bytes, bytes], method: str = "POST", length: int = 1) -> RequestHead:
    return RequestHead(method, b"/v1/x", "1.1", HeaderLines.of(list(fields)), length, "192.0.2.1")


async def take_all(reading: BodyReading, text: bytes) -> None:
    for start in range(0, len(text), PIECE):
        await reading.take(text[start : start + PIECE])


class CountedTurns(Turns):
    """Looks at how far a reading has come whenever it takes a turn."""

    reading: BodyReading

    def __init__(self) -> None:
        super().__init__()
        self.weights: list[int] = []
        self._seen = 0

    async def next(self) -> None:
        self.look()
        await super().next()

    def look(self) -> None:
        fed = self.reading.fed
        done = self.reading.kept.range(self._seen, fed)
        self.weights.append(weight(done))
        self._seen = fed


@pytest.mark.parametrize("want", [RULE, ASKS], ids=["rule", "asks"])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
async def test_no_turn_does_more_than_a_bounded_part_of_a_json_body(
    text: bytes, want: Wanted
) -> None:
    turns = CountedTurns()
    reading = turns.reading = BodyReading(head(JSON), want, turns)
    await take_all(reading, text)
    await reading.said()
    turns.look()
    assert reading.fed == len(text)
    heaviest = PART_BYTES * 33
    assert max(turns.weights) <= max(TURN_WEIGHT, heaviest)
    assert turns.taken >= weight(text) // max(TURN_WEIGHT, heaviest) - 1


async def test_a_form_of_many_parts_is_refused_within_its_first_part() -> None:
    turns = CountedTurns()
    reading = turns.reading = BodyReading(head(FORM), RULE, turns)
    part = b'--cut\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n'
    with pytest.raises(InvalidRequest):
        await take_all(reading, part * 20_000)
    assert reading.fed <= len(part) * PARTS_MAX + PART_BYTES


async def test_two_readings_never_do_their_parts_in_the_same_turn() -> None:
    turns = Turns()
    order: list[int] = []

    async def work(number: int) -> None:
        for _ in range(5):
            await turns.next()
            order.append(loops)

    loops = 0
    tasks = [asyncio.create_task(work(number)) for number in range(3)]
    while not all(task.done() for task in tasks):
        loops += 1
        await asyncio.sleep(0)
    assert len(order) == len(set(order)) == 15


IMAGE = b'{"messages":[{"content":"' + b"A" * 300_000 + b'\\n"}],'


@pytest.mark.parametrize("want", [RULE, ASKS], ids=["rule", "asks"])
async def test_a_large_body_says_what_a_small_one_does(want: Wanted) -> None:
    reading = BodyReading(head(JSON), want, Turns())
    text = IMAGE + b'"model":"m","stream":true,"stream_options":{"a":1}}'
    await take_all(reading, text)
    said = await reading.said()
    assert (said.model, said.streams, said.asks_for_usage, said.readable) == (
        "m",
        True,
        False,
        True,
    )
    asked = await reading.asking_for_usage()
    assert asked is not None
    assert b"".join(asked) == text.replace(b'{"a":1}', b'{"include_usage":true,"a":1}')
    assert max(map(len, asked)) <= PIECE


@pytest.mark.parametrize(
    ("method", "path", "body", "reason"),
    [
        ("POST", b"/v1/batches", b"{}", "batch"),
        ("POST", b"/v1/chat/completions", b'{"stream":true}', None),
        ("POST", b"/v1/chat/completions", b'{"stream":0}', "plainly"),
        ("POST", b"/v1/chat/completions", b'{"stream":true,"stream_options":7}', "no usage"),
        ("POST", b"/v1/chat/completions", b"not JSON", "not JSON"),
        ("POST", b"/v1/completions", b'{"Stream":true}', "plainly"),
        ("POST", b"/v1/responses", b'{"stream":true}', None),
        ("POST", b"/v1/responses", b'{"background":true}', "background"),
        ("POST", b"/v1/responses", b"not JSON", "not JSON"),
        ("POST", b"/v1/embeddings", b"not JSON", None),
        ("GET", b"/v1/models", b"", None),
    ],
)
async def test_what_cannot_be_metered(
    method: str, path: bytes, body: bytes, reason: str | None
) -> None:
    route: Route = OPENAI.match(path)[method]
    asked_of = head(JSON, method=method, length=len(body))
    want = Wanted(rule=False, asks=True, certainty=True, model=True)
    reading = BodyReading(asked_of, want, Turns())
    await reading.take(body)
    said = await reading.said()
    content = await reading.asking_for_usage() if said.streams else None
    found = unmeterable(route, asked_of, said, asked=content is not None)
    assert (found is None) if reason is None else (found is not None and reason in found)


@pytest.mark.parametrize(
    "fields",
    [
        [(b"content-type", b"application/x-www-form-urlencoded")],
        [(b"content-type", b"multipart/mixed; boundary=cut")],
        [(b"content-type", b"application/json; charset=utf-7")],
        [(b"content-type", b"text/yaml")],
        [JSON, FORM],
        [JSON, (b"content-encoding", b"compress")],
        [JSON, (b"content-encoding", b"gzip"), (b"content-encoding", b"gzip")],
        [JSON, (b"content-encoding", b"gzip, br")],
        [FORM, (b"content-encoding", b"gzip")],
    ],
)
def test_a_model_is_only_read_in_json_and_in_forms(fields: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(InvalidRequest):
        BodyReading(head(*fields), RULE, Turns())


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [JSON],
        [FORM],
        [(b"Content-Type", b"application/vnd.api+json; charset=UTF-8")],
        [(b"Content-Type", b"text/plain;charset=utf-8")],
        [JSON, (b"Content-Encoding", b"identity")],
        [JSON, (b"Content-Encoding", b"ZSTD")],
    ],
)
def test_labels_under_which_a_model_is_read(fields: list[tuple[bytes, bytes]]) -> None:
    BodyReading(head(*fields), RULE, Turns())


@pytest.mark.parametrize(("tools", "taken"), [(12, 0), (320, 20)])
async def test_a_small_body_with_tools_queues_seldom_behind_large_ones(
    tools: int, taken: int
) -> None:
    """Each turn is waited for behind everybody whose large body is read."""
    turns = Turns()
    reading = BodyReading(head(JSON), RULE, turns)
    tool = b'{"type":"function","description":"asks the model"}'
    await reading.take(b'{"model":"m","tools":[' + b",".join([tool] * tools) + b"]}")
    route = OPENAI.match(b"/v1/chat/completions")["POST"]
    assert (await reading.judge(a_grant(), route, complete=True)).model == "m"
    assert turns.taken == taken


def gzipped(text: bytes) -> bytes:
    return gzip.compress(text, mtime=0)


async def test_a_compressed_body_is_decoded_in_bounded_turns() -> None:
    """A megabyte of zeros weighs a thousandth of it."""
    turns = CountedTurns()
    want = msgspec.structs.replace(RULE, coding=b"gzip")
    reading = turns.reading = BodyReading(head(JSON), want, turns)
    text = b'{"model":"m","x":"' + b"0" * 2_000_000 + b'"}'
    await take_all(reading, gzipped(text))
    said = await reading.said()
    assert (said.model, said.readable) == ("m", True)
    assert reading.fed == len(text)
    assert reading.size == reading.kept.size + len(text)
    # Some 64 KiB each.
    assert turns.taken > len(text) // (128 * 1024)


async def test_what_a_compressed_body_decodes_to_counts_while_it_is_decoded() -> None:
    """Many that are under way at once must not pass the budget together."""
    budget = BodyBudget(1_000_000)
    reading = BodyReading(head(JSON), msgspec.structs.replace(ASKS, coding=b"gzip"), Turns())
    reading.counted = KeptBytes(budget)
    with pytest.raises(Overloaded):
        await reading.take(gzipped(b"0" * 4_000_000))
    assert 800_000 < budget.kept <= 1_000_000
    assert reading.size < 1_200_000
    reading.counted.end()
    assert budget.kept == 0


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_pieces_that_decode_to_little_each_come_to_no_more_than_is_looked_into(
    monkeypatch: pytest.MonkeyPatch, coding: str
) -> None:
    """As many as one likes, each of which is decoded whole in its turn."""
    monkeypatch.setattr(body_reading, "BODY_MAX_BYTES", 500_000)
    packed: Any = zlib.compressobj(wbits=31)
    sync = zlib.Z_SYNC_FLUSH
    if coding == "zstd":
        packed = zstandard.ZstdCompressor().compressobj()
        sync = zstandard.COMPRESSOBJ_FLUSH_BLOCK
    want = msgspec.structs.replace(ASKS, coding=coding.encode())
    reading = BodyReading(head(JSON), want, Turns())
    seen = []
    for text in (b'{"model":"m","x":"', *[b"A" * 30_000] * 30):
        await reading.take(packed.compress(text) + packed.flush(sync))
        seen.append(reading.size - reading.kept.size)
    assert 400_000 < max(seen) <= 500_000
    assert seen[-1] == 0
    assert not (await reading.said()).readable


@pytest.mark.parametrize(
    "content",
    [gzipped(b"0" * 20_000_000), b"not gzip", gzipped(b"{}")[:-12], b""],
    ids=["bomb", "other", "cut", "empty"],
)
async def test_a_body_that_cannot_be_decoded_says_nothing(content: bytes) -> None:
    reading = BodyReading(head(JSON), msgspec.structs.replace(ASKS, coding=b"gzip"), Turns())
    await take_all(reading, content)
    said = await reading.said()
    assert (said.readable, said.streams) == (False, False)
    assert b"".join(reading.kept.pieces) == content
