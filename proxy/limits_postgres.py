"""The limits engine of several machines: functions in PostgreSQL, one round trip per decision.

It has a few connections of its own, so that no slow query of the admin stands before a decision.
What a request lets go of is sent in the background: slots until they are free, quota once, since
after a connection that broke nobody knows whether it was returned. In doubt it counts as used.

A server that hangs rather than refuses is noticed by the first decision that takes too long. From
then on nobody waits for it but a probe, until that is answered.

How the functions decide is told by the migration that installs them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from loguru import logger

from config import Database
from proxy.limits import Claim, Exhausted, LimitsUnavailable, Remaining, Reservation
from proxy.limits_connections import UNAVAILABLE, Connections, NotSent, reason
from proxy.limits_presence import Presence
from proxy.patience import Patience

_CONNECTIONS: Final = 4
_TIMEOUT_S: Final = 2.0
# Longer than `limit_acquire` waits for a lock, so that its outcome becomes known.
_COMMAND_TIMEOUT_S: Final = 5.0
_HEARTBEAT_S: Final = 5.0
_RETRY_S: Final = 0.5
_CLOSE_TIMEOUT_S: Final = 1.0
#: Requests that wait for one of the connections; each is a few kilobytes.
_WAITING_MAX: Final = 4096

_ACQUIRE: Final = "SELECT * FROM limit_acquire($1, $2, $3, $4, $5, $6, $7, $8)"
_RELEASE: Final = "SELECT limit_release($1)"
_GIVE_BACK: Final = "SELECT limit_give_back($1, $2, $3)"
_HEARTBEAT: Final = "SELECT limit_heartbeat($1)"
_WORKER_GONE: Final = "SELECT limit_worker_gone($1)"

_UNAVAILABLE: Final = (NotSent, *UNAVAILABLE)


class PostgresLimits:
    """The counters in `database`. Workers of this machine share the directory `workers`."""

    def __init__(self, database: Database, worker: str, *, workers: Path) -> None:
        # A worker's successor has the same name while its own requests may still be running.
        self._worker = f"{worker}-{uuid4().hex}"
        self._presence = Presence(workers, self._worker)
        self._connections = Connections(
            database,
            size=_CONNECTIONS,
            connect_timeout=_TIMEOUT_S,
            command_timeout=_COMMAND_TIMEOUT_S,
        )
        self._calls: set[asyncio.Task[Reservation]] = set()
        self._waiting = 0
        # The server took too long, and no probe has been answered since.
        self._silent = asyncio.Event()
        # Both are bounded: while the server is away, nothing new is admitted.
        self._ended: list[UUID] = []
        self._owed: Counter[tuple[str, int]] = Counter()
        self._to_settle = asyncio.Event()
        self._settling = asyncio.Lock()
        self._background: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Begin to beat. The server may be away: it is reached when it is needed.

        Raises LimitsUnavailable when the directory cannot be used.
        """
        try:
            with self._presence.entering():
                pass
        except OSError as exc:
            raise LimitsUnavailable(str(exc)) from exc
        self._background = [
            asyncio.create_task(self._beat_forever(), name="limits-heartbeat"),
            asyncio.create_task(self._settle_forever(), name="limits-settle"),
            asyncio.create_task(self._probe_while_silent(), name="limits-probe"),
        ]

    async def close(self) -> None:
        """Send what is left to send, for a while, and leave."""
        if not self._background:
            return
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                if self._calls:
                    await asyncio.wait(self._calls)
                await self._settle()
                await self._connections.fetch(_WORKER_GONE, self._worker)
        except _UNAVAILABLE as exc:
            logger.warning("Limits were not given back: {}", reason(exc))
            self._connections.abandon()
        tasks = (*self._background, *self._calls)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._background = []
        await self._connections.close()
        self._presence.leave()

    @property
    def healthy(self) -> bool:
        """Whether the server has answered since it was last found silent."""
        return not self._silent.is_set()

    async def acquire(self, claims: tuple[Claim, ...]) -> Reservation:
        """Take one request from every claim, or nothing."""
        patience = Patience(_TIMEOUT_S)
        await self._turn(patience)
        call = asyncio.create_task(self._decide(claims))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        try:
            # Cut off on its way, a statement may or may not be carried out: it is let finish.
            in_time = await patience.done(call)
        except asyncio.CancelledError:
            call.add_done_callback(self._undo)
            raise
        if not in_time:
            call.add_done_callback(self._undo)
            self._silent.set()
            raise LimitsUnavailable("the database does not answer in time")
        return call.result()

    async def _turn(self, patience: Patience) -> None:
        """Wait for a connection: whoever is given up on here leaves nothing behind."""
        if self._silent.is_set():
            raise LimitsUnavailable("the database does not answer")
        if self._waiting == _WAITING_MAX:
            raise LimitsUnavailable("too many requests wait for the database")
        if not self._connections.busy:
            await self._connections.turn()
            return
        self._waiting += 1
        turn = asyncio.create_task(self._connections.turn())
        try:
            if not await patience.done(turn):
                self._silent.set()
                raise LimitsUnavailable("the database does not answer in time")
        except BaseException:
            if not turn.cancel():
                # It came as we were given up on ourselves.
                self._connections.pass_turn()
            raise
        finally:
            self._waiting -= 1

    def release(self, reservation: Reservation) -> None:
        """Free the slots with the next message to the server."""
        if reservation.lease is not None:
            self._end(UUID(reservation.lease))

    def give_back(self, reservation: Reservation) -> None:
        """Free the slots and return the quota with the next message to the server."""
        for claim in reservation.claims:
            if claim.quota is not None:
                self._owed[claim.key, claim.quota_epoch] += 1
        self.release(reservation)
        self._to_settle.set()

    async def _decide(self, claims: tuple[Claim, ...]) -> Reservation:
        lease = uuid4() if any(claim.max_parallel is not None for claim in claims) else None
        keys, quotas, bases, rates, parallels, epochs = zip(*claims, strict=True)
        try:
            rows = await self._connections.fetch_in_turn(
                _ACQUIRE, keys, quotas, bases, epochs, rates, parallels, lease, self._worker
            )
        except _UNAVAILABLE as exc:
            if lease is not None:
                self._disown(lease)
            raise LimitsUnavailable(reason(exc)) from exc
        if not rows[0]["admitted"]:
            raise _exhausted(rows[0])
        return Reservation(claims, None if lease is None else str(lease), _remaining(rows))

    def _undo(self, call: asyncio.Task[Reservation]) -> None:
        if not call.cancelled() and call.exception() is None:
            self.give_back(call.result())

    def _disown(self, lease: UUID) -> None:
        """Nobody has this lease, but the server may have written it, or still be about to."""
        self._end(lease)
        asyncio.get_running_loop().call_later(_COMMAND_TIMEOUT_S, self._end, lease)

    def _end(self, lease: UUID) -> None:
        self._ended.append(lease)
        self._to_settle.set()

    async def _settle_forever(self) -> None:
        while True:
            await self._to_settle.wait()
            self._to_settle.clear()
            try:
                await self._settle()
            except _UNAVAILABLE as exc:
                logger.debug("Limits are given back later: {}", reason(exc))
                self._to_settle.set()
                await asyncio.sleep(_RETRY_S)

    async def _settle(self) -> None:
        """Send what ended since the last time, in one message of each kind."""
        async with self._settling:
            await self._send_ended()
            await self._send_owed()

    async def _send_ended(self) -> None:
        if self._ended:
            ended, self._ended = self._ended, []
            try:
                await self._connections.fetch(_RELEASE, ended)
            except _UNAVAILABLE:
                self._ended += ended
                raise

    async def _send_owed(self) -> None:
        if self._owed:
            # To be sent again only if it was not sent: twice would be one request too many.
            owed, self._owed = self._owed, Counter()
            keys, epochs = zip(*owed, strict=True)
            try:
                await self._connections.fetch(_GIVE_BACK, keys, epochs, list(owed.values()))
            except NotSent:
                self._owed += owed
                raise

    async def _probe_while_silent(self) -> None:
        while True:
            await self._silent.wait()
            try:
                await self._connections.probe()
            except _UNAVAILABLE as exc:
                logger.debug("The limits' database is still silent: {}", reason(exc))
                await asyncio.sleep(_RETRY_S)
            else:
                # It may have been one row that is locked for long, or more requests than it takes.
                self._silent.clear()

    async def _beat_forever(self) -> None:
        while True:
            try:
                await self._connections.fetch(_HEARTBEAT, self._worker)
                for worker in self._presence.dead():
                    await self._connections.fetch(_WORKER_GONE, worker)
                    self._presence.bury(worker)
            except _UNAVAILABLE as exc:
                logger.debug("No heartbeat for the limits: {}", reason(exc))
            await asyncio.sleep(_HEARTBEAT_S)


def _exhausted(row: Any) -> Exhausted:
    remaining = Remaining(row["claim_limit"], 0, row["reset_after"])
    return Exhausted(row["claim_kind"], row["claim_key"], row["retry_after"], remaining)


def _remaining(rows: Sequence[Any]) -> Remaining | None:
    """The tightest rate, or else the quota."""
    rates = [row for row in rows if row["claim_kind"] == "rate"]
    quotas = [row for row in rows if row["claim_kind"] == "quota"]
    if not (candidates := rates or quotas):
        return None
    row = min(candidates, key=lambda row: int(row["claim_remaining"]))
    return Remaining(row["claim_limit"], row["claim_remaining"], row["reset_after"])
