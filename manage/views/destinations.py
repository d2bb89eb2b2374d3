"""`/manage/destinations`"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from manage import pagination
from manage.errors import BeyondPolicy, Detail, InvalidRequest, NotFound
from manage.operations import Call, Resource
from manage.schemas.destinations import (
    DestinationChange,
    DestinationCreation,
    DestinationQuery,
    DestinationTestView,
    DestinationView,
    DestinationWithSecret,
)
from manage.schemas.schema import Nothing, Page
from models import Destination
from models.errors import (
    CorruptCiphertext,
    DestinationRefused,
    OriginNotAllowed,
    UnknownEncryptionKey,
)
from models.queries import lists
from models.reports.destinations import health

resource = Resource("destinations")


async def _find(ids: Mapping[str, UUID]) -> Destination:
    row = await Destination.get_or_none(id=ids["destination_id"])
    if row is None:
        raise NotFound("There is no destination with this id.")
    return row


@contextmanager
def _rules_of_fields() -> Iterator[None]:
    """What a kind and the environment allow bounds fields, as the schemas' own bounds do."""
    try:
        yield
    except DestinationRefused as exc:
        details = [Detail(field, message) for field, message in exc.problems]
        raise InvalidRequest("Some of what was sent is not valid.", details=details) from exc
    except OriginNotAllowed as exc:
        detail = Detail("url", str(exc))
        raise BeyondPolicy("The address is not allowed here.", details=[detail]) from exc
    except (UnknownEncryptionKey, CorruptCiphertext) as exc:
        message = "What is kept cannot be decrypted with ENCRYPTION_KEY: give both anew."
        details = [Detail(field, message) for field in ("secret", "headers")]
        raise InvalidRequest("Secret and headers are needed.", details=details) from exc


@resource.post(
    "/destinations", takes=DestinationCreation, returns=DestinationWithSecret, status=201
)
async def create_destination(call: Call[DestinationCreation]) -> DestinationWithSecret:
    """Create a destination. A webhook's secret, where none was given, is in this answer only."""
    with _rules_of_fields():
        row, secret = await Destination.make(
            kind=call.given.kind,
            ring=call.service.ring,
            policy=call.service.destinations,
            by=call.actor,
            **call.given.fields(),
        )
    (how,) = await health([row])
    return DestinationWithSecret.made(row, how, secret)


@resource.get("/destinations", takes=DestinationQuery, returns=Page[DestinationView])
async def list_destinations(call: Call[DestinationQuery]) -> Page[DestinationView]:
    """List destinations, newest first."""
    rows = lists.destinations(kind=call.given.kind, is_active=call.given.is_active)
    found, cursor = await pagination.page("destinations", rows, call.given)
    return Page(data=[*map(DestinationView.of, found, await health(found))], next_cursor=cursor)


@resource.get("/destinations/{destination_id}", takes=Nothing, returns=DestinationView)
async def show_destination(call: Call[Nothing]) -> DestinationView:
    """Show a destination, and how deliveries to it go."""
    row = await _find(call.ids)
    (how,) = await health([row])
    return DestinationView.of(row, how)


@resource.patch(
    "/destinations/{destination_id}", takes=DestinationChange, returns=DestinationWithSecret
)
async def change_destination(call: Call[DestinationChange]) -> DestinationWithSecret:
    """Change a destination, or switch it off: what waits then waits on. What failed is tried again
    at once."""
    row = await _find(call.ids)
    with _rules_of_fields():
        secret = await row.change(
            ring=call.service.ring,
            policy=call.service.destinations,
            by=call.actor,
            **call.given.fields(),
        )
    (how,) = await health([row])
    return DestinationWithSecret.made(row, how, secret)


@resource.post(
    "/destinations/{destination_id}/test", takes=Nothing, returns=DestinationTestView, status=200
)
async def test_destination(call: Call[Nothing]) -> DestinationTestView:
    """Send one item that says that it is a test, now and once, also where it is switched off."""
    row = await _find(call.ids)
    tried = await call.service.destination_tester.test(row)
    await row.note_test(works=tried.ok, said=tried.message, by=call.actor)
    return DestinationTestView(
        works=tried.ok, message=tried.message, status=tried.status, ms=tried.ms
    )


@resource.delete("/destinations/{destination_id}", takes=Nothing)
async def delete_destination(call: Call[Nothing]) -> None:
    """Delete a destination, and what waits for it."""
    row = await _find(call.ids)
    await row.remove(by=call.actor)
