"""Tokens in the database, as far as it answers: without it each worker fetches its own."""

from __future__ import annotations

from uuid import UUID

from tortoise.exceptions import BaseORMException

from models import UpstreamKey, upstream_tokens
from models.crypto import KeyRing
from models.errors import DatabaseUnavailable
from proxy.upstream_auth.exchanges import Token


class DatabaseTokens:
    """A `TokenStore`."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def load(self, key_id: UUID, source: str) -> tuple[Token, float] | None:
        """The key's token, and when it was fetched; None as well while the database is away."""
        try:
            found = await upstream_tokens.load(key_id, source, self._ring)
        except (DatabaseUnavailable, BaseORMException):
            return None
        if found is None:
            return None
        text, fetched_at, expires_at = found
        return Token(text, expires_at), fetched_at

    async def save(self, key_id: UUID, source: str, token: Token, fetched_at: float) -> None:
        """Keep it for the others; nothing happens while the database is away."""
        try:
            await upstream_tokens.save(
                key_id,
                source,
                token.text,
                self._ring,
                fetched_at=fetched_at,
                expires_at=token.expires_at,
            )
        except (DatabaseUnavailable, BaseORMException):
            return

    async def is_gone(self, key_id: UUID) -> bool:
        """Whether the key was removed or taken out of use; False while the database is away."""
        try:
            return not await UpstreamKey.filter(id=key_id, is_active=True).exists()
        except (DatabaseUnavailable, BaseORMException):
            return False
