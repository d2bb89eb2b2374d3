"""What is known of upstream keys from their answers, shared by all workers and machines.

Beside the keys' own rows, which a change or a removal may have locked. A key that is restored or
imported begins without a state: its next answer says it anew.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from tortoise import Model, fields

from models import changes
from models.db.conditions import execute, select
from models.db.database import (
    connection,
    dialect,
    give_up_on_locks_after,
    run_in_transaction,
)
from models.db.sqlite_readers import for_requests
from models.events import News, moment, tell
from models.generation import NOTIFY_CHANNEL
from models.text import clean_text


class KeyRest(Model):
    """Until when a key is not asked for one model, or one endpoint where no model is named."""

    id = fields.BigIntField(primary_key=True)
    key_id = fields.UUIDField()
    model = fields.CharField(max_length=200)
    # '' where the model is named.
    endpoint = fields.CharField(max_length=200)
    until = fields.DatetimeField(db_index=True)
    reason = fields.CharField(max_length=200)

    class Meta:
        table = "key_rest"
        unique_together = (("key_id", "model", "endpoint"),)


class KeyState(Model):
    """A key's last error, and whether it is suspended: an answer and a test said that it is bad."""

    key_id = fields.UUIDField(primary_key=True, generated=False)
    suspended_at = fields.DatetimeField(null=True)
    # When one worker, which moves this on, tests it again; how often that failed.
    test_at = fields.DatetimeField(null=True)
    failed_tests = fields.IntField(default=0)
    last_error = fields.CharField(max_length=200, null=True)
    last_error_at = fields.DatetimeField(null=True)

    class Meta:
        table = "key_state"


#: So many are read at once, twice a second: more would hold up requests, which they only help.
MOST_SHARED: Final = 1_000
#: A write that waits for longer comes with the next one.
_LOCK_WAIT_S: Final = 1.0
#: Minutes between two tests of a suspended key, by how often it failed.
_TEST_MINUTES: Final = (1, 2, 4, 8, 10)


#: `resting` for one model or endpoint at least.
State: TypeAlias = Literal["active", "resting", "suspended"]


class Standing(NamedTuple):
    """What is known of one key."""

    state: State = "active"
    resting_until: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None


FIT: Final = Standing()


class Stands(Protocol):
    """An upstream key, which knows this module."""

    id: UUID
    standing: Standing


async def show(keys: Collection[Stands]) -> None:
    """Make keys that were read say how they stand. Raises DatabaseUnavailable."""
    ids = [key.id for key in keys]
    if not ids:
        return
    ends: dict[UUID, datetime] = {}
    for row in await KeyRest.filter(key_id__in=ids, until__gt=changes.now()):
        ends[row.key_id] = max(row.until, ends.get(row.key_id, row.until))
    states = {row.key_id: row for row in await KeyState.filter(key_id__in=ids)}
    for key in keys:
        known, until = states.get(key.id), ends.get(key.id)
        suspended = known is not None and known.suspended_at is not None
        state: State = "suspended" if suspended else "resting" if until else "active"
        error = (known.last_error, known.last_error_at) if known else (None, None)
        key.standing = Standing(state, until, *error)


class Shared(NamedTuple):
    """What all workers and machines know of keys: rests, and when suspended ones are tested."""

    rests: list[tuple[UUID, str, str, datetime]]
    suspended: list[tuple[UUID, datetime]]


NOTHING: Final = Shared([], [])


def next_test(failed: int) -> timedelta:
    """How long a suspended key that failed so many tests waits for the next one."""
    return timedelta(minutes=_TEST_MINUTES[min(failed, len(_TEST_MINUTES)) - 1])


#: Whether a key rests at a moment or is suspended. By the last end, which the index has: were one
#: sought that is later, PostgreSQL would expect every third to be, and read all that are over.
ANY_HOLDS: Final = (
    "(SELECT max(until) FROM key_rest) > {}"
    " OR EXISTS (SELECT 1 FROM key_state WHERE suspended_at IS NOT NULL)"
)


@for_requests
async def shared(present: datetime) -> Shared:
    """What holds at `present`. Raises DatabaseUnavailable."""
    # The models take ten times as long to say that nothing does.
    if not await select(f"SELECT 1 AS found WHERE {ANY_HOLDS}", [present]):
        return NOTHING
    rests = KeyRest.filter(until__gt=present).order_by("-until").limit(MOST_SHARED)
    suspended = KeyState.filter(suspended_at__isnull=False).limit(MOST_SHARED)
    return Shared(
        [(row.key_id, row.model, row.endpoint, row.until) for row in await rests],
        [(row.key_id, row.test_at or present) for row in await suspended],
    )


async def rest(key_id: UUID, model: str, endpoint: str, until: datetime, reason: str) -> None:
    """Tell all workers and machines that a key rests. Raises DatabaseUnavailable.

    That it begins to rest is an event; that it goes on is none.
    """
    pair = [str(key_id), clean_text(model, limit=200), clean_text(endpoint, limit=200)]
    why = clean_text(reason, limit=200)

    async def write() -> None:
        began = await select(_BEGIN_REST, [*pair, until, why]) or await select(
            _REST_ANEW, [until, why, *pair, changes.now()]
        )
        if not began:
            await execute(_REST_ON, [until, why, *pair])
        await _say(key_id, reason)
        if began:
            data = {"model": pair[1] or None, "endpoint": pair[2] or None, "until": moment(until)}
            await _tell("key.resting", key_id, reason, **data)

    await _written(write)


_OF_PAIR: Final = "key_id = {} AND model = {} AND endpoint = {}"
_BEGIN_REST: Final = (
    "INSERT INTO key_rest (key_id, model, endpoint, until, reason) VALUES ({}, {}, {}, {}, {})"
    " ON CONFLICT (key_id, model, endpoint) DO NOTHING RETURNING id"
)
_REST_ON: Final = f"UPDATE key_rest SET until = {{}}, reason = {{}} WHERE {_OF_PAIR}"  # noqa: S608
_REST_ANEW: Final = f"{_REST_ON} AND until <= {{}} RETURNING id"


async def suspend(key_id: UUID, reason: str) -> None:
    """Its answer and a test of ours say that the key is bad. Raises DatabaseUnavailable."""
    present = changes.now()

    async def write() -> None:
        await _say(key_id, reason)
        suspended = await execute(
            "UPDATE key_state SET suspended_at = {}, failed_tests = 1, test_at = {}"
            " WHERE key_id = {} AND suspended_at IS NULL",
            [present, present + next_test(1), str(key_id)],
        )
        if suspended:
            await _tell("key.suspended", key_id, reason)

    await _written(write)


_NAMES: Final = (
    "SELECT k.project_id AS project_id, k.label AS key_label, p.name AS project_name"
    " FROM upstream_key k JOIN project p ON p.id = k.project_id WHERE k.id = {}"
)


async def _tell(
    kind: Literal["key.resting", "key.suspended"], key_id: UUID, reason: str, **data: str | None
) -> None:
    for row in await select(_NAMES, [str(key_id)]):
        project_id = str(row.pop("project_id"))
        said = {"reason": clean_text(reason, limit=200), **data, **row}
        await tell(News(kind=kind, data=said, project_id=project_id, key_id=key_id))


async def claim_test(key_id: UUID, present: datetime) -> bool:
    """Whether the caller is to test a suspended key now: one of all workers and machines is.

    Raises DatabaseUnavailable.
    """
    claimed = False

    async def write() -> None:
        nonlocal claimed
        state = await KeyState.get_or_none(key_id=key_id)
        if state is None or state.suspended_at is None or (state.test_at or present) > present:
            return
        claimed = bool(
            await KeyState.filter(key_id=key_id, failed_tests=state.failed_tests).update(
                failed_tests=state.failed_tests + 1,
                test_at=present + next_test(state.failed_tests + 1),
            )
        )

    await _written(write)
    return claimed


async def release(key_id: UUID) -> None:
    """A test has shown that the key works. Raises DatabaseUnavailable."""

    async def write() -> None:
        await KeyState.filter(key_id=key_id).update(suspended_at=None, test_at=None, failed_tests=0)

    await _written(write)


async def test_soon(key_id: UUID) -> None:
    """Have a suspended key tested at once, within the caller's transaction: it was changed."""
    await KeyState.filter(key_id=key_id, suspended_at__isnull=False).update(test_at=changes.now())
    await _notify()


async def forget(present: datetime) -> None:
    """Remove rests that are over."""
    await KeyRest.filter(until__lt=present).delete()


async def _say(key_id: UUID, reason: str) -> None:
    await execute(
        "INSERT INTO key_state (key_id, last_error, last_error_at) VALUES ({}, {}, {})"
        " ON CONFLICT (key_id) DO UPDATE"
        " SET last_error = excluded.last_error, last_error_at = excluded.last_error_at",
        [str(key_id), clean_text(reason, limit=200), changes.now()],
    )


async def _written(write: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await give_up_on_locks_after(_LOCK_WAIT_S)
        await write()
        await _notify()

    await run_in_transaction(whole)


async def _notify() -> None:
    """Wake those who listen on other machines; the generation of grants stays as it is."""
    if dialect() == "postgres":
        await connection().execute_query("SELECT pg_notify($1, $2)", [NOTIFY_CHANNEL, "keys"])
