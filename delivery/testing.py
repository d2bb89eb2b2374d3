"""Sending a test to a destination: one item, by the sender that deliveries use."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from time import perf_counter
from typing import Final

from delivery.items import Item
from delivery.posting import Poster
from delivery.senders import Senders, Unusable
from delivery.sending import Outcome
from models import Destination, changes
from models.crypto import KeyRing
from models.destinations import DestinationPolicy
from models.ids import new_id
from proxy.upstream.dialing import tls_context
from web.destination_test import Tried

TEST: Final = "llm_proxy.test"
_SPAN: Final = "llm-proxy test"
_SECONDS: Final = 10.0
_SAID: Final = "This is a test. Nothing has happened."


class Tester:
    """Tests destinations from one process, with connections that end with each test."""

    def __init__(self, data_dir: Path, ring: KeyRing, policy: DestinationPolicy) -> None:
        self._data_dir = data_dir
        self._ring = ring
        self._policy = policy
        self._tls: ssl.SSLContext | None = None

    async def test(self, destination: Destination) -> Tried:
        """What comes of one item. Raises nothing for a receiver that fails."""
        if self._tls is None:
            # Reading the authorities takes 20 ms, in which the loop would serve nobody.
            self._tls = await asyncio.to_thread(tls_context)
        poster = Poster(self._policy, longest=_SECONDS, tls=self._tls)
        senders = Senders(self._ring, self._policy, self._data_dir, poster)
        began = perf_counter()
        try:
            sender = senders.of(destination)
            outcome = await sender.send([_item(destination)])
        except Unusable as exc:
            outcome = Outcome("again", str(exc))
        finally:
            await senders.close()
        ms = round((perf_counter() - began) * 1000)
        if outcome.verdict == "taken" and not outcome.rejected:
            return Tried(True, f"It works: {_took(destination)}, {ms} ms.", outcome.status, ms)
        return Tried(False, outcome.why, outcome.status, ms)


def _item(destination: Destination) -> Item:
    item_id = str(new_id())
    kind = TEST if destination.kind in ("webhook", "jsonl") else _SPAN
    data = {"id": item_id, "destination": destination.name, "message": _SAID}
    return Item(item_id, kind, changes.now(), data)


def _took(destination: Destination) -> str:
    if destination.kind == "jsonl":
        return f"a line was written to {destination.file_name}"
    return "the receiver took the test"
