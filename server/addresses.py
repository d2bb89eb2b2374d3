"""Who a client is, and where PostgreSQL is listened to, as the settings say."""

from __future__ import annotations

from config import Database, Settings
from config.client_address import client_address
from proxy.downstream import RequestHead


def client_address_of(settings: Settings, head: RequestHead) -> str:
    """Whose request it is; looked up only by those who need it."""
    if not settings.trusted_proxies:
        return head.client_ip
    forwarded = [value.decode("latin-1") for value in head.lines.values(b"x-forwarded-for")]
    return client_address(head.client_ip, forwarded, settings.trusted_proxies)


def listens_at(settings: Settings) -> Database | None:
    """Where PostgreSQL is listened to: past a pooler, which carries no notifications."""
    if settings.database.dialect == "sqlite":
        return None
    return settings.database_listen or (None if settings.database.pgbouncer else settings.database)
