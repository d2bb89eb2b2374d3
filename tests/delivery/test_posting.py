"""One POST to a receiver: where it goes, how long it takes, what is read of the answer."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from delivery.posting import NoAnswer, Poster
from models.destinations import DestinationPolicy
from tests.delivery.receiver import Receiver, answer, receiving


async def test_a_body_goes_to_the_path_as_it_is_with_the_fields(
    receiver: Receiver, poster: Poster
) -> None:
    said = await poster.post(f"{receiver.url}/hooks/in/", [("x-team", "search")], b'{"a": 1}')
    assert (said.status, said.body) == (204, b"")
    (one,) = receiver.received
    assert (one.path, one.body) == ("/hooks/in/", b'{"a": 1}')
    assert one.headers["x-team"] == "search"
    assert one.headers["content-type"] == "application/json"
    assert one.headers["host"] == f"127.0.0.1:{receiver.port}"


async def test_one_connection_does_for_many(receiver: Receiver, poster: Poster) -> None:
    for _ in range(3):
        await poster.post(receiver.url, [], b"{}")
    assert (receiver.dials, receiver.received[0].path) == (1, "/")


async def test_a_connection_that_was_closed_while_idle_is_opened_again(
    receiver: Receiver, poster: Poster
) -> None:
    receiver.answers = lambda _: answer(204) if len(receiver.received) != 1 else None
    await poster.post(receiver.url, [], b"1")
    # Read, and then closed without an answer: the same is sent on a fresh one.
    said = await poster.post(receiver.url, [], b"2")
    assert said.status == 204
    assert [one.body for one in receiver.received] == [b"1", b"2", b"2"]


async def test_a_redirect_is_not_followed(receiver: Receiver, poster: Poster) -> None:
    receiver.answers = lambda _: answer(307, b"", f"location: {receiver.url}/elsewhere")
    assert (await poster.post(f"{receiver.url}/here", [], b"{}")).status == 307
    assert [one.path for one in receiver.received] == ["/here"]


async def test_addresses_that_are_no_servers_are_not_dialled(poster: Poster) -> None:
    with pytest.raises(NoAnswer, match="not allowed"):
        await poster.post("http://169.254.169.254/latest/meta-data", [], b"{}")


async def test_an_origin_that_is_not_listed_is_not_dialled(receiver: Receiver) -> None:
    listed = Poster(DestinationPolicy(origins=frozenset({"https://hooks.example.com"})))
    with pytest.raises(NoAnswer, match="DESTINATION_ORIGINS"):
        await listed.post(receiver.url, [], b"{}")
    assert receiver.dials == 0


async def test_where_nobody_listens_the_host_is_named_and_not_the_path(poster: Poster) -> None:
    async with receiving() as gone:
        url = f"{gone.url}/services/T0/secret-part"
    with pytest.raises(NoAnswer) as raised:
        await poster.post(url, [("authorization", "Bearer hidden")], b"{}")
    said = str(raised.value)
    assert "127.0.0.1" in said
    assert "secret-part" not in said
    assert "hidden" not in said


@pytest.mark.parametrize(
    "begun", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1"]
)
async def test_one_that_hangs_anywhere_is_given_up(begun: bytes) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begun)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    hasty = Poster(DestinationPolicy(), longest=0.2)
    with pytest.raises(NoAnswer, match=r"did not answer within|in time"):
        await hasty.post(f"http://127.0.0.1:{port}", [], b"{}")
    await hasty.close()
    server.close()


async def test_one_that_trickles_is_given_up() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")
        for _ in range(100):
            writer.write(b".")
            await asyncio.sleep(0.02)
        writer.close()

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    hasty = Poster(DestinationPolicy(), longest=0.2)
    with pytest.raises(NoAnswer, match="did not answer within"):
        await hasty.post(f"http://127.0.0.1:{port}", [], b"{}")
    await hasty.close()
    server.close()


async def test_of_an_endless_answer_the_beginning_is_read() -> None:
    over = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
                await writer.drain()
        except ConnectionError:
            over.set()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    poster = Poster(DestinationPolicy(), longest=5.0)
    said = await poster.post(f"http://127.0.0.1:{port}", [], b"{}")
    assert (said.status, len(said.body)) == (200, 16 * 1024)
    # Hung up on, rather than read to its end.
    async with asyncio.timeout(5):
        await over.wait()
    await poster.close()
    server.close()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("soon", None),
        ("-1", None),
        ("9" * 30, None),
        (f"Mon, 01 Jan {'9' * 30} 00:00:00 GMT", None),
        (f"Mon, 01 Jan 2030 00:00:00 +{'9' * 30}", None),
    ],
)
async def test_when_to_come_back_is_read(
    receiver: Receiver, poster: Poster, value: str, seconds: float | None
) -> None:
    receiver.answers = lambda _: answer(503, b"", f"retry-after: {value}")
    assert (await poster.post(receiver.url, [], b"{}")).retry_after == seconds


async def test_a_date_to_come_back_at_is_read(receiver: Receiver, poster: Poster) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    receiver.answers = lambda _: answer(429, b"", f"retry-after: {at}")
    said = (await poster.post(receiver.url, [], b"{}")).retry_after
    assert said is not None
    assert 90 < said <= 100
