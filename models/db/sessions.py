"""A session with PostgreSQL: how long it keeps others waiting, and how soon its end is noticed.

A machine that vanishes says nothing: by Linux's defaults the server keeps its session, with every
lock that it holds, for two hours. So each session of ours asks the server for an end: of a
transaction that stands idle, of a wait for a lock, and of a connection that acknowledges nothing;
and our own end of each connection notices a server that has vanished as soon.
"""

import socket
from contextlib import suppress
from typing import Any, Final

import asyncpg

#: A transaction of ours does nothing but database work: idle, its machine is gone, or stands still.
_IDLE_IN_TRANSACTION_S = 5.0
#: Longer than a machine that has gone can keep a lock, so that a change outlasts it.
_LOCK_WAIT_S = 8.0
#: A silent connection is probed after so many seconds, so often, and given up after so many probes.
_KEEPALIVE_IDLE_S: Final = 3
_KEEPALIVE_EVERY_S: Final = 1
_KEEPALIVE_COUNT: Final = 4
#: How long sent bytes may stay unacknowledged.
_ACKNOWLEDGED_WITHIN_MS: Final = 7_000
#: How often the server looks, during a statement, whether we are still there.
_CLIENT_LOOK_MS: Final = 2_000


def bounds() -> str:
    """The bounds of a transaction, to be prefixed to each of them behind a transaction pooler."""
    return _bounds("SET LOCAL")


def _bounds(how: str) -> str:
    return (
        f"{how} idle_in_transaction_session_timeout = {round(_IDLE_IN_TRANSACTION_S * 1000)};"
        f" {how} lock_timeout = {round(_LOCK_WAIT_S * 1000)}"
    )


async def guard(connection: Any) -> None:
    """Bound everything in the session of a new connection, and watch over its socket.

    Not for a pooler's sessions, which are others' the next moment: those are only watched.
    """
    watch(connection)
    for settings in (
        _bounds("SET"),
        f"SET tcp_keepalives_idle = {_KEEPALIVE_IDLE_S};"
        f" SET tcp_keepalives_interval = {_KEEPALIVE_EVERY_S};"
        f" SET tcp_keepalives_count = {_KEEPALIVE_COUNT}",
        f"SET tcp_user_timeout = {_ACKNOWLEDGED_WITHIN_MS}",
        f"SET client_connection_check_interval = {_CLIENT_LOOK_MS}",
    ):
        # Set rather than named at the start, where a server or a pooler that does not know one
        # of them would refuse the connection.
        with suppress(asyncpg.PostgresError):
            await connection.execute(settings)


def watch(connection: Any) -> None:
    """Have the kernel notice a server that has vanished."""
    # asyncpg does not show its socket. What the transport shows takes options, uvloop's too: a copy
    # would need a descriptor, of which there may be none left.
    found = connection._transport.get_extra_info("socket")
    if found is None or found.family == socket.AF_UNIX:
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _KEEPALIVE_IDLE_S),
        ("TCP_KEEPINTVL", _KEEPALIVE_EVERY_S),
        ("TCP_KEEPCNT", _KEEPALIVE_COUNT),
        ("TCP_USER_TIMEOUT", _ACKNOWLEDGED_WITHIN_MS),
    ):
        if hasattr(socket, name):
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def watched(connection: Any) -> None:
    """`watch`, as a pool calls it."""
    watch(connection)


async def no_reset(_: Any) -> None:
    """Nothing of ours changes a pooled session, so nothing has to be set back after each use."""


def was_read_only(connection: Any) -> bool:
    """Whether the server says that this session takes no writes, as those do that began so."""
    settings = connection.get_settings()
    return "on" in (
        getattr(settings, "default_transaction_read_only", "off"),
        getattr(settings, "in_hot_standby", "off"),
    )
