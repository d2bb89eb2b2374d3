"""Webhooks, signed as https://www.standardwebhooks.com says."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from time import time
from typing import Final

from delivery.items import Item
from delivery.posting import NoAnswer, Poster
from delivery.sending import Outcome, judge

_PREFIX: Final = "whsec_"


class Webhook:
    """Posts one item at a time. Raises ValueError for a secret that is none."""

    batch: Final = 1

    def __init__(
        self, poster: Poster, url: str, secret: str | None, headers: Mapping[str, str]
    ) -> None:
        if secret is None or not secret.startswith(_PREFIX):
            raise ValueError("It has no secret to sign with.")
        try:
            self._key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error as exc:
            raise ValueError("Its secret is no base64.") from exc
        self._poster = poster
        self._url = url
        self._fields = list(headers.items())
        self._hidden = [secret, *headers.values()]

    async def send(self, items: Sequence[Item]) -> Outcome:
        """As `Sender` says."""
        (item,) = items
        body = item.encoded()
        try:
            answer = await self._poster.post(
                self._url, [*self._fields, *signed(self._key, item.id, int(time()), body)], body
            )
        except NoAnswer as exc:
            return Outcome("again", str(exc))
        return judge(answer, self._hidden)


def signed(key: bytes, message_id: str, timestamp: int, body: bytes) -> list[tuple[str, str]]:
    """The three fields by which a receiver knows who sent it, when, and whether it has it."""
    content = b"%b.%d.%b" % (message_id.encode("ascii"), timestamp, body)
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode("ascii")
    return [
        ("webhook-id", message_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", f"v1,{signature}"),
    ]
