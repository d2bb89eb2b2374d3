"""Which sender a destination has, by its kind."""

from __future__ import annotations

from pathlib import Path

from delivery.jsonl import Jsonl
from delivery.langfuse import langfuse
from delivery.otlp import Otlp
from delivery.posting import Poster
from delivery.sending import Sender
from delivery.webhook import Webhook
from models.crypto import KeyRing
from models.destinations import Destination, DestinationPolicy
from models.errors import CorruptCiphertext, UnknownEncryptionKey


class Unusable(Exception):
    """Nothing can be sent there as it is set up; the message says why, without a secret."""


class Senders:
    """Makes them, for one worker. `data_dir` is where the files are."""

    def __init__(
        self, ring: KeyRing, policy: DestinationPolicy, data_dir: Path, poster: Poster | None = None
    ) -> None:
        self._ring = ring
        self._policy = policy
        self._data_dir = data_dir
        self._poster = poster or Poster(policy)

    def of(self, destination: Destination) -> Sender:
        """The one for this destination, as it is now. Raises Unusable."""
        try:
            if destination.kind == "jsonl":
                return Jsonl(self._data_dir, destination.file_name, self._policy.max_bytes)
            return self._posting(destination)
        except (UnknownEncryptionKey, CorruptCiphertext) as exc:
            raise Unusable("Its secrets cannot be decrypted with ENCRYPTION_KEY.") from exc
        except ValueError as exc:
            raise Unusable(str(exc)) from exc

    def _posting(self, destination: Destination) -> Sender:
        secret, headers = destination.opened(self._ring)
        url = destination.address
        if url is None:
            raise ValueError("It has no address.")
        if destination.kind == "webhook":
            return Webhook(self._poster, url, secret, headers)
        if destination.kind == "langfuse":
            return langfuse(self._poster, url, secret, headers)
        if destination.kind != "otlp":
            raise ValueError(f"This release knows no destinations of kind {destination.kind}.")
        fields = [*headers.items()]
        if secret is not None and "authorization" not in headers:
            fields.append(("authorization", f"Bearer {secret}"))
        hidden = [*headers.values(), *([secret] if secret else [])]
        return Otlp(self._poster, url, fields, hidden)

    async def close(self) -> None:
        """Drop every connection."""
        await self._poster.close()
