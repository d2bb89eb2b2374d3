"""A destination that is down and then up, and delivering workers that are killed meanwhile."""

import asyncio
import json
import os
import signal
from typing import Final
from uuid import UUID

from standardwebhooks import Webhook as Verifier

from fake_upstream import FakeUpstream
from models import Destination, DestinationState, OutboxItem
from models.crypto import KeyRing
from models.destination_rules import generated_secret
from tests.chaos.client import Client
from tests.chaos.conftest import on_one_and_on_two
from tests.chaos.test_crashes import until_consumed
from tests.delivery.receiver import Receiver, receiving
from tests.fixtures.service import BY, Issued, Service

_PATIENCE_S: Final = 60.0
#: After so long every worker knows of a destination, or knows that it does not know.
_KNOWN_AFTER_S: Final = 6.0
_AT_ONCE: Final = 25


@on_one_and_on_two
async def test_everything_arrives_although_those_who_deliver_are_killed(
    machines: list[Service], up: FakeUpstream
) -> None:
    secret = generated_secret()
    async with receiving() as down:
        url, port = down.url, down.port
    issued = await machines[0].make_token(up.url)
    async with machines[0].models():
        destination, _ = await Destination.make(
            kind="webhook",
            ring=KeyRing(machines[0].settings.encryption_keys),
            by=BY,
            name=f"chaos-{port}",
            url=url,
            secret=secret,
            events=[],
            requests=True,
            filter={"token_id": str(issued.token.id)},
        )
    try:
        await asyncio.sleep(_KNOWN_AFTER_S)
        asked = await ask(machines, issued)
        await kill_who_failed(machines, destination)
        asked += await ask(machines, issued)
        async with receiving(port) as receiver:
            await kill_who_delivers(machines, destination, receiver)
            asked += await ask(machines, issued)
            await until_nothing_waits(machines, destination)
    finally:
        async with machines[0].models():
            await destination.remove(by=BY)
    arrived = [one.headers["webhook-id"] for one in receiver.received]
    for one in receiver.received:
        told = Verifier(secret).verify(one.body, one.headers)
        assert told["data"]["id"] == one.headers["webhook-id"]
    assert {*arrived} == {str(one) for one in asked}
    # What was sent by the one that was killed, and not noted yet: its id says that it is there.
    assert len(arrived) - len(asked) <= 10
    assert json.loads(receiver.received[0].body)["type"] == "request"


async def ask(machines: list[Service], issued: Issued) -> list[UUID]:
    """The ids of requests that were answered by either machine, once they are in the books."""
    ids: list[UUID] = []
    for service in machines:
        async with Client(service, issued.secret) as client:
            while len(ids) < _AT_ONCE * (machines.index(service) + 1) // len(machines):
                answer = await client.get()
                if answer.status == 200:
                    ids.append(answer.id)
        await until_consumed(service)
    return ids


async def kill_who_failed(machines: list[Service], destination: Destination) -> None:
    """Kill the worker that found nobody there, once it has."""
    async with machines[0].models(), asyncio.timeout(_PATIENCE_S):
        while not await DestinationState.exists(destination_id=destination.id, failures__gt=0):
            await asyncio.sleep(0.02)
        kill_owner(await DestinationState.get(destination_id=destination.id))


def kill_owner(state: DestinationState) -> None:
    assert state.owner is not None
    os.kill(int(state.owner.split()[1]), signal.SIGKILL)


async def kill_who_delivers(
    machines: list[Service], destination: Destination, receiver: Receiver
) -> None:
    """Kill the worker that waits for an answer, in the middle of what it delivers."""
    await receiver.has(5, within=_PATIENCE_S)
    receiver.held = asyncio.Event()
    async with machines[0].models():
        kill_owner(await DestinationState.get(destination_id=destination.id))
    receiver.held.set()
    receiver.held = None


async def until_nothing_waits(machines: list[Service], destination: Destination) -> None:
    """Wait until all is delivered."""
    async with machines[0].models(), asyncio.timeout(_PATIENCE_S):
        while await OutboxItem.filter(destination_id=destination.id).exists():
            await asyncio.sleep(0.05)
